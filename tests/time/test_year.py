"""A simulated year in seven zones with crooked clocks, through files, recipes, ledger, engine, outbox and `tick`.

Every mail, task and term is compared with what a clerk with a calendar (cast.py) would have written down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection

from crm import slots
from crm.ledger.models import ContractTerm
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from tests.time import cast as casting
from tests.time.calendar import DAY, HOUR, Span, is_quiet
from tests.time.cast import Customer, Mails
from tests.time.conftest import Letterbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_time]

OPENINGS = ("Welcome,", "How others", "How was", "Your contract", "Something that")
NO_SLACK = timedelta(0)
type Pass = Callable[[datetime, datetime], None]


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, 12, tzinfo=UTC)


def jump(start: datetime, end: datetime) -> None:
    """As `tick` walks: from one due moment to the next."""
    call_command("tick", "--now", end.isoformat())


def hour_by_hour(start: datetime, end: datetime) -> None:
    """As workers work whom a slow beat wakes every full hour: they know of no due moment."""
    moment = start
    while moment <= end:
        with clock.travelling(moment):
            while sum(work.run(moment) for work in slots.work):
                pass
        moment += HOUR


def in_a_strange_process(start: datetime, end: datetime) -> None:
    """As `tick` walks, on a machine that stands in Newfoundland as far as its own clock knows."""
    name = connection.settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?"), "TZ": "America/St_Johns",
        "PGTZ": "Asia/Kathmandu", "TIME_ZONE": django_settings.TIME_ZONE, "EMAIL_URL": django_settings.EMAIL_URL,
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "manage.py", "tick", "--now", end.isoformat()], env=environment, check=True,
        cwd=django_settings.BASE_DIR, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def live(span: Span, customers: list[Customer], folder: Path, let_pass: Pass) -> None:
    """Users, files and recipes on the first day; then the time passes, and who is seen comes in by file."""
    for name, role in {"Ada": "admin", "Mira": "manager", "Ben": "manager"}.items():
        User.objects.create_user(f"{name.lower()}@example.com", "correct horse", name=name, role=role)
    with clock.travelling(span.start):
        for kind, path in casting.write_files(customers, folder).items():
            call_command("import_csv", kind, str(path))
        call_command("mail", "--live")
        call_command("recipes", "--enable", "onboarding", "renewal-reminder", "inactivity")
    jump(span.start, span.start)
    reached = span.start
    for moment, rows in casting.later_usage(customers).items():
        let_pass(reached, moment)
        with clock.travelling(moment):
            call_command("import_csv", "usage", str(casting.write_csv(folder / "seen.csv", rows)))
        reached = moment
    let_pass(reached, span.end)


def arrived(box: Letterbox) -> Mails:
    mails: Mails = {}
    for letter in box.letters:
        if letter.to.endswith("@customer.example"):
            opening = next(opening for opening in OPENINGS if letter.subject.startswith(opening))
            mails.setdefault((letter.to, opening), []).append(letter.at)
    return {key: sorted(times) for key, times in mails.items()}


def check(span: Span, customers: list[Customer], box: Letterbox, slack: timedelta) -> int:
    """Compare everything that came of it with the clerk's list; returns the number of mails. Nothing comes early,
    and nothing later than `slack`."""
    wanted, got = casting.expected(customers, span), arrived(box)
    assert {key: len(times) for key, times in got.items()} == {key: len(times) for key, times in wanted.items()}
    where = {customer.email: customer.where for customer in customers}
    for key, times in wanted.items():
        for expected, seen in zip(times, got[key], strict=True):
            assert expected <= seen <= expected + slack, (key, where[key[0]], expected, seen)
            assert not is_quiet(seen, where[key[0]]), (key, where[key[0]], seen)
    _check_cap(got)
    tasks: dict[str, list[str]] = {}
    for task in Task.objects.select_related("account", "owner"):
        tasks.setdefault(task.account.name, []).append(task.owner.email if task.owner else "")
    assert tasks == casting.expected_tasks(customers, span)
    _check_terms(customers)
    _check_journal(span)
    identities = [(letter.to, str(letter.message["Message-ID"])) for letter in box.letters]
    assert len(set(identities)) == len(identities)
    return sum(map(len, got.values()))


def _check_cap(got: Mails) -> None:
    by_reader: dict[str, list[datetime]] = {}
    for (reader, _), times in got.items():
        by_reader.setdefault(reader, []).extend(times)
    for reader, times in by_reader.items():
        times.sort()
        for first, fourth in zip(times, times[3:], strict=False):
            assert fourth - first >= 7 * DAY, (reader, first, fourth)


def _check_terms(customers: list[Customer]) -> None:
    booked: dict[str, list[Any]] = {}
    rows = ContractTerm.objects.order_by("starts_on").values_list("contract__external_id", "starts_on", "ends_on")
    for number, starts_on, ends_on in rows:
        booked.setdefault(number, []).append((starts_on, ends_on))
    assert booked == {str(customer.number): customer.booked() for customer in customers}


def _check_journal(span: Span) -> None:
    out = StringIO()
    with clock.travelling(span.end):
        call_command("verify_journal", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert [report[kind] for kind in ("lost", "doubled", "late", "uncertain")] == [0, 0, 0, 0], report["details"]
    refused = OutboundMessage.objects.exclude(state="sent")
    refusals = {("skipped", "consent"), ("skipped", "workflow"), ("due", "cap")}
    assert set(refused.values_list("state", "guard")) <= refusals


#: From one 1 July to the next, 29 February 2028 among its days.
YEAR = (day(2027, 7, 1), day(2028, 7, 1))


def prove(span: Span, let_pass: Pass, count: int, slack: timedelta, box: Letterbox, folder: Path) -> None:
    customers = casting.cast(count, span)
    if let_pass is in_a_strange_process:  # one process for all of the time: nobody comes in by file meanwhile
        for customer in customers:
            customer.seen = [seen for seen in customer.seen if seen <= span.start]
    began = time.monotonic()
    live(span, customers, folder, let_pass)
    mails = check(span, customers, box, slack)
    seconds = time.monotonic() - began
    terms, tasks = ContractTerm.objects.count(), Task.objects.count()
    print(f"{span.days} days, {count} customers: {mails} mails, {tasks} tasks, {terms} terms in {seconds:.0f} s")  # noqa: T201


@pytest.mark.parametrize(
    ("span", "let_pass", "count", "slack"),
    [
        (Span(day(2028, 3, 29), day(2028, 4, 5), "Australia/Lord_Howe"), jump, 36, NO_SLACK),
        (Span(day(2028, 2, 27), day(2028, 3, 2), "Pacific/Kiritimati"), in_a_strange_process, 12, NO_SLACK),
        (Span(day(2027, 10, 30), day(2027, 11, 1), "Pacific/Chatham"), hour_by_hour, 24, HOUR),
    ],
    ids=["three-changes", "leap-day-in-a-strange-process", "hour-by-hour"],
)
def test_days_around_the_changes_of_the_clocks(
    span: Span, let_pass: Pass, count: int, slack: timedelta, letterbox: Letterbox, settings: Any, tmp_path: Path
) -> None:
    settings.TIME_ZONE = span.home
    prove(span, let_pass, count, slack, letterbox, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    ("span", "let_pass", "count", "slack"),
    [
        (Span(*YEAR, "America/Santiago"), jump, 1000, NO_SLACK),
        (Span(*YEAR, "Pacific/Kiritimati"), hour_by_hour, 1000, HOUR),
        (Span(day(2027, 8, 27), day(2027, 10, 12), "Australia/Lord_Howe"), jump, 192, NO_SLACK),
        (Span(day(2027, 10, 24), day(2027, 11, 16), "Pacific/Chatham"), in_a_strange_process, 96, NO_SLACK),
        (Span(day(2028, 2, 20), day(2028, 4, 12), "America/Santiago"), hour_by_hour, 192, HOUR),
    ],
    ids=["year", "year-hour-by-hour", "southern-spring", "northern-autumn-in-a-strange-process", "leap-spring"],
)
def test_a_whole_year(
    span: Span, let_pass: Pass, count: int, slack: timedelta, letterbox: Letterbox, settings: Any, tmp_path: Path
) -> None:
    settings.TIME_ZONE = span.home
    prove(span, let_pass, count, slack, letterbox, tmp_path)
