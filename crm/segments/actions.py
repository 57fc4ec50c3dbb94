"""The verbs of saved views, and of what each person chooses for a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from crm.segments.defining import alone
from crm.segments.filters import parse
from crm.segments.models import ListChoice, SavedView
from crm.team.models import User


class NameTaken(ValueError):
    """The owner has a view of this name for the list already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a view called “{name}” already. Give another name.")


def keep(by: User, subject: str, name: str, shared: bool, told: dict[str, Any], now: datetime) -> SavedView:
    """A new view behind the others. `told`: see crm.segments.listing.state.kept. Raises NameTaken and SegmentError."""
    others = SavedView.objects.filter(owner=by, subject=subject)
    last = others.aggregate(last=Max("position"))["last"] or 0
    view = SavedView(owner=by, subject=subject, name=name, shared=shared, position=last + 1, **told)
    view.created_at = view.updated_at = now
    with alone(view.tree, shared):
        _save(view)
    return view


def change(view: SavedView, told: dict[str, Any], now: datetime) -> None:
    """Let it show what `told` says from now on. Raises SegmentError."""
    for column, value in told.items():
        setattr(view, column, value)
    view.updated_at = now
    with alone(view.tree, view.shared):
        view.save(update_fields=[*told, "updated_at"])


def rename(view: SavedView, name: str, shared: bool, now: datetime) -> None:
    """Raises NameTaken and SegmentError."""
    view.name, view.shared, view.updated_at = name, shared, now
    with alone(view.tree, shared):
        _save(view, ["name", "shared", "updated_at"])


def delete(view: SavedView, now: datetime) -> None:
    """It goes from all lists, and can come back."""
    view.deleted_at = now
    view.save(update_fields=["deleted_at"])


def restore(view: SavedView) -> None:
    """Under another name if its own was given away meanwhile.

    Raises SegmentError and FilterError: nothing kept a segment that it names while it was deleted.
    """
    with alone(view.tree, view.shared):
        parse(view.tree, view.subject, view.owner)
        view.deleted_at = None
        try:
            _save(view, ["deleted_at"])
        except NameTaken:
            view.name = f"{view.name[:60]} (restored {view.pk})"
            _save(view, ["deleted_at", "name"])


@transaction.atomic
def move(view: SavedView, steps: int) -> None:
    """Among the views of its owner, so many places to the right; to the left with less than none."""
    mine = SavedView.objects.filter(owner=view.owner, subject=view.subject, deleted_at=None).in_order()
    row = list(mine.select_for_update())
    at = next((index for index, other in enumerate(row) if other.pk == view.pk), None)
    if at is None:
        return
    row.insert(min(max(at + steps, 0), len(row) - 1), row.pop(at))
    for position, other in enumerate(row, 1):
        other.position = position
    SavedView.objects.bulk_update(row, ["position"])


def open_first(user: User, subject: str, view: SavedView | None) -> None:
    """The view that the list shows this person first; None: the whole list."""
    ListChoice.objects.update_or_create(user=user, subject=subject, defaults={"view": view})


def choose_columns(user: User, subject: str, names: Sequence[str]) -> None:
    """What this person's list shows where no view says otherwise; none: the list's own columns."""
    ListChoice.objects.update_or_create(user=user, subject=subject, defaults={"columns": list(names)})


def _save(view: SavedView, columns: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            view.save(update_fields=columns)
    except IntegrityError as error:
        if "view_name_once" not in str(error):
            raise
        raise NameTaken(view.name) from None
