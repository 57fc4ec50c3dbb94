"""Lost, doubled, uncertain, stuck: the receiver's own log held against the scenario's own list and the journal.

The list is made by the test that plans the mails, the log by the process that took them; what Holdfast believes
comes last, and must agree with both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from crm.outbox import journal

#: States in which a message may rest without having arrived, if it says why.
EXPLAINED = frozenset({"skipped", "failed", "cancelled"})


@dataclass(frozen=True)
class Row:
    """A planned message as the journal has it."""

    pk: int
    state: str
    reason: str = ""
    lease_until: datetime | None = None


@dataclass
class Findings:
    """Items by what is wrong with them. `uncertain` and `explained` are no faults by themselves."""

    planned: int
    taken: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # taken, but nobody planned them
    denied: list[str] = field(default_factory=list)  # taken, but the journal says it never left
    stuck: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # uncertain, but verify_journal does not say so
    journal: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    uncertain_taken: int = 0
    explained: list[str] = field(default_factory=list)

    FAULTS = ("lost", "doubled", "foreign", "denied", "stuck", "waiting", "unlisted", "journal")

    @property
    def faults(self) -> dict[str, list[str]]:
        return {kind: found[:5] for kind in self.FAULTS if (found := getattr(self, kind))}

    def figures(self) -> dict[str, int]:
        return {name: len(found) if isinstance(found, list) else found for name, found in asdict(self).items()}


def item_of(address: str, subject: str) -> str:
    """What a planned mail is called in the scenario's list, in the log and in the journal."""
    return f"{address}: {subject}"


def judge(
    planned: Iterable[str], taken: Sequence[Mapping[str, Any]], rows: Mapping[str, Row], listed: set[int],
    now: datetime, *, excused: frozenset[str] = frozenset(),
) -> Findings:  # fmt: skip
    """Compare. Items are `item_of(reader's address, subject)`, one for each planned mail. `excused`: states that the
    scenario expects (such as skipped), of rows which say why; `listed`: the ids that verify_journal calls uncertain.
    """
    items = list(planned)
    arrivals = Counter(item_of(line["to"], line["subject"]) for line in taken if not line["again"])
    identities = Counter(line["message_id"] for line in taken if not line["again"] and line["message_id"])
    found = Findings(planned=len(items), taken=sum(arrivals.values()))
    found.doubled = [item for item, count in arrivals.items() if count > 1]
    found.doubled += [identity for identity, count in identities.items() if count > 1]
    found.foreign = sorted(set(arrivals) - set(items))
    for item in items:
        _judge_one(item, rows.get(item), arrivals[item], listed, now, excused, found)
    return found


def _judge_one(
    item: str, row: Row | None, arrived: int, listed: set[int], now: datetime, excused: frozenset[str], found: Findings
) -> None:
    state = row.state if row else "missing"
    if row and state in ("claimed", "sending"):
        over = row.lease_until is None or row.lease_until <= now
        (found.stuck if over else found.waiting).append(item)
    elif state == "due" and not arrived:
        found.waiting.append(item)
    elif row and state == "uncertain":
        found.uncertain.append(item)
        found.uncertain_taken += bool(arrived)
        if row.pk not in listed:
            found.unlisted.append(item)
    elif row and not arrived and state in excused & EXPLAINED and row.reason:
        found.explained.append(item)
    elif not arrived:
        found.lost.append(item)
    elif state != "sent":
        found.denied.append(item)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Every mail that was taken, in order."""
    with open(folder / "taken.jsonl") as log:
        return [json.loads(line) for line in log]


def check(planned: Iterable[str], folder: Path, now: datetime, *, excused: frozenset[str] = frozenset()) -> Findings:
    """The findings at this moment, with all that verify_journal complains about."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(nullif(m.to_address, ''), c.email, ''),"
            " coalesce(nullif(m.rendered_subject, ''), m.facts #>> '{settings,item}', m.key),"
            " m.id, m.state, m.reason, m.lease_until"
            " FROM crm_outboundmessage m LEFT JOIN crm_contact c ON c.id = m.contact_id"
        )
        rows = {item_of(to, subject): Row(*row) for to, subject, *row in cursor.fetchall()}
    report = journal.verify(now)
    listed = {int(line.split()[1].rstrip(":")) for line in report["uncertain"]}
    found = judge(planned, read_log(folder), rows, listed, now, excused=excused)
    found.journal = [line for kind in journal.FAULTS for line in report[kind]]
    return found
