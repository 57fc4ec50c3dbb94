"""How many messages a second leave: real worker processes, a real mail server, the database of the settings.

`measure` needs a migrated database of its own: it empties the outbox first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from django.db.models import F

from crm.outbox.actions import template
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.web import clock
from tests.bench.floors import sending as floor

#: A worker sends until nothing is due, and says when it began and ended.
_WORKER = """
import json, os, sys, time
import django
django.setup()
from crm.outbox.actions import work
from crm.outbox.models import OutboundMessage, Sender
from crm.web import clock
from django.urls import reverse
Sender.the_default()
reverse("public:unsubscribe", args=["x"])  # a worker reads its addresses once in its life
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
began = time.time()
while work(clock.now()) or OutboundMessage.objects.filter(state="due").exists():
    pass
sys.stdout.write(json.dumps([began, time.time(), time.process_time()]) + "\\n")
"""

_SUBJECT = "Your first week with {{ account.name }}"
_BODY = """Dear {{ contact.first_name }},

you have been with us for a week now. {% if contract.plan %}Your plan is {{ contract.plan }}.{% endif %} Most people
begin with the reports: {{ base_url }}/reports. If anything is in your way, write to {{ owner.name }}.

Kind regards
{{ owner.name }}
"""
_FACTS = {"account": {"name": "Kelp & Co"}, "contract": {"plan": "Pro", "mrr": "100.00", "currency": "EUR"},
          "owner": {"name": "Mira Lang", "email": "mira@us.example"}, "settings": {}}  # fmt: skip

_PEOPLE = """
    WITH one AS (
        INSERT INTO crm_account (name, kind, domain, industry, country, timezone, tags, tier, primary_use_case,
            lifetime_spend, lifecycle, mrr, created_at, updated_at)
        SELECT 'Bench ' || n, 'company', '', '', '', '', '{}', '', '', 0, 'customer', 100, now(), now()
        FROM generate_series(1, %(count)s) AS n RETURNING id
    )
    INSERT INTO crm_contact (account_id, first_name, last_name, email, phone, title, timezone, language, email_consent,
        is_primary, created_at, updated_at)
    SELECT id, 'Anna', 'Nr ' || id, 'bench' || id || '@customer.example', '', '', '', '', '', true, now(), now()
    FROM one
"""
_MESSAGES = """
    INSERT INTO crm_outboundmessage (key, category, template_id, due_at, planned_for, account_id, contact_id, facts,
        origin, channel, series, state, attempts, attempts_limit, created_at, to_address, reason, guard, message_id,
        provider_id, rendered_subject, rendered_body)
    SELECT 'bench:' || id, 'service', %(template)s, %(due)s, %(due)s, account_id, id, %(facts)s::jsonb, '', 'email', '',
        'due', 0, 5, %(due)s, '', '', '', '', '', '', ''
    FROM crm_contact WHERE email LIKE 'bench%%' ORDER BY id LIMIT %(count)s
"""


@dataclass(frozen=True)
class Sending:
    """What one run came to."""

    messages: int
    seconds: float
    table_bytes: int  # the heap with its TOAST
    index_bytes: int
    worker_cpu: float  # seconds of all workers

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds


def fill(messages: int) -> None:
    """Customers with one service message each that is due, and nothing else in the outbox."""
    due = clock.now() - timedelta(minutes=1)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_outboundmessage, crm_decision, crm_slice, crm_timelineentry, crm_pending CASCADE")
        cursor.execute("SELECT count(*) FROM crm_contact WHERE email LIKE 'bench%'")
        cursor.execute(_PEOPLE, {"count": max(messages - cursor.fetchone()[0], 0)})
        values: dict[str, Any] = {
            "template": template(_SUBJECT, _BODY),
            "due": due,
            "facts": json.dumps(_FACTS),
            "count": messages,
        }
        cursor.execute(_MESSAGES, values)
        cursor.execute("ANALYZE crm_outboundmessage; ANALYZE crm_contact")
    MailPolicy.objects.update_or_create(pk=1, defaults={"mode": "live", "quiet_from": "00:00", "quiet_to": "00:00"})
    Sender.objects.update_or_create(name=Sender.DEFAULT, defaults={"per_minute": 1_000_000})


def measure(messages: int, workers: int, hold_xmin: bool = False) -> Sending:
    """Fill the outbox, let so many workers empty it, and see that every message left once.

    `hold_xmin`: meanwhile a transaction that began before keeps old versions of rows from being cleaned away.
    """
    fill(messages)
    with ExitStack() as stack:
        if hold_xmin:
            stack.enter_context(_old_transaction())
        took = stack.enter_context(_sink())
        environment = _environment(EMAIL_URL=f"smtp://127.0.0.1:{took.port}")
        runs = _together([sys.executable, "-c", _WORKER], workers, environment)
        seconds = max(end for _, end, _ in runs) - min(began for began, _, _ in runs)
        assert took.count() == messages
        assert OutboundMessage.objects.filter(state="sent", attempts_limit=F("attempts") + 4).count() == messages
        heap, indexes = _sizes("crm_outboundmessage")
    return Sending(messages, seconds, heap, indexes, sum(cpu for _, _, cpu in runs))


def measure_floor(messages: int, workers: int) -> float:
    """Messages a second of the bare loop on the same database and mail server."""
    with connection.cursor() as cursor:
        cursor.execute(floor.TABLE)
        cursor.execute(floor.FILL, [messages])
    with _sink() as took:
        command = [sys.executable, floor.__file__, _url(), str(took.port)]
        runs = _together(command, workers, _environment())
        seconds = max(end for _, end in runs) - min(began for began, _ in runs)
        assert took.count() == messages
    return messages / seconds


@dataclass
class _Took:
    port: int
    count: Callable[[], int]


@contextmanager
def _sink() -> Iterator[_Took]:
    command = [sys.executable, "-m", "tests.bench.sink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        port = int(process.stdout.readline())

        def count() -> int:
            process.stdin.close()  # type: ignore[union-attr]
            return int(process.stdout.readline())  # type: ignore[union-attr]

        try:
            yield _Took(port, count)
        finally:
            process.kill()


def _together(command: Sequence[str], workers: int, environment: dict[str, str]) -> list[list[float]]:
    """Start so many, let them go at the same moment, and return what each says at the end."""
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in processes]


@contextmanager
def _old_transaction() -> Iterator[None]:
    with psycopg.connect(_url()) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT count(*) FROM crm_outboundmessage")
        yield


def _environment(**more: str) -> dict[str, str]:
    own = {"DATABASE_URL": _url(), "DJANGO_SETTINGS_MODULE": "crm.config.settings", "PYTHONPATH": os.getcwd()}
    return os.environ | own | more


def _url() -> str:
    """The database that Django is connected to, for processes of our own."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def _sizes(table: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [table, table])
        heap, indexes = cursor.fetchone()
    return heap, indexes
