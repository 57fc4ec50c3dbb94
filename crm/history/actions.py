"""The verbs of history: acting so that it can be taken back, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.history import attribution, rules
from crm.history.models import Act, Run
from crm.history.slices import Progress, begin, take
from crm.history.tracking import tracked
from crm.history.undoing import UndoError, Undone, irrevocable, undoers
from crm.team.models import User

__all__ = [
    "NOT_THEIRS", "UndoError", "Undone", "act", "begin_undo", "can_undo", "continuing", "is_theirs", "present_act",
    "through", "undo",
]  # fmt: skip

#: What changes inside the block, outside of acts, is put down to a door and a person.
through = attribution.through
#: The act inside which we are; None outside of one.
present_act = attribution.present_act


@contextmanager
def act(
    kind: str, label: str, by: User | None, now: datetime, detail: Mapping[str, Any] | None = None, *, door: str = ""
) -> Iterator[Act]:
    """Open the transaction or join it: every remembered change inside belongs to one act.

    Inside another act it is that one, since what a person asked for is undone as a whole. `kind` is noun.verb; `label`
    goes on behind a name: “merged Kelp Ltd into Kelp & Co”. Both, and `detail`, may be set inside the block.
    """
    if outer := attribution.present_act():
        yield outer
        return
    with transaction.atomic():
        made = Act.objects.create(
            kind=kind, label=label[: _LONGEST], by=by, at=now, detail=dict(detail or {}),
            door=door or attribution.present_door(),
        )  # fmt: skip
        with attribution.inside(made):
            yield made
        made.label = made.label[:_LONGEST]
        made.save(update_fields=["kind", "label", "detail"])


_LONGEST = Act._meta.get_field("label").max_length or 0


@contextmanager
def continuing(act: Act) -> Iterator[Act]:
    """A transaction in which changes belong to an act that was begun earlier, in another one."""
    with transaction.atomic(), attribution.inside(act):
        yield act


def can_undo(act: Act, viewer: User, now: datetime) -> bool:
    """Whether this viewer is offered it: the one who did it, or an admin, while there is time."""
    return not _refusal(act, viewer, now)


#: Why nobody else can.
NOT_THEIRS = "Only the person who did this, or an admin, can undo it."


def is_theirs(act: Act, by: User) -> bool:
    """Whether they may undo it at all: who did it, or an admin."""
    return by.is_active and (by.is_admin or act.by_id == by.pk)


def _refusal(act: Act, by: User | None, now: datetime) -> str:
    """Why not; blank: it can be undone. A verb of ours, which comes without a person, is not asked who it is."""
    if because := irrevocable.get(act.kind):
        return because
    if by and not is_theirs(act, by):
        return NOT_THEIRS
    if act.undone_at:
        return f"{act.undone_by or 'Somebody'} has undone this already."
    if not rules.may_still_be_undone(act.at, now):
        return f"It is more than {rules.UNDO_DAYS} days ago: what has been built on it since would fall with it."
    if act.turns % 2 and (began := act.root) and began.kind in undoers and f"redo.{began.kind}" not in undoers:
        return "This was undone. To have it again, do it again."
    return ""


def undo(act: Act, by: User | None, now: datetime) -> Undone:
    """Take the act back, all of it in one transaction, and say what had to stay. Raises UndoError.

    Each field goes back unless somebody changed it since; deleted rows come back with their ids. Undoing is an act
    itself, so it can be undone. For an act on many rows, `begin_undo` lets a worker do it.
    """
    with transaction.atomic():
        undoing = _begun(act, by, now)
        with attribution.inside(undoing):
            begin(undoing)
            progress = Progress()
            while take(undoing, progress, now):
                pass
        return progress.undone()


def begin_undo(act: Act, by: User | None, now: datetime) -> Act:
    """As `undo`, or by a worker if the act changed more than AT_ONCE rows. Returns the act that undoes.

    Its `detail` tells what was reverted and kept, once it is done; with a worker at it, it has a `run`.
    """
    with transaction.atomic():
        undoing = _begun(act, by, now)
        rows = _size(act)
        if rows > rules.AT_ONCE:
            Run.objects.create(act=undoing, total=rows, due_at=now)
            return undoing
        with attribution.inside(undoing):
            begin(undoing)
            progress = Progress()
            while take(undoing, progress, now):
                pass
    return undoing


def _begun(act: Act, by: User | None, now: datetime) -> Act:
    """The act that undoes `act`, which nobody else can undo any more. Raises UndoError."""
    row = Act.objects.select_for_update(of=("self",)).get(pk=act.pk)
    if refusal := _refusal(row, by, now):
        raise UndoError(refusal)
    run = Run.objects.filter(act=row).defer("ids").first()
    if run and not run.is_over:
        raise UndoError("It is still at work. Stop it, or wait until it is done.")
    row.undone_at, row.undone_by = now, by
    row.save(update_fields=["undone_at", "undone_by"])
    act.undone_at, act.undone_by = now, by
    verb = "did again" if row.turns % 2 else "undid"
    began = row.root or row
    return Act.objects.create(
        kind=Act.UNDO, label=f"{verb}: {began.label or 'a change'}"[:_LONGEST], by=by, at=now, undoes=row, root=began,
        turns=row.turns + 1, door=attribution.present_door(), detail={"of": began.kind},
    )  # fmt: skip


def _size(act: Act) -> int:
    """Rows that the act changed, as far as one event each; exact enough to know who should do it."""
    first, *others = (of.change._default_manager.filter(act=act).values("pk") for of in tracked())
    return int(first.union(*others, all=True).count())
