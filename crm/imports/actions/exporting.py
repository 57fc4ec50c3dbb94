"""Rows of lists as CSV: streamed page by page, safe in spreadsheets, readable again by our own import, and audited."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from crm.accounts.models import Account, Contact
from crm.fields.columns import ExportOf
from crm.history.models import Act, Door
from crm.imports.rules.cells import formula_safe
from crm.pipelines.models import Deal
from crm.team.models import User
from crm.tickets.models import Ticket
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task

#: Rows that are asked for, and held, at once.
PAGE = 2_000

EXPORTED = "export"


class Echo:
    """A file that gives back what is written to it: csv.writer then returns the line."""

    def write(self, line: str) -> str:
        return line


@dataclass(frozen=True)
class Column:
    """`path` leads from the row to the value. The name is what our own import calls it, where it has it."""

    path: str
    label: str
    said: Callable[[Any], str] | None = None  # how a value is written, where its type does not tell
    chosen: bool = True


@dataclass(frozen=True)
class Exported:
    """What can be exported of a subject. `noun` is one and many."""

    model: Any
    noun: tuple[str, str]
    columns: Mapping[str, Column]

    def words(self, rows: int) -> str:
        return f"{rows:,} {self.noun[rows != 1]}"


def _priority(number: int) -> str:
    return Ticket.Priority(number).name.lower()


SUBJECTS: Mapping[str, Exported] = {
    "account": Exported(
        Account, ("customer", "customers"),
        ExportOf("account", {
            "external_id": Column("external_id", "External id"), "name": Column("name", "Name"),
            "kind": Column("kind", "Kind"), "domain": Column("domain", "Domain"),
            "industry": Column("industry", "Industry"), "country": Column("country", "Country"),
            "owner_email": Column("owner__email", "Owner’s e-mail"),
            "signed_up_on": Column("signed_up_on", "Signed up on"),
            "primary_use_case": Column("primary_use_case", "Primary use case"), "tags": Column("tags", "Tags"),
            "goal": Column("goal", "Goal", chosen=False),
            "goal_due_on": Column("goal_due_on", "Goal due", chosen=False),
            "fit": Column("suitability", "Fit", chosen=False),
            "do_not_contact": Column("do_not_contact", "Do not contact", chosen=False),
            "lifecycle": Column("lifecycle", "Lifecycle"), "mrr": Column("mrr", "MRR"),
            "renews_on": Column("renews_on", "Renews on"), "customer_since": Column("customer_since", "Customer since"),
            "last_seen_at": Column("seen__at", "Last seen"),
            "lifetime_spend": Column("lifetime_spend", "Lifetime spend", chosen=False),
            "timezone": Column("timezone", "Time zone", chosen=False),
            "created_at": Column("created_at", "Created", chosen=False), "our_id": Column("pk", "Our id"),
        }, Column),
    ),
    "contact": Exported(
        Contact, ("contact", "contacts"),
        ExportOf("contact", {
            "external_id": Column("external_id", "External id"),
            "account_external_id": Column("account__external_id", "Customer’s external id"),
            "account_name": Column("account__name", "Customer’s name"),
            "first_name": Column("first_name", "First name"), "last_name": Column("last_name", "Last name"),
            "email": Column("email", "E-mail"), "phone": Column("phone", "Phone"),
            "title": Column("title", "Job title"),
            "timezone": Column("timezone", "Time zone"), "language": Column("language", "Language"),
            "birthday": Column("birthday", "Birthday"), "email_consent": Column("email_consent", "Consent to mail"),
            "is_primary": Column("is_primary", "Primary contact"),
            "roles": Column("roles", "Roles"), "do_not_contact": Column("do_not_contact", "Do not contact"),
            "last_seen_at": Column("seen__at", "Last seen", chosen=False),
            "created_at": Column("created_at", "Created", chosen=False), "our_id": Column("pk", "Our id"),
        }, Column),
    ),
    "task": Exported(
        Task, ("task", "tasks"),
        {
            "title": Column("title", "Task"), "account": Column("account__name", "Customer"),
            "account_external_id": Column("account__external_id", "Customer’s external id", chosen=False),
            "owner_email": Column("owner__email", "Owner’s e-mail"), "due_at": Column("due_at", "Due"),
            "snoozed_until": Column("snoozed_until", "Snoozed until"), "done_at": Column("done_at", "Done"),
            "done_by": Column("done_by__email", "Done by"), "body": Column("body", "Notes"),
            "origin": Column("origin", "Made by"), "created_at": Column("created_at", "Created"),
            "id": Column("pk", "Our id", chosen=False),
        },
    ),
    "ticket": Exported(
        Ticket, ("ticket", "tickets"),
        ExportOf("ticket", {
            "external_id": Column("external_id", "External id"), "subject": Column("subject", "Subject"),
            "status": Column("status", "Status"), "priority": Column("priority", "Priority", _priority),
            "category": Column("category__name", "Category"), "channel": Column("channel", "Channel"),
            "contact_email": Column("contact__email", "Requester’s e-mail"),
            "requester": Column("requester_name", "Requester, if not on record", chosen=False),
            "address": Column("requester_handle", "Requester’s address", chosen=False),
            "account_external_id": Column("account__external_id", "Customer’s external id", chosen=False),
            "account_name": Column("account__name", "Customer’s name"),
            "assignee_email": Column("assignee__email", "Assignee’s e-mail"), "team": Column("team__name", "Team"),
            "tags": Column("tags", "Tags"), "created_at": Column("created_at", "Asked at"),
            "answered_at": Column("answered_at", "First answered at"), "solved_at": Column("solved_at", "Solved at"),
            "due_by": Column("due_by", "Due", chosen=False), "overran": Column("overran", "Was overdue", chosen=False),
            "reopened": Column("reopened", "Times opened again", chosen=False),
            "score": Column("score", "Rating", chosen=False), "our_id": Column("pk", "Our id"),
        }, Column),
    ),
    "deal": Exported(
        Deal, ("deal", "deals"),
        ExportOf("deal", {
            "external_id": Column("external_id", "External id"),
            "account_external_id": Column("account__external_id", "Customer’s external id"),
            "account_name": Column("account__name", "Customer’s name"), "title": Column("title", "Title"),
            "pipeline": Column("pipeline__name", "Pipeline"), "stage": Column("stage__name", "Stage"),
            "outcome": Column("outcome", "Outcome"), "amount": Column("amount", "Amount"),
            "currency": Column("currency", "Currency"),
            "value": Column("value", "Amount in the reporting currency", chosen=False),
            "owner_email": Column("owner__email", "Owner’s e-mail"),
            "expected_on": Column("expected_on", "Expected close"), "source": Column("source", "Source"),
            "next_step": Column("next_step", "Next step"), "next_on": Column("next_on", "On", chosen=False),
            "plan": Column("plan", "Plan"), "mrr": Column("mrr", "MRR"),
            "lost_reason": Column("lost_because__name", "Reason of the loss"),
            "lost_note": Column("lost_note", "Note on the loss", chosen=False), "tags": Column("tags", "Tags"),
            "created_at": Column("created_at", "Opened at"), "entered_at": Column("entered_at", "In its stage since"),
            "closed_at": Column("closed_at", "Won or lost at"), "our_id": Column("pk", "Our id"),
        }, Column),
    ),
    "entry": Exported(
        TimelineEntry, ("entry", "entries"),
        {
            "occurred_at": Column("occurred_at", "When"), "kind": Column("kind", "Kind"),
            "text": Column("text", "Text"),
            "contact_email": Column("contact__email", "Contact’s e-mail"), "actor": Column("actor__email", "By"),
            "channel": Column("channel", "Channel"), "source": Column("source", "Source"),
            "recorded_at": Column("recorded_at", "Recorded", chosen=False),
        },
    ),
}  # fmt: skip


def stream(
    subject: str, rows: QuerySet[Any], columns: Sequence[str], by: User, now: datetime, detail: Mapping[str, Any],
    door: str = Door.PAGE,
) -> Iterator[str]:  # fmt: skip
    """Lines of a CSV file, header first, by the rows' ids. Memory does not grow with their number.

    That it was begun is put down before the first line, and how many rows left at the end, be it too early.
    """
    exported = SUBJECTS[subject]
    chosen = [exported.columns[name] for name in columns]
    told: dict[str, Any] = {**detail, "columns": list(columns), "rows": 0}
    done = Act.objects.create(
        kind=f"{EXPORTED}.{subject}", label=f"began to export {exported.noun[1]}", by=by, at=now, door=door,
        detail=told,
    )  # fmt: skip
    writer = csv.writer(Echo())
    try:
        yield "\ufeff" + writer.writerow(list(columns))
        after = 0
        while page := list(
            rows.filter(pk__gt=after).order_by("pk").values_list("pk", *(column.path for column in chosen))[:PAGE]
        ):
            after = page[-1][0]
            told["rows"] += len(page)
            yield "".join(writer.writerow(list(map(_cell, chosen, row[1:]))) for row in page)
    finally:
        done.label = f"exported {exported.words(told['rows'])}"
        done.save(update_fields=["label", "detail"])


def _cell(column: Column, value: Any) -> str:
    """As our own import reads it: dates as ISO, yes and no, tags between commas."""
    if column.said and value is not None:
        return formula_safe(column.said(value))
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case date():
            return value.isoformat()
        case list():
            return formula_safe(", ".join(map(str, value)))
    return formula_safe(str(value))
