"""Putting many rows of a list into a static segment, and taking them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.db.models.functions import Lower

from crm.history.bulk.acting import Refused
from crm.history.undoing import undoers
from crm.segments import members
from crm.segments.defining import SegmentError
from crm.segments.models import Segment
from crm.slots import BulkAction, bulk_actions
from crm.team.models import User


class SegmentForm(forms.Form):
    """Which static segment. Whoever may do bulk acts may fill shared ones."""

    subject: ClassVar[str]

    segment = forms.ModelChoiceField(Segment.objects.none(), required=False, empty_label="Choose one…")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        static = Segment.objects.visible_to(viewer).in_use().filter(kind=Segment.Kind.STATIC, subject=self.subject)
        fillable = static.filter(Q(owner=viewer) | Q(shared=True)).order_by(Lower("name"), "pk")
        self.fields["segment"].queryset = fillable  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("segment") and not self.errors:
            self.add_error("segment", "Choose a segment.")
        return data


class JoiningForm(SegmentForm):
    name = forms.CharField(
        label="Or a new one", max_length=80, required=False, strip=True,
        help_text="Its name. Only you see it, until you share it.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = forms.Form.clean(self) or {}
        if bool(data.get("segment")) == bool(data.get("name")) and not self.errors:
            self.add_error("segment", "Choose a segment, or name a new one.")
        return data


def _form(base: type[SegmentForm], subject: str) -> type[forms.Form]:
    return type(base.__name__, (base,), {"subject": subject})


def _join(subject: str) -> Any:
    def join(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
        """A new segment is made with the first slice; the others find it by its name."""
        try:
            segment = data["segment"] or members.called(data["name"], subject, by, now)
            return members.add(segment, ids, by, now)
        except SegmentError as error:
            raise Refused(str(error)) from None

    return join


def leave(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    try:
        return members.remove(data["segment"], ids, by, now)
    except SegmentError as error:
        raise Refused(str(error)) from None


def register_bulk() -> None:
    """Both verbs, for customers and for people."""
    for subject in ("account", "contact"):
        bulk_actions.register(
            f"{subject}.join_segment",
            BulkAction(
                "Add to segment", "list-plus", subject, _join(subject),
                lambda data, rows: f"added {rows} to “{data['segment'] or data['name']}”", _form(JoiningForm, subject),
                hint="Static segments only: a dynamic one finds its members by itself.", order=25,
            ),
        )  # fmt: skip
        bulk_actions.register(
            f"{subject}.leave_segment",
            BulkAction(
                "Remove from segment", "list-minus", subject, leave,
                lambda data, rows: f"took {rows} out of “{data['segment']}”", _form(SegmentForm, subject), order=26,
            ),
        )  # fmt: skip
    undoers.register("bulk.join_segment", members.joining_undone)
    undoers.register("redo.bulk.join_segment", members.brought_back)
    undoers.register("bulk.leave_segment", members.brought_back)
    undoers.register("segment.filled", members.joining_undone)
