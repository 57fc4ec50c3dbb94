"""Entries of public forms become tickets: an outcome that crm.forms works."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from crm import slots
from crm.correspondence.filing import contacts_by
from crm.correspondence.reading.headers import fit
from crm.slots import FormEntered, FormMade, FormTarget
from crm.team.models import Team
from crm.tickets.acknowledging import acknowledge
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Brought, Said
from crm.tickets.channels import matching
from crm.tickets.models import Ticket, TicketCategory

OUTCOME = "ticket"


def _categories() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in TicketCategory.objects.filter(archived_at=None).values_list("pk", "name")]


def _or_nothing(choices: list[tuple[str, str]], nothing: str) -> list[tuple[str, str]]:
    return [("", nothing), *choices]


class TicketSettingsForm(forms.Form):
    """What an admin sets of tickets that a form brings."""

    category = forms.TypedChoiceField(
        choices=lambda: _or_nothing(_categories(), "Nothing in particular"), coerce=int, empty_value=None,
        required=False, label="Its tickets are about", help_text="What the customer chooses comes before it.",
    )  # fmt: skip
    team = forms.TypedChoiceField(
        choices=lambda: _or_nothing([(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")],
                                    "Whoever gets such tickets"),
        coerce=int, empty_value=None, required=False, label="They go to",
    )  # fmt: skip


def make(entered: FormEntered, now: datetime) -> FormMade:
    """A ticket, which is acknowledged. Whoever asks is known by their address, or stays a name."""
    told, wanted = entered.answers, entered.form.outcome_settings
    address = str(told["contact.email"]).lower()
    if matching.is_blocked(address):
        return FormMade("Its sender is blocked.", ignored=True)
    name = str(told.get("contact.name") or " ".join(
        str(told[one]) for one in ("contact.first_name", "contact.last_name") if one in told
    ))  # fmt: skip
    said = Said(
        fit(str(told["message"])), Ticket.Channel.FORM, entered.at, contacts_by([address]).get(address), fit(name),
        address, fit(str(told.get("ticket.subject", ""))), entered.key, proven=False, payload_id=entered.payload_id,
        files=[Brought(*one) for one in entered.files],
    )  # fmt: skip
    new = NewTicket(
        said.subject, said, category=_category(told.get("ticket.category")) or _category(wanted.get("category")),
        team=Team.objects.filter(pk=wanted.get("team")).first(), custom=_custom(told),
    )  # fmt: skip
    row = begin(new, now)
    acknowledge(row, row.messages.get(external_key=entered.key), now)
    return FormMade(f"Ticket #{row.pk}", row.get_absolute_url(), row.account_id, row.contact_id)


def _category(pk: Any) -> TicketCategory | None:
    return TicketCategory.objects.filter(pk=pk).first() if pk else None


def _custom(told: Any) -> dict[str, Any]:
    before = "ticket.custom."
    return {name.removeprefix(before): value for name, value in told.items() if name.startswith(before)}


def register_form() -> None:
    for name, target in {
        "ticket.subject": FormTarget("Subject", "ticket", longest=200, order=15),
        "ticket.category": FormTarget("What is it about?", "ticket", "choice", choices=_categories, order=16),
        "ticket.files": FormTarget("Files", "ticket", "files", order=30),
    }.items():
        slots.form_targets.register(name, target)
    slots.form_outcomes.register(
        OUTCOME,
        slots.FormOutcome(
            "A ticket", "Your support desk answers it by mail. Whoever writes is not made a customer.", make,
            TicketSettingsForm, ("person", "message", "ticket"), needs=("contact.email", "message"), consents=False,
            owns=False, order=20,
        ),
    )  # fmt: skip
