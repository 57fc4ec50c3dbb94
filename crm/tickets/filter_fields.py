"""What filters ask of tickets: fields of their own, and every field of their customer through it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf, Trim

from crm.accounts.filter_fields import FieldsThroughAccount
from crm.accounts.lists import colleagues_by_email
from crm.accounts.models.contacts import FullName
from crm.slots import FilterField, FilterSubject, filter_subjects
from crm.team.models import Team
from crm.tickets import rules
from crm.tickets.models import OPEN, Ticket, TicketCategory, TicketSpell

SUBJECT = "ticket"

#: Priorities by their names in addresses, files and the API.
PRIORITIES = {priority.name.lower(): priority for priority in Ticket.Priority}


def category_names() -> list[tuple[str, str]]:
    """What a filter may suggest."""
    return [(one.name, one.name) for one in TicketCategory.objects.filter(archived_at=None)]


def team_names() -> list[tuple[str, str]]:
    return [(name, name) for name in Team.objects.order_by("name").values_list("name", flat=True)]


def _is(condition: Q) -> Any:
    """Of conditions that are never null: what is not so can be asked too."""
    return lambda argument, now: ExpressionWrapper(condition, output_field=BooleanField())


def _priority(argument: str | None, now: datetime) -> Any:
    names = [When(priority=number, then=Value(code)) for code, number in PRIORITIES.items()]
    return Case(*names, output_field=CharField())


def _requester(argument: str | None, now: datetime) -> Any:
    on_record = NullIf(Trim(FullName("contact__first_name", "contact__last_name")), Value(""))
    return Coalesce(on_record, F("requester_name"), output_field=TextField())


def _overdue(argument: str | None, now: datetime) -> Any:
    return ExpressionWrapper(Q(due_by__isnull=False, due_by__lt=now), output_field=BooleanField())


def _minutes_to_due(argument: str | None, now: datetime) -> Any:
    """Whole minutes, negative when it has passed."""
    return Func(
        F("due_by"), Value(now, DateTimeField()), arg_joiner=" - ", output_field=IntegerField(),
        template="floor(extract(epoch FROM %(expressions)s) / 60)::integer",
    )  # fmt: skip


def _reopened_at(argument: str | None, now: datetime) -> Any:
    """The last time: when a solving ended other than by closing."""
    ended = TicketSpell.objects.filter(ticket=OuterRef("pk"), status=Ticket.Status.SOLVED, ended_at__isnull=False)
    ended = ended.filter(Q(ticket__closed_at=None) | ~Q(ended_at=F("ticket__closed_at"))).order_by("-ended_at")
    return Case(When(reopened__gt=0, then=Subquery(ended.values("ended_at")[:1])), output_field=DateTimeField())


def _waiting_since(argument: str | None, now: datetime) -> Any:
    return Case(When(status__in=rules.WAITS_FOR_US, then=F("asked_at")), output_field=DateTimeField())


def register_fields() -> None:
    """The filter subject “ticket”."""
    fields = FieldsThroughAccount(SUBJECT, apart=True)
    filter_subjects.register(SUBJECT, FilterSubject("Tickets", Ticket, Ticket.objects.all, "tickets:list", fields))
    for name, (label, kind, path, more) in _COLUMNS.items():
        fields.register(name, FilterField(label, kind, partial(_column, path or name), **more))
    for name, (label, kind, expression, choices) in _ASKED.items():
        fields.register(name, FilterField(label, kind, expression, choices))


def _column(path: str, argument: str | None, now: datetime) -> Any:
    return F(path)


#: Label, kind, path if it is not the name, and what else there is to say.
_COLUMNS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "subject": ("Subject", "text", "", {}),
    "number": ("Number", "number", "id", {}),
    "status": ("Status", "choice", "", {"choices": tuple(Ticket.Status.choices)}),
    "category": ("Category", "text", "category__name", {"suggestions": category_names}),
    "channel": ("Channel", "choice", "", {"choices": tuple(Ticket.Channel.choices)}),
    "assignee": ("Assignee", "text", "assignee__email", {"suggestions": colleagues_by_email}),
    "team": ("Team", "text", "team__name", {"suggestions": team_names}),
    "tags": ("Tags", "tags", "", {}),
    "address": ("Requester’s address", "text", "requester_handle", {}),
    "created_at": ("Creation", "datetime", "", {}),
    "updated_at": ("Latest activity", "datetime", "", {}),
    "answered_at": ("First answer", "datetime", "", {}),
    "solved_at": ("Solving", "datetime", "", {}),
    "due_by": ("Due", "datetime", "", {}),
    "overran": ("Was ever overdue", "bool", "", {}),
    "level": ("Service level", "text", "level__name", {}),
    "reopened": ("Times opened again", "number", "", {}),
    "mood": ("Mood", "number", "", {}),
    "score": ("Rating", "number", "", {}),
    "spam": ("Spam", "bool", "is_spam", {}),
    "external_id": ("External id", "text", "", {}),
}

#: Label, kind, expression, choices.
_ASKED: dict[str, tuple[str, str, Any, tuple[tuple[str, str], ...]]] = {
    "open": ("Unsolved", "bool", _is(Q(status__in=OPEN)), ()),
    "priority": ("Priority", "choice", _priority, tuple((code, str(of.label)) for code, of in PRIORITIES.items())),
    "has_assignee": ("Has an assignee", "bool", _is(Q(assignee__isnull=False)), ()),
    "requester": ("Requester", "text", _requester, ()),
    "has_account": ("Customer on record", "bool", _is(Q(account__isnull=False)), ()),
    "minutes_to_due": ("Minutes to due", "number", _minutes_to_due, ()),
    "overdue": ("Overdue", "bool", _overdue, ()),
    "waiting_since": ("Waiting for us since", "datetime", _waiting_since, ()),
    "unanswered": ("No answer yet", "bool", _is(Q(answered_at__isnull=True)), ()),
    "reopened_at": ("Opened again", "datetime", _reopened_at, ()),
    "merged": ("Merged into another", "bool", _is(Q(merged_into__isnull=False)), ()),
    "follows": ("Goes on from a closed one", "bool", _is(Q(follows__isnull=False)), ()),
}
