"""Filters that people keep: saved views and segments; and what each person chose for a list."""

from crm.segments.models.segments import Segment, SegmentChange, SegmentMember, SegmentMemberChange
from crm.segments.models.sizes import SegmentMoves, SegmentPart, SegmentSize
from crm.segments.models.views import Choice, ListChoice, SavedView, SavedViewQuerySet

__all__ = [
    "Choice", "ListChoice", "SavedView", "SavedViewQuerySet", "Segment", "SegmentChange", "SegmentMember",
    "SegmentMemberChange", "SegmentMoves", "SegmentPart", "SegmentSize",
]  # fmt: skip
