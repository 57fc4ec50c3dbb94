"""What the steps of one batch share: the facts they read, fetched once, and the rows they write, written in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import starmap
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Min
from psycopg.types.json import Jsonb

from crm.accounts.models import Account, Contact
from crm.fields import known
from crm.fields.rules import Definition as FieldDefinition
from crm.ledger.models import Contract, ContractTerm
from crm.outbox import actions as outbox
from crm.outbox.actions import Draft
from crm.team.models import User
from crm.timeline.models import DEPTH, TimelineEntry
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.web import clock
from retention.workflows.definition import Definition
from retention.workflows.experiments import holdout
from retention.workflows.mail_facts import mail_facts
from retention.workflows.models import Enrollment, Turn, listed
from retention.workflows.naming import named_in, names
from retention.workflows.rows import OF_A_READER, Customer, Reader, Run, Term

_WRITE_RUNS = """
    INSERT INTO retention_steprun (enrollment_id, step_id, visit, kind, ran_at, outcome, detail)
    SELECT enrollment_id, step_id, visit, kind, %s, outcome, detail
    FROM jsonb_to_recordset(%s) AS run(
        enrollment_id bigint, step_id text, visit int, kind text, outcome text, detail jsonb)
    RETURNING enrollment_id, step_id, id
"""

_COLUMNS = tuple(part.name for part in fields(Run))


@dataclass
class Batch:
    """Enrollments of one version, locked by this transaction, at one moment."""

    slug: str  # of the workflow
    definition: Definition
    enrollments: Sequence[Enrollment]
    now: datetime
    skips: tuple[datetime, datetime] | None = None  # what came due between these, while it stood still, is left out
    runs: list[Run] = field(default_factory=list)
    drafts: list[tuple[Run, str, dict[str, Any]]] = field(default_factory=list)
    tasks: list[tuple[Run, dict[str, Any]]] = field(default_factory=list)
    turns: Turn | None = None  # see steps.people
    _facts: dict[int, dict[str, Any]] = field(default_factory=dict)

    # What they read -----------------------------------------------------------------------------------------------

    @cached_property
    def accounts(self) -> dict[int, Customer]:
        ids = [enrollment.account_id for enrollment in self.enrollments]
        rows = Account.objects.filter(pk__in=listed(ids)).values_list(
            "id", "name", "industry", "primary_use_case", "timezone", "language", "custom", "owner_id"
        )
        owners = User.objects.in_bulk({row[-1] for row in rows if row[-1]})  # few own many
        return {row[0]: Customer(*row[:-1], owners.get(row[-1] or 0)) for row in rows}

    @cached_property
    def _readers(self) -> dict[int, Reader]:
        """By account."""
        rows = Contact.objects.readers(listed(list(self.accounts))).values_list(*OF_A_READER)
        return {reader.account_id: reader for reader in starmap(Reader, rows)}

    @cached_property
    def _named(self) -> dict[int, Reader]:
        named = [enrollment.contact_id for enrollment in self.enrollments if enrollment.contact_id]
        rows = Contact.objects.filter(pk__in=listed(named)).values_list(*OF_A_READER) if named else ()
        return {reader.pk: reader for reader in starmap(Reader, rows)}

    @cached_property
    def _terms(self) -> dict[int, list[Term]]:
        """The terms of each account, the earliest first."""
        terms = ContractTerm.objects.filter(contract__account_id__in=listed(list(self.accounts)))
        terms = terms.exclude(contract__status=Contract.Status.EXPECTED).order_by("starts_on", "id")
        found: dict[int, list[Term]] = {}
        for row in terms.values_list(
            "contract__account_id", "contract_id", "contract__status", "contract__plan", "contract__currency",
            "starts_on", "ends_on", "mrr",
        ):  # fmt: skip
            found.setdefault(row[0], []).append(Term(*row[1:]))
        return found

    def term(self, enrollment: Enrollment) -> Term | None:
        """The term its mails speak of: the one whose date made it enter, else the one that runs, or ran last."""
        terms, named = self._terms.get(enrollment.account_id, []), enrollment.facts.get("contract")
        if named:
            terms = [term for term in terms if term.contract_id == named]
            day = date.fromisoformat(enrollment.facts["day"])
            if about := [term for term in terms if day in (term.starts_on, term.ends_on)]:
                return about[0] if about[0].starts_on == day else about[-1]
        today = clock.today(self.now)
        standing = [term for term in terms if term.status != Contract.Status.CANCELLED] or terms
        running = [term for term in standing if term.covers(today)]
        return next(reversed(running or standing), None)

    def told(self, kind: str) -> dict[int, datetime]:
        """Account id → when we first knew of a fact of this kind; who has none is missing."""
        entries = TimelineEntry.objects.filter(account_id__in=listed(list(self.accounts)), kind=kind)
        return dict(entries.values_list("account_id").annotate(first=Min("recorded_at")))

    @cached_property
    def causes(self) -> dict[int, dict[str, Any]]:
        """What the facts told that made them enter: by entry of the timeline, its payload."""
        ids = [entry for enrollment in self.enrollments if (entry := enrollment.facts.get("entry"))]
        return dict(TimelineEntry.objects.filter(pk__in=listed(ids)).values_list("pk", "payload")) if ids else {}

    def forget(self) -> None:
        """Its customers have been changed: read them again when somebody asks."""
        self.__dict__.pop("accounts", None)
        self._facts.clear()

    @property
    def workflow_id(self) -> int:
        return self.enrollments[0].workflow_id

    @cached_property
    def rehearses(self) -> bool:
        """Whether this is a rehearsal, where real tables can only be read: see retention.workflows.rehearsal."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            return bool(cursor.fetchone()[0])

    @contextmanager
    def causing(self, enrollment: Enrollment) -> Iterator[None]:
        """Facts that are recorded inside the block come of this enrollment: see Pending.depth."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [DEPTH, str(enrollment.depth + 1)])
            yield
            cursor.execute("SELECT set_config(%s, '', true)", [DEPTH])

    def reader(self, enrollment: Enrollment) -> Reader | None:
        """Who gets its mail: the person it is about, else who reads the account's mail."""
        return self._named.get(enrollment.contact_id or 0) or self._readers.get(enrollment.account_id)

    def zone(self, enrollment: Enrollment) -> ZoneInfo:
        reader = self.reader(enrollment)
        return clock.zone(reader.timezone if reader else None, self.accounts[enrollment.account_id].timezone)

    @cached_property
    def _percent(self) -> int:
        return holdout.size()

    def held_out(self, enrollment: Enrollment) -> bool:
        """Whether it walks without getting anything, to measure what the workflow does."""
        return holdout.is_held_out(enrollment, self._percent)

    def facts(self, enrollment: Enrollment) -> dict[str, Any]:
        """What mails and tasks may name, as it is now."""
        if enrollment.pk not in self._facts:
            self._facts[enrollment.pk] = self._facts_of(enrollment)
        return self._facts[enrollment.pk]

    def _facts_of(self, enrollment: Enrollment) -> dict[str, Any]:
        account = self.accounts[enrollment.account_id]
        reader, owner = self.reader(enrollment), account.owner
        term = self.term(enrollment) if self._names_contracts else None
        return {
            "contact": {
                "first_name": reader.first_name, "last_name": reader.last_name,
                "name": reader.name, "email": reader.email,
            } if reader else {},
            "account": {
                "name": account.name, "industry": account.industry, "use_case": account.use_case,
                "custom": self._said(account.custom) if account.custom else {},
            },
            "owner": {"name": owner.name, "email": owner.email} if owner else {},
            "contract": {
                "plan": term.plan, "starts_on": _day(term.starts_on), "ends_on": _day(term.ends_on),
                "mrr": f"{term.mrr:,.2f}", "currency": term.currency,
            } if term else {},
            "settings": self.definition.settings,
            "trigger": enrollment.facts,
        } | {name: found.get(account.id, "") for name, found in self._added.items()}  # fmt: skip

    @cached_property
    def _added(self) -> dict[str, Mapping[int, Any]]:
        """What other rooms know of all customers of the batch, as far as the workflow's words name it."""
        ids = list(self.accounts)
        return {name: mail_facts[name].find(ids, self.now) for name in named_in(self.definition)}

    @cached_property
    def _names_contracts(self) -> bool:
        return names(self.definition, "contract")

    @cached_property
    def _own_fields(self) -> tuple[FieldDefinition, ...]:
        return known.fields("account")

    def _said(self, values: dict[str, Any]) -> dict[str, str]:
        """What a customer holds in fields that admins have made, in words, by key."""
        return {of.key: of.said(values[of.key]) for of in self._own_fields if of.key in values}

    # What they write ----------------------------------------------------------------------------------------------

    def ran(self, enrollment: Enrollment, step: Any, outcome: str, **detail: Any) -> Run:
        """Note what a step did for one enrollment."""
        run = Run(enrollment.pk, step.id, enrollment.visit, step.do, outcome[:300], detail)
        self.runs.append(run)
        return run

    def send(self, run: Run, key: str = "", **draft: Any) -> None:
        """Plan a message; `key` tells one of several of the same run from the others."""
        self.drafts.append((run, key, draft))

    def ask(self, run: Run, **task: Any) -> None:
        self.tasks.append((run, task))

    def write(self) -> None:
        """Write everything; messages and tasks name the step run that wanted them."""
        ids = self._write_runs()
        drafts = [
            Draft(
                key=f"{run.key}{key}",
                origin="workflow",
                origin_id=ids[run.enrollment_id, run.step_id],
                series=self.slug,
                **draft,
            )
            for run, key, draft in self.drafts
        ]
        tasks = [
            NewTask(key=run.key, origin="workflow", origin_id=ids[run.enrollment_id, run.step_id], **task)
            for run, task in self.tasks
        ]
        outbox.enqueue(drafts, now=self.now)
        todos.create(tasks, now=self.now)

    def _write_runs(self) -> dict[tuple[int, str], int]:
        """The ids of the step runs by enrollment and step: within a batch nobody comes to a step twice."""
        rows = [{name: getattr(run, name) for name in _COLUMNS} for run in self.runs]
        values: list[Any] = [self.now, Jsonb(rows)]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_RUNS, values)
            return {(enrollment_id, step_id): pk for enrollment_id, step_id, pk in cursor}


@lru_cache(maxsize=4096)
def _day(day: date | None) -> str:
    """18 December 2026, as mails write it."""
    return f"{day.day} {day:%B %Y}" if day else ""
