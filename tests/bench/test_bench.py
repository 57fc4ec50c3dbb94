"""The bench in small: that it runs, says what it should, refuses what it must. Not how quick anything is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.accounts.models import Account, AccountSeen
from crm.duplicates.models import AccountPair
from crm.pipelines.models import Deal
from crm.tickets.models import Ticket, TicketMessage, TicketSpell
from crm.timeline.models import TimelineEntry
from tests.bench import (
    asking,
    board,
    budgets,
    daily,
    database,
    fields,
    figures,
    pages,
    population,
    rows,
    run,
    spine,
    tables,
    ticket_rows,
    tickets,
)
from tests.bench.figures import Figure
from tests.bench.population import Population

ACCOUNTS = 2000


def bench(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("bench", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ["speed"],
            "There is no bench speed. Known: sweep, engine, rehearsal, pages, tickets, board, metrics, dashboard, "
            "search, fields, import, growth, memory, daily, sending.",
        ),
        (["--accounts", "999"], "999 accounts show nothing. Ask for 1000 or more."),
    ],
)
def test_what_cannot_be_measured_is_refused_and_nothing_is_made(
    arguments: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "prepare", lambda *a, **k: pytest.fail("a population was made"))
    assert bench(*arguments) == (2, why)


def test_without_the_tests_the_command_says_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tests.bench.machine", None)
    code, why = bench("pages")
    assert code == 2
    assert "is not here. Run it in a checkout" in why


def figure(key: str, ours: float, floor: float | None, unit: str = "ms") -> Figure:
    return Figure(key, key, ours, floor, unit)


@pytest.mark.parametrize(
    ("made", "met", "ratio"),
    [
        (figure("pages.tasks", 20, 10), True, 2),
        (figure("pages.tasks", 20.1, 10), False, 2.01),
        (figure("pages.queries", 12, None, "queries"), True, None),
        (figure("pages.queries", 13, None, "queries"), False, None),
        (figure("import.usage", 10, 100, "rows/s"), True, 10),
        (figure("import.usage", 9, 100, "rows/s"), False, 100 / 9),
        (figure("engine.second", 1.5, 1.6, "×"), False, 1.6 / 1.5),
        (figure("engine.second", 1.6, 1.6, "×"), True, 1),
        (figure("memory.sweep", 400, None, "MB"), True, None),
        (figure("memory.sweep", 401, None, "MB"), False, None),
        (figure("import.accounts", 1, 100, "rows/s"), None, 100),
    ],
)
def test_each_kind_of_budget_at_its_edge(made: Figure, met: bool | None, ratio: float | None) -> None:
    assert made.met is met
    assert made.ratio == pytest.approx(ratio) if ratio else made.ratio is None


def test_the_longest_key_gives_the_budget() -> None:
    assert budgets.budget_of("pages.deep.name") == budgets.BUDGETS["pages.deep"]
    assert budgets.budget_of("pages.accounts.name.deep") == budgets.BUDGETS["pages"]
    assert budgets.budget_of("import.accounts") is None


@pytest.mark.parametrize(("missed", "code"), [(False, 0), (True, 1)])
def test_exit_codes_and_json(missed: bool, code: int, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    made = figure("pages.tasks", 30 if missed else 15, 10)
    monkeypatch.setattr(run, "prepare", lambda *a, **k: None)
    monkeypatch.setitem(run.BENCHES, "pages", lambda population: [made])

    answered, text = bench("pages", "--json", "--accounts", "2000")

    said = json.loads(text)
    assert answered == code
    assert said["missed"] == int(missed)
    assert said["figures"][0] | {"more": {}} == {
        "key": "pages.tasks", "what": "pages.tasks", "ours": 30 if missed else 15, "floor": 10, "unit": "ms",
        "ratio": 3 if missed else 1.5, "budget": "≤ 2 × floor", "met": not missed, "sizes": "", "more": {},
    }  # fmt: skip
    assert {"cores", "memory_gb", "postgres", "settings"} <= set(said["machine"])


def test_the_tables_say_the_same() -> None:
    made = [figure("pages.tasks", 15.25, 10), figure("memory.sweep", 401, None, "MB")]
    assert "| pages.tasks | 15.2 ms | 10 ms | 1.52 | ≤ 2 × floor | met |  |" in tables.markdown(made, "")
    lines = tables.plain(made).splitlines()
    assert lines[0].split() == ["what", "ours", "floor", "ratio", "budget", "measured", "on"]
    assert lines[3].split() == ["memory.sweep", "401", "MB", "–", "–", "≤", "400", "MB", "MISSED"]


@pytest.fixture(scope="module")
def small(django_db_setup: None, django_db_blocker: Any) -> Iterator[Population]:
    """Kept on the tests' server for the next run, as the command does."""
    with django_db_blocker.unblock():
        made = population.prepare(ACCOUNTS)
        yield made
        connection.close()


