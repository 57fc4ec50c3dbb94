"""What people decide about a case, and how failed payments are followed up at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import UndoError, Undone
from crm.team.models import User
from retention.dunning import asking
from retention.dunning.actions.following import try_again
from retention.dunning.models import DunningCase, DunningEvent, DunningSettings
from retention.dunning.planning import Desk, Kind, amount

#: The kinds of acts.
FORGIVEN, STOPPED, RESUMED, NOTED, SET = (
    "dunning.forgiven", "dunning.stopped", "dunning.resumed", "dunning.noted", "dunning.set"
)  # fmt: skip


class DunningError(ValueError):
    """Nothing was changed; the message is for the person who asked."""


@transaction.atomic
def try_now(case: DunningCase, by: User, now: datetime) -> DunningCase:
    """Raises DunningError: it is over, is being tried, or nobody can be asked."""
    row = _locked(case)
    if row.asked_at:
        raise DunningError("It is being tried just now. Its answer comes with the next report of billing.")
    desk = Desk.of([row], now)
    if refused := try_again(row, desk, by):
        raise DunningError(refused)
    row.save()
    desk.write()
    return row


def forgive(case: DunningCase, reason: str, by: User, now: datetime) -> Act:
    """Nothing is tried or asked any more; the payment itself stays as billing has it. Raises DunningError."""
    with act(FORGIVEN, f"forgave a failed payment: {reason}", by, now, {"case": case.pk}) as done:
        row = _locked(case)
        row.state, row.why = DunningCase.State.FORGIVEN, DunningCase.Why.DECIDED
        row.closed_at, row.closed_by = now, by
        row.save(update_fields=["state", "why", "closed_at", "closed_by"])
        asking.withdraw(row, now)
        desk = Desk.of([row], now)
        desk.tell(row, Kind.CLOSED, f"Forgiven: {reason}", by)
        desk.fact(row, "dunning.forgiven", f"{amount(row)} was forgiven: {reason}", by)
        done.detail["told"] = desk.write()
    return done


def stop(case: DunningCase, by: User, now: datetime) -> Act:
    """Nothing is tried any more; grace and mails go on. Raises DunningError."""
    with act(STOPPED, "stopped trying a failed payment", by, now, {"case": case.pk}) as done:
        row = _locked(case)
        if row.stopped_at:
            raise DunningError("Nothing is tried any more already.")
        _save_stop(row, now, "No more tries, as decided", by, now)
        asking.withdraw(row, now)
    return done


def resume(case: DunningCase, by: User, now: datetime) -> Act:
    """Try again, as planned from now on. Raises DunningError."""
    with act(RESUMED, "had a failed payment tried again", by, now, {"case": case.pk}) as done:
        row = _locked(case)
        if row.stopped_at is None:
            raise DunningError("It is being tried already.")
        row.stopped_at = None
        desk = Desk.of([row], now)
        desk.tell(row, Kind.NOTED, "Tries go on, as decided", by)
        if row.asked_at is None:
            desk.plan(row)
        row.save()
        desk.write()
    return done


def _save_stop(row: DunningCase, stopped_at: datetime | None, words: str, by: User | None, now: datetime) -> None:
    row.stopped_at = stopped_at
    row.save(update_fields=["stopped_at"])
    DunningEvent.objects.create(case=row, kind=Kind.STOPPED, at=now, words=words, by=by)


def note(case: DunningCase, words: str, by: User, now: datetime) -> Act:
    """Of an open or a closed case; blank takes the note away."""
    with act(NOTED, "noted something about a failed payment", by, now, {"case": case.pk}) as done:
        row = DunningCase.objects.select_for_update().get(pk=case.pk)
        row.note = words
        row.save(update_fields=["note"])
        DunningEvent.objects.create(
            case=row, kind=Kind.NOTED, at=now, words=f"Noted: {words}" if words else "Note taken away", by=by
        )
    return done


def _locked(case: DunningCase) -> DunningCase:
    """The case as it stands, and nobody else's until the end. Raises DunningError unless it is open."""
    rows = DunningCase.objects.select_related("payment").prefetch_related("account__owner", "payment__contract")
    row = rows.select_for_update(of=("self", "payment")).get(pk=case.pk)
    if not row.is_open:
        raise DunningError(f"It is over: {row.get_state_display().lower()}, {row.get_why_display()}.")
    return row


def take_back(done: Act, by: User | None, now: datetime) -> Undone:
    """An act about a case was undone: its history says so, and what time has brought meanwhile is seen to next."""
    row = DunningCase.objects.select_related("payment").filter(pk=done.detail.get("case")).first()
    if row is None:
        raise UndoError("The payment is gone, and its case with it.")
    DunningEvent.objects.create(case=row, kind=Kind.TAKEN_BACK, at=now, words=f"Taken back: {done.label}"[:500], by=by)
    return Undone(0)


def configure(chosen: Mapping[str, Any], by: User, now: datetime) -> Act:
    """How failed payments are followed up from now on. `is_on` switches it; failures count from then on."""
    with act(SET, "set how failed payments are followed up", by, now) as done:
        DunningSettings.objects.bulk_create([DunningSettings(pk=DunningSettings.ONLY)], ignore_conflicts=True)
        row = DunningSettings.objects.select_for_update().get(pk=DunningSettings.ONLY)
        values = dict(chosen)
        if (is_on := values.pop("is_on", None)) is not None:
            row.on_since = (row.on_since or now) if is_on else None
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return done
