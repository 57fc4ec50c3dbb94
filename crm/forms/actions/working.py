"""Making something of an entry, in the inbox's transaction: once, whatever is repeated."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

from django.db import transaction

from crm import slots
from crm.forms.models import FormEntry, PublicForm
from crm.forms.targets import EMAIL
from crm.slots import Arrived, FormEntered, FormMade, Handled

State = FormEntry.State


class NoOutcome(LookupError):
    """The form names an outcome that no room of this installation has."""


class _Tried(Exception):
    """Takes back what a test has made."""

    def __init__(self, made: FormMade) -> None:
        self.made = made


def take(arrived: Arrived, now: datetime) -> Handled:
    """The handler of such payloads. What is suspected waits until a person lets it through."""
    told = json.loads(arrived.body)
    addresses = [told["answers"][EMAIL].lower()] if told["answers"].get(EMAIL) else []
    entry = FormEntry.objects.select_for_update(of=("self",)).filter(payload=arrived.id).first()
    form = PublicForm.objects.filter(pk=told["form"]).select_related("owner", "team").first()
    if entry is None or form is None:
        return Handled("Its form is gone.", ignored=True, addresses=addresses)
    if entry.state == State.DONE:
        return Handled("It is there already.", ignored=True, addresses=addresses)
    if entry.state == State.HELD or (entry.suspected and entry.state == State.DISCARDED):
        words = f"{entry.suspected}: it waits under Settings, Forms until somebody lets it through."
        return Handled(words, ignored=True, addresses=addresses)
    entered = _entered(form, entry, arrived, told)
    made = _tried(entered, now) if entry.test else _outcome(form).make(entered, now)
    _settle(entry, made, now)
    return Handled(entry.words, ignored=made.ignored or entry.test, addresses=addresses)


def _outcome(form: PublicForm) -> slots.FormOutcome:
    outcome = slots.form_outcomes.get(form.outcome)
    if outcome is None:
        raise NoOutcome(f"No room of this installation makes “{form.outcome}” of a form. Choose another outcome.")
    return outcome


def _entered(form: PublicForm, entry: FormEntry, arrived: Arrived, told: dict[str, Any]) -> FormEntered:
    files = [] if entry.test else [(one["name"], b64decode(one["content"])) for one in told["files"]]
    return FormEntered(
        form=form, entry_id=entry.pk, key=f"form:{arrived.id}", payload_id=arrived.id, at=arrived.received_at,
        answers=told["answers"], said=dict(told["said"]), consent=told["consent"], source=told["source"], files=files,
    )  # fmt: skip


def _tried(entered: FormEntered, now: datetime) -> FormMade:
    """All of it happens, and nothing stays: what a test says is true."""
    try:
        with transaction.atomic():
            raise _Tried(_outcome(entered.form).make(entered, now))
    except _Tried as tried:
        return FormMade(f"A test, of which nothing is kept. It would be: {tried.made.words}")


def _settle(entry: FormEntry, made: FormMade, now: datetime) -> None:
    entry.state, entry.handled_at = State.DISCARDED if made.ignored else State.DONE, now
    entry.words, entry.url = made.words[:300], made.url[:200]
    entry.account_id, entry.contact_id, entry.owner_id = made.account_id, made.contact_id, made.owner_id
    entry.save()