@pytest.mark.real_time
def test_the_population_is_what_it_says(small: Population, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), small.entered():
        assert Account.objects.count() == ACCOUNTS
        assert TimelineEntry.objects.count() == ACCOUNTS * 10
        busy = TimelineEntry.objects.filter(account_id=rows.BUSY).count()
        assert rows.BUSY_ENTRIES <= busy < rows.BUSY_ENTRIES + 100
        silent = AccountSeen.objects.filter(silent_since__lte=small.anchor - spine.FORTNIGHT)
        assert silent.count() > 0.15 * ACCOUNTS
        assert population.prepare(ACCOUNTS) == small  # found, not made again


@pytest.mark.real_time
def test_one_left_half_filled_is_made_anew(small: Population, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        with small.entered(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bench_finished RENAME TO bench_unfinished")
        assert population._finished(small.database) is None
        with small.entered(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bench_unfinished RENAME TO bench_finished")
        assert population._finished(small.database) == small.anchor


def test_only_databases_of_the_bench_are_dropped() -> None:
    with pytest.raises(ValueError, match="no database of the bench"):
        database.drop("holdfast")


@pytest.mark.real_time
def test_pages_and_their_floors_answer_through_a_real_server(
    small: Population, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, kept_standing: None
) -> None:
    monkeypatch.setattr(asking, "WARM", 0)
    with django_db_blocker.unblock():
        found = {made.key: made for made in pages.measure(small, requests=2)}
    assert {f"pages.accounts.{sort}" for sort in ("name", "owner", "renewal", "-mrr", "silence")} <= set(found)
    assert {"pages.account.busy", "pages.tasks", "pages.today.kept", "pages.deep.owner"} <= set(found)
    assert {"pages.sight.own.accounts.name", "pages.sight.team.accounts.name.deep", "pages.sight.own.today.kept",
            "pages.sight.team.account"} <= set(found)  # fmt: skip
    assert found["pages.sight.own.contacts.name"].more["bytes"] < found["pages.contacts.name"].more["bytes"]
    assert found["pages.queries"].ours <= 12
    assert found["pages.accounts.name"].more["queries"] <= 12


@pytest.mark.real_time
def test_the_desk_is_filled_once_and_its_pages_and_their_floors_answer(
    small: Population, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, kept_standing: None
) -> None:
    monkeypatch.setattr(asking, "WARM", 0)
    with django_db_blocker.unblock():
        found = {made.key: made for made in tickets.measure(small, requests=1)}
        monkeypatch.setattr(tickets, "_fill", lambda *a: pytest.fail("tickets were filled in again"))
        with small.entered():
            tickets._prepare(small, ACCOUNTS // tickets.ONE_IN)
            assert Ticket.objects.count() * ticket_rows.SAID == TicketMessage.objects.count() - ticket_rows.BUSY_SAID
            assert TicketSpell.objects.filter(ended_at=None).count() == Ticket.objects.count()
            assert Ticket.objects.open().exists()
    measured = ("due", "mine", "latest", "latest.deep", "category", "insight.90")
    assert {f"tickets.{name}" for name in measured} <= set(found)
    assert all(made.more["queries"] <= 12 for made in found.values()), {k: m.more for k, m in found.items()}
    assert all(made.floor for made in found.values())


@pytest.mark.real_time
def test_a_board_is_filled_once_and_its_pages_and_their_floors_answer(
    small: Population, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, kept_standing: None
) -> None:
    monkeypatch.setattr(asking, "WARM", 0)
    with django_db_blocker.unblock():
        monkeypatch.setattr(board, "CLOSED", board.OPEN)
        found = {made.key: made for made in board.measure(small, requests=1)}
        monkeypatch.setattr(board, "insertion", lambda *a: pytest.fail("deals were filled in again"))
        with small.entered():
            board._prepare(small)
            assert Deal.objects.filter(outcome="open").count() == board.OPEN
    assert set(found) == {"board.whole", "board.mine", "board.forecast", "board.insight", "board.queries"}
    assert found["board.queries"].ours <= 12
    assert found["board.mine"].more["bytes"] < found["board.whole"].more["bytes"]


@pytest.mark.real_time
def test_fields_are_asked_before_and_after_their_indexes(small: Population, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        found = fields.measure(small, requests=1)
    told = {made.what: made.more.get("answered") for made in found}
    assert len(told) == 13
    assert all(answered == "1 of 1" for what, answered in told.items() if what != "indexes of four fields"), told


def test_what_is_done_each_day_runs_in_a_copy(small: Population, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        found = {figure.key: figure for figure in daily.measure(small)}
        with small.entered():
            assert not AccountPair.objects.exists()
    assert {
        "daily.segments",
        "daily.slice.duplicates",
        "daily.dunning",
        "daily.review",
        "daily.handover",
        "memory.daily",
    } <= set(found)
    assert not database.exists("holdfast_bench_daily")


def test_a_sweep_and_its_floor_write_the_same(small: Population, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        (swept,) = spine.sweep(small, times=1)
    assert (swept.key, swept.unit, swept.sizes) == ("sweep", "s", "2,000 accounts, 200 newly silent")
    assert swept.floor


def test_p95_is_near_the_worst() -> None:
    assert figures.p95([*range(1, 101)]) == pytest.approx(95.05)
