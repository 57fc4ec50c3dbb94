"""What segments give to others: their count, a line of the rail, search, bulk verbs, and who uses them."""

from __future__ import annotations

from crm import slots
from crm.segments import counting, members, searching, uses
from crm.segments.bulk import register_bulk
from crm.segments.defining import register_undoers
from crm.segments.models import SegmentMember
from crm.slots import OwnedRows, SegmentIdea

slots.menu.register("segments", slots.MenuEntry("Segments", "layers", "segments:list", 45))
slots.work.register("segments", slots.Work(run=counting.run, next_due=counting.next_due, order=85))
slots.search_sources.register("segments", slots.SearchSource("Segments", searching.called, order=45))
slots.segment_uses.register("filters", uses.by_filters)
slots.owned_rows.register(
    "account_segments",
    OwnedRows("crm.SegmentMember", "account", ("place in a segment", "places in segments"),
              members.moving("account"), "keep"),
)  # fmt: skip
slots.owned_rows.register(
    "contact_segments",
    OwnedRows("crm.SegmentMember", "contact", ("place in a segment", "places in segments"),
              members.moving("contact"), "delete",
              slots.exported(SegmentMember, "contact", "segment__name", "added_at"),
              told=slots.Told("Groups in which we count you", lambda row: str(row["segment__name"]),
                              lambda row: row["added_at"], order=90)),
)  # fmt: skip
slots.holdings.register(
    "segments",
    slots.Holding(
        "crm.Segment", ("shared segment", "shared segments"), only="t.shared AND t.archived_at IS NULL",
        stamp="updated_at",
        clash="o.subject = t.subject AND lower(o.name) = lower(t.name) AND o.archived_at IS NULL", order=35,
    ),
)  # fmt: skip
slots.segment_ideas.register(
    "quiet-before-renewal",
    SegmentIdea(
        "Renewing in 90 days and silent for 14",
        "Customers whose contract ends soon and who have not been seen for two weeks: call them first.",
        {"all": [
            {"field": "lifecycle", "op": "is", "value": "customer"},
            {"field": "renews_on", "op": "in_next_days", "value": 90},
            {"field": "days_silent", "op": ">=", "value": 14},
        ]},
        order=10,
    ),
)  # fmt: skip
register_bulk()
register_undoers()
