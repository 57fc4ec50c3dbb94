# ruff: noqa: E501  (expressions stand in one line each)
"""What the population is made of: for each table, SQL expressions over the number `i` of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.accounts.models import Account, AccountSeen, Contact, ContactSeen
from crm.ledger.models import Contract, ContractTerm
from crm.outbox.models import MailTemplate, OutboundMessage
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion

#: Colleagues; the first is an admin, who looks at the pages.
TEAM = 40
#: The account that has many entries of its own, and how many.
BUSY, BUSY_ENTRIES = 1, 10_000

#: bench_pick(i, seed, n): a number from 0 to n − 1 that looks random and is the same each time.
PICK = """
    CREATE OR REPLACE FUNCTION bench_pick(i bigint, seed int, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT abs(mod(hashint8extended(i, seed), n))'
"""


@dataclass(frozen=True)
class Stage:
    """Rows 1 … `upto` of a table, `chunk` at a time. Parameters: low, high, n (accounts), anchor."""

    model: Any
    upto: int
    columns: Mapping[str, str]
    source: str = ""  # over i unless it says otherwise
    chunk: int = 50_000

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def numbered(self) -> bool:
        """Whether its rows count themselves, beside those that go by the number of another row."""
        return not self.model._meta.pk.is_relation


def pick(seed: int, n: int | str, of: str = "i") -> str:
    return f"bench_pick({of}, {seed}, {n})"


def one_of(seed: int, *values: str, of: str = "i") -> str:
    return f"(ARRAY[{', '.join(f"'{value}'" for value in values)}])[1 + {pick(seed, len(values), of)}]"


def _ago(seconds: str) -> str:
    return f"%(anchor)s - {seconds} * interval '1 second'"


_FIRST = [
    "Al",
    "Bar",
    "Cor",
    "Dan",
    "El",
    "Fer",
    "Gal",
    "Hol",
    "In",
    "Jas",
    "Kor",
    "Lun",
    "Mar",
    "Nor",
    "Os",
    "Pel",
    "Quin",
    "Ros",
    "Sel",
    "Tar",
    "Ul",
    "Ver",
    "Wes",
    "Xan",
    "Yor",
    "Zel",
]
_LAST = [
    "ba",
    "den",
    "far",
    "gen",
    "hart",
    "kel",
    "lan",
    "mer",
    "nia",
    "os",
    "per",
    "ra",
    "sen",
    "tic",
    "us",
    "vid",
    "wick",
    "xis",
    "yan",
    "zon",
]
_TRADES = [
    "Logistics",
    "Foods",
    "Systems",
    "Labs",
    "Partners",
    "Energy",
    "Health",
    "Retail",
    "Media",
    "Works",
    "Group",
    "Travel",
    "Motors",
    "Finance",
    "Design",
    "Robotics",
    "Textiles",
    "Education",
    "Security",
    "Studios",
]
_GIVEN = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Liam",
    "Mona",
    "Noah",
    "Olga",
    "Pablo",
    "Rosa",
    "Sven",
    "Tara",
    "Umar",
]
_DAY = 86_400

# Newly silent (15 of 100, within the last day of the fortnight), never seen, seen lately, silent for long.
_LAST_SEEN = f"""CASE WHEN {pick(7, 100)} < 15 THEN {_ago(f"({14 * _DAY} + {pick(8, _DAY)})")}
    WHEN {pick(7, 100)} < 25 THEN NULL WHEN {pick(7, 100)} < 78 THEN {_ago(pick(8, 13 * _DAY))}
    ELSE {_ago(f"({15 * _DAY} + {pick(8, f'(15 + {pick(10, 870)}) * {_DAY}')})")} END"""
_LIFECYCLE = f"""(CASE WHEN {pick(9, 100)} < 60 THEN 'customer' WHEN {pick(9, 100)} < 70 THEN 'trial'
    WHEN {pick(9, 100)} < 80 THEN 'churned' WHEN {pick(9, 100)} < 85 THEN 'paused' ELSE 'lead' END)"""
_PAYS = f"{pick(9, 100)} < 60"
# The square makes some colleagues look after many customers and others after few; one account in ten is nobody's.
_OWNER = f"CASE WHEN {pick(5, 10)} > 0 THEN 1 + floor({pick(6, 1000)} ^ 2 / 1e6 * {TEAM})::bigint END"
_TODAY = "(%(anchor)s)::date"
_SIGNED_UP = f"({_TODAY} - 30 - {pick(10, 870)}::int)"

ACCOUNT = {
    "id": "i",
    "external_id": "'bench-' || i",
    "name": f"{one_of(1, *_FIRST)} || {one_of(2, *_LAST)} || {one_of(3, *_LAST)} || ' ' || {one_of(4, *_TRADES)}",
    "kind": f"CASE WHEN {pick(11, 10)} = 0 THEN 'person' ELSE 'company' END",
    "domain": f"lower({one_of(1, *_FIRST)} || {one_of(2, *_LAST)}) || i || '.example'",
    "industry": one_of(12, "Software", "Retail", "Health", "Logistics", "Education", "Finance", "Travel", "Media"),
    "country": one_of(13, "DE", "FR", "GB", "US", "ES", "PT", "SE", "IN", "BR", "JP"),
    "timezone": one_of(14, "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo", ""),
    "owner_id": _OWNER,
    "tags": f"(CASE {pick(15, 10)} WHEN 0 THEN '{{vip}}' WHEN 1 THEN '{{beta,partner}}' WHEN 2 THEN '{{fair}}' "
            f"ELSE '{{}}' END)::varchar[]",
    "signed_up_on": _SIGNED_UP,
    "primary_use_case": one_of(16, "Invoicing", "Planning", "Reporting", "Support", ""),
    "lifetime_spend": f"{pick(17, 50_000)}",
    "lifecycle": _LIFECYCLE,
    "customer_since": f"CASE WHEN {pick(9, 100)} < 85 AND NOT {pick(9, 100)} BETWEEN 60 AND 69 THEN {_SIGNED_UP} END",
    "mrr": f"CASE WHEN {_PAYS} THEN round((29 * exp({pick(18, 500)} / 100.0))::numeric, 2) ELSE 0 END",
    "renews_on": f"CASE WHEN {_PAYS} AND {pick(19, 5)} > 0 THEN {_TODAY} + 1 + {pick(20, 365)}::int END",
    "created_at": f"{_SIGNED_UP} + time '09:00' + {pick(21, _DAY // 4)} * interval '1 second'",
    "updated_at": "%(anchor)s",
}  # fmt: skip


def _person(of: str) -> dict[str, str]:
    return {
        "account_id": of,
        "first_name": one_of(30, *_GIVEN), "last_name": f"{one_of(31, *_FIRST)} || {one_of(32, *_LAST)}",
        "email": f"lower({one_of(30, *_GIVEN)}) || '.' || i || '@customer.example'",
        "title": one_of(33, "Head of operations", "Buyer", "Engineer", "Owner", ""),
        "email_consent": one_of(34, "yes", "yes", "yes", "", "no"),
        "created_at": _ago(f"{pick(35, 800 * _DAY)}"), "updated_at": "%(anchor)s",
    }  # fmt: skip


_OF_ACCOUNT = "crm_account a WHERE a.id BETWEEN %(low)s AND %(high)s"
_STATUS = "CASE lifecycle WHEN 'trial' THEN 'trial' WHEN 'paused' THEN 'paused' ELSE 'paid' END"
CONTRACT = {
    "id": "a.id", "account_id": "a.id", "external_id": "'bench-' || a.id", "status": _STATUS, "currency": "'EUR'",
    "plan": one_of(40, "Starter", "Team", "Business", of="a.id"), "auto_renew": f"{pick(41, 10, 'a.id')} < 7",
    "created_at": "a.created_at", "updated_at": "a.created_at",
}  # fmt: skip
TERM = {
    "id": "a.id", "contract_id": "a.id", "starts_on": "a.signed_up_on", "known_at": "a.created_at",
    "ends_on": "CASE WHEN lifecycle = 'churned' THEN a.signed_up_on + 20 ELSE a.renews_on END",
    "mrr": "CASE WHEN mrr > 0 THEN mrr ELSE 99 END",
}  # fmt: skip

_KINDS = {  # kind: (source, channel, text)
    "session.started": ("customer", "product", "Signed in and worked for a while"),
    "feature.used": ("customer", "product", "Exported a report for the first time"),
    "mail.sent": ("automatic", "email", "Was sent the renewal reminder"),
    "mail.opened": ("customer", "email", "Opened the renewal reminder"),
    "call.logged": ("person", "phone", "A call about the plans for next quarter"),
    "note.written": ("person", "", "Wants invoices by the tenth of each month"),
    "task.done": ("person", "", "Done: Call them about the renewal"),
    "contract.started": ("import", "", "Started the plan Team"),
}


def _of_kind(part: int) -> str:
    return one_of(50, *(values[part] for values in _KINDS.values()))


def _entry(accounts: int) -> dict[str, str]:
    every = max(accounts * 10 // BUSY_ENTRIES, 1)
    account = f"(CASE WHEN mod(i, {every}) = 0 THEN {BUSY} ELSE 1 + {pick(51, '%(n)s')} END)"
    happened = _ago(f"(({accounts * 10} - i) * {2 * 365 * _DAY / (accounts * 10)})")
    return {
        "id": "i", "account_id": account, "contact_id": f"CASE WHEN {pick(52, 3)} = 0 THEN {account} END",
        "kind": one_of(50, *_KINDS), "source": _of_kind(0), "channel": _of_kind(1), "text": _of_kind(2),
        "actor_id": f"CASE WHEN {_of_kind(0)} = 'person' THEN 1 + {pick(53, TEAM)} END",
        "occurred_at": happened, "recorded_at": happened,
        "payload": f"(CASE WHEN {pick(54, 8)} = 0 THEN '{{\"note\": \"They asked for the new export.\"}}' ELSE '{{}}' END)::jsonb",
    }  # fmt: skip


TASK = {
    "id": "i", "account_id": "a.id", "owner_id": "a.owner_id",
    "title": one_of(60, "Call about the renewal", "Say hello", "Send the offer", "Ask how onboarding goes", "Check in"),
    "due_at": f"%(anchor)s + ({pick(61, 40 * _DAY)} - {20 * _DAY}) * interval '1 second'",
    "done_at": f"CASE WHEN {pick(62, 2)} = 0 THEN {_ago(pick(63, 60 * _DAY))} END",
    "origin": one_of(64, "", "workflow"), "origin_id": f"CASE WHEN {one_of(64, '', 'workflow')} <> '' THEN i END",
    "created_at": _ago(f"({60 * _DAY} + {pick(65, 30 * _DAY)})"),
}  # fmt: skip
MESSAGE = {
    "id": "i", "key": "'bench:' || i", "category": "'service'", "account_id": "i * 10", "contact_id": "i * 10",
    "template_id": "1", "state": "'sent'", "to_address": "'reader@customer.example'", "rendered_subject": "'Hello'",
    "planned_for": _ago(f"({8 * _DAY} + {pick(70, 90 * _DAY)})"), "due_at": _ago(f"({8 * _DAY} + {pick(70, 90 * _DAY)})"),
    "sending_at": _ago(f"({8 * _DAY} + {pick(70, 90 * _DAY)})"), "settled_at": _ago(f"({8 * _DAY} + {pick(70, 90 * _DAY)})"),
    "created_at": _ago(f"({98 * _DAY})"), "series": "'bench-past'",
}  # fmt: skip
ENROLLMENT = {
    "id": "i", "workflow_id": "1", "version_id": "1", "account_id": "i * 5", "trigger_key": "'bench:' || i",
    "state": "'done'", "step_id": "'end'", "due_at": _ago(f"({30 * _DAY})"), "entered_at": _ago(f"({60 * _DAY})"),
    "ended_at": _ago(f"({30 * _DAY})"), "ended_because": "'the last step is done'",
}  # fmt: skip


def stages(accounts: int) -> list[Stage]:
    """In the order in which they refer to one another."""
    someone = {
        "id": "i", "email": "'colleague' || i || '@bench.example'", "name": f"{one_of(80, *_GIVEN)} || ' ' || {one_of(81, *_FIRST)} || 'sen'",
        "role": "CASE WHEN i = 1 THEN 'admin' ELSE 'manager' END", "created_at": "%(anchor)s", "password": "'!'",
    }  # fmt: skip
    template = {"id": "1", "digest": "'bench'", "subject": "'Hello'", "body": "'Hello'"}
    workflow = {"id": "1", "slug": "'bench-past'", "name": "'Reminders of the past'", "created_at": "%(anchor)s"}
    version = {"id": "1", "workflow_id": "1", "number": "1", "definition": "'{}'", "published_at": "%(anchor)s"}
    of_task = (
        f"generate_series(%(low)s::bigint, %(high)s::bigint) AS i JOIN crm_account a ON a.id = 1 + {pick(66, '%(n)s')}"
    )
    contacts = {"id": "i", **_person("i"), "is_primary": "true"}
    seconds = {"id": "%(n)s + i", **_person("i * 5"), "email": "'second.' || i || '@customer.example'"}
    buyers = f"{_OF_ACCOUNT} AND lifecycle <> 'lead'"
    return [
        Stage(User, TEAM, someone),
        Stage(Account, accounts, ACCOUNT),
        Stage(AccountSeen, accounts, {"account_id": "i", "at": _LAST_SEEN, "signed_up_on": _SIGNED_UP}),
        Stage(Contact, accounts, contacts),
        Stage(Contact, accounts // 5, seconds),
        Stage(ContactSeen, accounts * 6 // 5, {"contact_id": "i"}),
        Stage(Contract, accounts, CONTRACT, buyers),
        Stage(ContractTerm, accounts, TERM, buyers),
        Stage(TimelineEntry, accounts * 10, _entry(accounts), chunk=250_000),
        Stage(Task, accounts // 5, TASK, of_task),
        Stage(MailTemplate, 1, template),
        Stage(OutboundMessage, accounts // 10, MESSAGE),
        Stage(Workflow, 1, workflow),
        Stage(WorkflowVersion, 1, version),
        Stage(Enrollment, accounts // 5, ENROLLMENT),
    ]
