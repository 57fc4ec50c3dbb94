"""An entry becomes a lead: a customer and a person on record, a line on the timeline, and somebody who takes it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm.correspondence.rules import shown
from crm.forms.actions.consenting import agree
from crm.forms.actions.finding import Found, find_or_make
from crm.forms.actions.owning import owner_for
from crm.forms.targets import MESSAGE
from crm.slots import FormEntered, FormMade, tell
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.todos.actions import NewTask, create

SUBMITTED = "form.submitted"


@dataclass(frozen=True)
class Lead:
    """Whom an entry has brought, and who takes them up."""

    found: Found
    owner: User | None

    @property
    def made(self) -> FormMade:
        words = "A lead: " + (
            "a new customer" if self.found.new_account
            else "a new person at a known customer" if self.found.new_contact else "somebody known"
        )  # fmt: skip
        account = self.found.account
        return FormMade(
            words, account.get_absolute_url(), account.pk, self.found.contact.pk, self.owner.pk if self.owner else None
        )


def make_lead(entered: FormEntered, now: datetime) -> FormMade:
    """The outcome “A lead”."""
    return lead(entered, now).made


def lead(entered: FormEntered, now: datetime) -> Lead:
    """Customer, person, consent, owner, timeline, task and word to the owner, in the caller's transaction."""
    found = find_or_make(entered, now)
    account, contact = found.account, found.contact
    if refused := agree(contact, entered, now):
        found.notes.append(refused)
    owner = owner_for(entered.form, account, now)
    if owner and account.owner_id is None:
        account.owner, account.updated_at = owner, now
        account.save(update_fields=["owner", "updated_at"])
    _record(found, entered, now)
    made = Lead(found, owner)
    _give(made, entered, now)
    return made


def _record(found: Found, entered: FormEntered, now: datetime) -> None:
    account, contact = found.account, found.contact
    about: dict[str, Any] = {"source": "customer", "channel": "form", "contact_id": contact.pk}
    facts = []
    if found.new_account:
        facts.append(Fact(account.pk, "account.added", f"{account.name} was added", now, **about))
    if found.new_contact:
        facts.append(Fact(account.pk, "contact.added", f"{contact.name} was added", now, **about))
    lines = [f"{label}: {words}" for label, words in entered.said.items() if words != entered.answers.get(MESSAGE)]
    message = str(entered.answers.get(MESSAGE, ""))
    note = "\n".join(filter(None, [message, *lines, *found.notes]))
    facts.append(Fact(
        account.pk, SUBMITTED, f"{contact.name} filled in “{entered.form}”", entered.at, key=entered.key, **about,
        payload={
            "form": entered.form.pk, "slug": entered.form.slug, "entry": entered.entry_id, "said": dict(entered.said),
            "note": shown(note), "came_from": dict(entered.source), "differs": found.notes, "consent": entered.consent,
        },
    ))  # fmt: skip
    record(facts, now=now)


def _give(made: Lead, entered: FormEntered, now: datetime) -> None:
    """The task that the form's outcome asks for, and a word to whoever takes it up."""
    account, contact, wanted = made.found.account, made.found.contact, entered.form.outcome_settings
    if title := wanted.get("task"):
        create([NewTask(
            f"{title}: {contact.name}", now + timedelta(days=wanted.get("days") or 0), account.pk, contact.pk,
            made.owner.pk if made.owner else None, key=f"task:{entered.key}",
        )], now=now)  # fmt: skip
    if made.owner:
        text = f"{contact.name} filled in “{entered.form}”"
        tell([made.owner], SUBMITTED, text, account.get_absolute_url(), now, key=entered.key, account_id=account.pk)
