"""What the steps of one batch share: the facts they read, fetched once, and the rows they write, written in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from crm import slots
from crm.accounts.models import Account, Contact
from crm.ledger.models import Contract, ContractTerm
from crm.outbox import actions as outbox
from crm.outbox.actions import Draft
from crm.segments import filters
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.web import clock
from retention.workflows.definition import DateTrigger, Definition
from retention.workflows.models import Enrollment, StepRun

#: Why somebody leaves whose date is no longer what it was; the new one makes them enter again.
DATE_CHANGED = "The date it counted from has changed"


@dataclass
class Batch:
    """Enrollments of one version, locked by this transaction, at one moment."""

    definition: Definition
    enrollments: Sequence[Enrollment]
    now: datetime
    runs: list[StepRun] = field(default_factory=list)
    drafts: list[tuple[StepRun, dict[str, Any]]] = field(default_factory=list)
    tasks: list[tuple[StepRun, dict[str, Any]]] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.enrollments[0].workflow.slug

    # What they read -----------------------------------------------------------------------------------------------

    @cached_property
    def accounts(self) -> dict[int, Account]:
        ids = [enrollment.account_id for enrollment in self.enrollments]
        return Account.objects.select_related("owner").in_bulk(ids)

    @cached_property
    def _readers(self) -> dict[int, Contact]:
        return Contact.objects.readers_of(list(self.accounts))

    @cached_property
    def _named(self) -> dict[int, Contact]:
        return Contact.objects.in_bulk([e.contact_id for e in self.enrollments if e.contact_id])

    @cached_property
    def _terms(self) -> dict[int, list[ContractTerm]]:
        """The terms of each account, the earliest first."""
        terms = ContractTerm.objects.filter(contract__account_id__in=list(self.accounts))
        found: dict[int, list[ContractTerm]] = {}
        for term in terms.select_related("contract").order_by("starts_on", "id"):
            found.setdefault(term.contract.account_id, []).append(term)
        return found

    def term(self, enrollment: Enrollment) -> ContractTerm | None:
        """The term its mails speak of: the one whose date made it enter, else the one that runs, or ran last."""
        terms, named = self._terms.get(enrollment.account_id, []), enrollment.facts.get("contract")
        if named:
            terms = [term for term in terms if term.contract_id == named]
            day = date.fromisoformat(enrollment.facts["day"])
            if about := [term for term in terms if day in (term.starts_on, term.ends_on)]:
                return about[0] if about[0].starts_on == day else about[-1]
        today = clock.today(self.now)
        standing = [term for term in terms if term.contract.status != Contract.Status.CANCELLED] or terms
        running = [term for term in standing if _covers(term, today)]
        return next(reversed(running or standing), None)

    def outdated(self) -> list[Enrollment]:
        """Those that entered because of a date which has been changed or taken back since; one query."""
        trigger = self.definition.trigger
        if not isinstance(trigger, DateTrigger):
            return []
        sql = (
            f"SELECT account_id, fact FROM ({slots.date_fields[trigger.field].sql}) AS dates WHERE account_id = ANY(%s)"  # noqa: S608
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [[enrollment.account_id for enrollment in self.enrollments]])
            standing = set(cursor.fetchall())
        return [e for e in self.enrollments if (e.account_id, e.trigger_key) not in standing]

    def reader(self, enrollment: Enrollment) -> Contact | None:
        """Who gets its mail: the person it is about, else who reads the account's mail."""
        return self._named.get(enrollment.contact_id or 0) or self._readers.get(enrollment.account_id)

    def zone(self, enrollment: Enrollment) -> ZoneInfo:
        reader = self.reader(enrollment)
        return clock.zone(reader.timezone if reader else None, self.accounts[enrollment.account_id].timezone)

    def facts(self, enrollment: Enrollment) -> dict[str, Any]:
        """What mails and tasks may name, as it is now."""
        account = self.accounts[enrollment.account_id]
        reader, term, owner = self.reader(enrollment), self.term(enrollment), account.owner
        return {
            "contact": {
                "first_name": reader.first_name, "last_name": reader.last_name,
                "name": reader.name, "email": reader.email,
            } if reader else {},
            "account": {"name": account.name, "industry": account.industry, "use_case": account.primary_use_case},
            "owner": {"name": owner.name, "email": owner.email} if owner else {},
            "contract": {
                "plan": term.contract.plan, "starts_on": _day(term.starts_on), "ends_on": _day(term.ends_on),
                "mrr": f"{term.mrr:,.2f}", "currency": term.contract.currency,
            } if term else {},
            "settings": self.definition.settings,
            "trigger": enrollment.facts,
        }  # fmt: skip

    def weigh(self, tree: dict[str, Any], enrollments: Sequence[Enrollment]) -> dict[int, tuple[bool, dict[str, str]]]:
        """Account id → whether the filter holds, and the values that decided it, as text; one query."""
        condition = filters.parse(tree, "account")
        values = condition.values([enrollment.account_id for enrollment in enrollments], self.now)
        return {
            pk: (condition.matches(seen, self.now), {name: str(value) for name, value in seen.items()})
            for pk, seen in values.items()
        }

    # What they write ----------------------------------------------------------------------------------------------

    def ran(self, enrollment: Enrollment, step: Any, outcome: str, **detail: Any) -> StepRun:
        """Note what a step did for one enrollment."""
        run = StepRun(
            enrollment=enrollment, step_id=step.id, visit=enrollment.visit, kind=step.do, ran_at=self.now,
            outcome=outcome[:300], detail=detail,
        )  # fmt: skip
        self.runs.append(run)
        return run

    def send(self, run: StepRun, **draft: Any) -> None:
        self.drafts.append((run, draft))

    def ask(self, run: StepRun, **task: Any) -> None:
        self.tasks.append((run, task))

    def write(self) -> None:
        """Write everything; messages and tasks name the step run that wanted them."""
        StepRun.objects.bulk_create(self.runs, batch_size=1000)
        outbox.enqueue(
            [
                Draft(key=_key(run), origin="workflow", origin_id=run.pk, series=self.slug, **draft)
                for run, draft in self.drafts
            ],
            now=self.now,
        )
        todos.create(
            [NewTask(key=_key(run), origin="workflow", origin_id=run.pk, **task) for run, task in self.tasks],
            now=self.now,
        )


def _key(run: StepRun) -> str:
    """Of enrollment, step and visit, never of the version: a moved enrollment does not send again."""
    return f"workflow:{run.enrollment_id}:{run.step_id}:{run.visit}"


def _covers(term: ContractTerm, day: date) -> bool:
    return term.starts_on <= day and (term.ends_on is None or day < term.ends_on)


def _day(day: date | None) -> str:
    """18 December 2026, as mails write it."""
    return f"{day.day} {day:%B %Y}" if day else ""
