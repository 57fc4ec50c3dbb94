"""One clock, one list of recurring work, and jobs that only ring."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

from crm.config.celery import app
from tests.architecture import source

#: The one clock.
CLOCK = "crm/web/clock.py"
#: How the machine's own time is asked for.
_MACHINE = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|timezone\.(now|localdate)|Now|time\.time)$")
_SQL_NOW = re.compile(r"\bnow\(\)|\bcurrent_(timestamp|date|time)\b|\b(clock|statement|transaction)_timestamp\(", re.I)
_SQL = re.compile(r"\b(select|insert|update|delete|where|set)\b", re.I)
#: May read the machine's clock, and why.
_BY_THE_MACHINE: dict[str, str] = {}


def test_only_the_clock_knows_what_time_it_is():
    asked = [
        source.at(path, node)
        for path in source.python()
        if source.name(path) not in (CLOCK, *_BY_THE_MACHINE)
        for node, words in source.calls(path)
        if _MACHINE.search(words)
    ]
    assert asked == []


def test_no_statement_asks_postgres_for_the_time():
    """A travelling clock would not reach it."""
    asked = [
        source.at(path, node)
        for path in source.python()
        for node in source.strings(path)
        if _SQL_NOW.search(node.value) and _SQL.search(node.value)
    ]
    assert asked == []


def test_rules_are_told_the_time():
    told = [
        source.at(path, n)
        for path in source.modules("rules")
        for n, words in source.calls(path)
        if words == "clock.now"
    ]
    assert told == []


def test_every_name_in_the_schedule_is_a_job():
    for room in settings.ROOMS:  # as autodiscovery does, without Celery's other fixtures
        if find_spec(f"{room}.jobs"):
            import_module(f"{room}.jobs")
    scheduled = {name: entry["task"] for name, entry in app.conf.beat_schedule.items()}
    assert {name: job for name, job in scheduled.items() if job not in app.tasks} == {}


def test_the_schedule_has_intervals_only():
    """Crontabs run twice or never when clocks change."""
    assert {n: e["schedule"] for n, e in app.conf.beat_schedule.items() if not isinstance(e["schedule"], float)} == {}


def test_nothing_is_sent_to_celery_but_by_its_schedule():
    """Nor by a later hour of Celery's: what is due lives in Postgres, and Redis may forget."""
    sending = re.compile(r"\.(delay|apply_async|send_task|signature|s|si)$")
    sent = [
        source.at(path, node)
        for path in source.python()
        for node, words in source.calls(path)
        if (sending.search(words) and not words.startswith(("re.", "self.assert")))
        or {keyword.arg for keyword in node.keywords} & {"countdown", "eta"}
    ]
    assert sent == []


def test_jobs_are_a_few_lines():
    """A job asks the clock and calls a verb; what it does is the verb's."""
    long = [
        f"{source.at(path, node)} {node.name}"
        for path in source.modules("jobs")
        for node in ast.walk(source.tree(path))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.body[0].lineno + 1 > 10
    ]
    assert long == []
