"""What a person says of an entry that looks like an advertisement."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.forms.models import FormEntry
from crm.history.actions import act
from crm.inbox import actions
from crm.inbox.models import InboundPayload
from crm.team.models import User

State = FormEntry.State


class NotPossible(ValueError):
    """It is decided already, or its bytes are gone; the message is for whoever asked."""


@transaction.atomic
def let_through(pk: int, by: User, now: datetime) -> FormEntry:
    """It is worked like any other, within seconds. Raises NotPossible."""
    entry = _undecided(pk)
    with act("form.let_through", f"let an entry of “{entry.form}” through", by, now, {"entry": pk}):
        entry.state, entry.decided_by = State.WAITING, by
        entry.save(update_fields=["state", "decided_by"])
        waiting = InboundPayload.objects.filter(pk=entry.payload_id, state=InboundPayload.State.NEW).exists()
        if not waiting:  # else the worker has not looked at it yet, and finds it so
            _read_again(entry, by, now)
    return entry


def _read_again(entry: FormEntry, by: User, now: datetime) -> None:
    if entry.payload_id is None:
        raise NotPossible("What was written is gone by now: raw entries are removed after some time.")
    try:
        actions.replay(entry.payload_id, by, now)
    except actions.NotPossible as refusal:
        raise NotPossible(str(refusal)) from None


@transaction.atomic
def discard(pk: int, by: User, now: datetime) -> FormEntry:
    """Nothing becomes of it. Raises NotPossible."""
    entry = _undecided(pk)
    with act("form.discarded", f"discarded an entry of “{entry.form}”", by, now, {"entry": pk}):
        entry.state, entry.decided_by, entry.handled_at, entry.words = State.DISCARDED, by, now, "Discarded"
        entry.save(update_fields=["state", "decided_by", "handled_at", "words"])
    return entry


def _undecided(pk: int) -> FormEntry:
    """Locked, after its payload: as the worker does it."""
    list(
        InboundPayload.objects.filter(pk__in=FormEntry.objects.filter(pk=pk).values("payload"))
        .select_for_update()
        .values_list("pk")
    )
    entry = FormEntry.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if entry is None or entry.state != State.HELD:
        raise NotPossible("Somebody has decided about this entry already.")
    return entry
