"""What verbs of deals wait for, in the one order: accounts, pipelines, stages, deals, each by their ids.

A deal's rank is written only by whoever holds its stage, so nobody else puts a card at the same place meanwhile. What
is locked is read afterwards, in a statement of its own: one that has waited sees the row as it is now, and what is
joined to it as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps

from django.db import transaction
from django.db.models import Q

from crm.accounts.models import Account
from crm.history.models import Act
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal, DealSpell, Pipeline, Stage

#: A verb begins again when what it has read without lock was true no more once it had the locks.
ATTEMPTS = 5


class _Again(Exception):
    pass


def again() -> None:
    """What was read before the locks is not so any more."""
    raise _Again


def persistent[**P, R](verb: Callable[P, R]) -> Callable[P, R]:
    """The verb in a transaction, or a savepoint, of its own, begun once more after `again()`."""

    @wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    return verb(*args, **kwargs)
            except _Again:
                continue
        raise DealError("Others are at work on the same deal just now. Nothing was changed: try again in a moment.")

    return wrapped


def account(pk: int) -> Account:
    """Ours until the end of the transaction; begins again if it was merged meanwhile."""
    row = Account.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        again()
    assert row
    return row


def pipeline(pk: int) -> Pipeline:
    """One in use, so that it is shaped by one person at a time. Raises DealError."""
    row = Pipeline.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None or row.archived_at:
        raise DealError("This pipeline is no longer in use.")
    return row


def stages(ids: Collection[int]) -> dict[int, Stage]:
    """Those of them that there are, with their pipelines."""
    locked = list(Stage.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return Stage.objects.select_related("pipeline").in_bulk([pk for (pk,) in locked])


def stage(pk: int) -> Stage:
    """One in use. Raises DealError."""
    row = stages([pk]).get(pk)
    if row is None:
        raise DealError("There is no such stage. Reload the board to see those there are.")
    if row.archived_at or row.pipeline.archived_at:
        which = f"The stage “{row}” of {row.pipeline}"
        raise DealError(f"{which} is no longer in use. Reload the page and choose another one.")
    return row


def deals(condition: Q) -> list[int]:
    """The ids of deals, locked in their order."""
    rows = Deal.objects.filter(condition).order_by("pk").select_for_update(no_key=True)
    return list(rows.values_list("pk", flat=True))


def deal(pk: int) -> Deal:
    """Raises DealError if it is gone."""
    if not deals(Q(pk=pk)):
        raise DealError("This deal is not there any more.")
    rows = Deal.objects.select_related("stage__pipeline", "account", "owner", "contract", "lost_because")
    return rows.get(pk=pk)


def stages_of_act(done: Act) -> None:
    """Before deals of an act are locked for its undo or redo: all stages that they may leave, or go to."""
    theirs = DealSpell.objects.filter(act=done).values("deal")
    gone = [deal for deal, _ in done.detail.get("again", {}).get("deals", ())]
    spells = DealSpell.objects.filter(Q(deal__in=theirs) | Q(deal__in=gone)).values_list("stage", flat=True)
    named = {done.detail.get("stage"), done.detail.get("to"), done.detail.get("again", {}).get("to")} - {None}
    theirs_too = Stage.objects.filter(pipeline=done.detail.get("pipeline")).values_list("pk", flat=True)
    stages({*spells, *named, *theirs_too})
