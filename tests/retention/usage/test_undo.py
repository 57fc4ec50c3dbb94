"""A file of usage taken back: days, when somebody was last seen, and first uses, also with other files behind it."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from crm.history.models import Act
from crm.imports.actions import import_file
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.timeline.models import TimelineEntry
from retention.usage.models import UsageBefore, UsageDay
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

HEADER = "account_external_id,contact_email,feature,occurred_at,count\n"
MAY = datetime(2026, 5, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
names = itertools.count()


@pytest.fixture
def load(tmp_path):
    def load(rows):
        path = tmp_path / f"usage{next(names)}.csv"
        path.write_text(HEADER + rows)
        report = import_file("usage", path, now=NOON)
        return Import.objects.get(pk=report.import_id)

    return load


@pytest.fixture
def anna(db):
    return factories.contact(factories.account("Acme", external_id="acme"), email="anna@acme.example")


def undo(made):
    with transaction.atomic():
        undo_import(made, None, NOON)
    return made.report["removed"], made.report["reverted"], made.kept.count()


def row(day, count, feature="exports"):
    return f"acme,anna@acme.example,{feature},{(MAY + day * DAY).isoformat()},{count}\n"


def counts():
    return {day.day: number for day, number in UsageDay.objects.values_list("day", "count")}


def seen(contact):
    contact.refresh_from_db()
    contact.account.refresh_from_db()
    return contact.seen.at, contact.account.seen.at


def test_what_a_file_brought_goes_and_what_follows_from_it(load, anna):
    made = load(row(0, 2) + row(1, 3, "boards"))
    assert seen(anna) == (MAY + DAY, MAY + DAY)
    assert undo(made) == (2, 0, 0)
    assert not UsageDay.objects.exists()
    assert not TimelineEntry.objects.filter(kind="usage.first").exists()
    assert seen(anna) == (None, None)
    assert Import.objects.get().state == Import.State.UNDONE


def test_a_day_that_was_there_is_again_what_it_was_and_the_first_use_stays(load, anna):
    load(row(0, 2))
    assert undo(load(row(0, 9) + row(3, 1))) == (1, 1, 0)
    assert counts() == {1: 2}
    assert seen(anna) == (MAY, MAY)
    assert TimelineEntry.objects.filter(kind="usage.first").count() == 1
    assert not UsageBefore.objects.exists()


def test_a_day_that_another_file_has_set_since_stays_and_is_named(load, anna):
    first = load(row(0, 2) + row(1, 2))
    later = load(row(0, 5))
    assert undo(first) == (1, 0, 1)
    assert counts() == {1: 5}
    kept = first.kept.get()
    assert (kept.name, kept.reason) == ("exports, 2026-05-01, Acme", "something else has counted it since")
    # Without the first file the day was not there: so it goes with the later one.
    assert undo(later) == (1, 0, 0)
    assert counts() == {}
    assert seen(anna) == (None, None)


def test_the_later_file_first_and_each_day_goes_through_what_it_was(load, anna):
    first, second, third = load(row(0, 2)), load(row(0, 5)), load(row(0, 7))
    assert undo(second) == (0, 0, 1)
    assert counts() == {1: 7}
    assert undo(third) == (0, 1, 0)
    assert counts() == {1: 2}
    assert undo(first) == (1, 0, 0)
    assert counts() == {}


def test_who_was_seen_later_stays_seen_then(load, anna):
    made = load(row(0, 2))
    factories.seen(NOON, account=anna.account)
    assert undo(made) == (1, 0, 0)
    assert seen(anna) == (None, NOON)


def test_a_day_without_a_moment_counts_to_its_end(load, anna):
    UsageDay.objects.create(account=anna.account, contact=anna, feature="old", day=date(2026, 4, 2), count=1)
    undo(load(row(0, 2)))
    end = datetime(2026, 4, 3, tzinfo=UTC)
    assert seen(anna) == (end, end)


def test_history_takes_the_same_way(load, anna, ada):
    from crm.history.actions import undo as undo_act

    made = load(row(0, 2))
    undo_act(Act.objects.get(pk=made.act_id), ada, NOON)
    made.refresh_from_db()
    assert (made.state, counts()) == (Import.State.UNDONE, {})


def test_the_command_undoes_it_once(load, anna, capsys):
    made = load(row(0, 2))
    call_command("undo_import", str(made.pk))
    assert capsys.readouterr().out == "removed 1\nreverted 0\nkept 0\n"
    with pytest.raises(Exception, match="undone already"):
        call_command("undo_import", str(made.pk))


def test_notes_of_files_that_cannot_be_undone_any_more_are_forgotten(load, anna):
    load(row(0, 2))
    second = load(row(0, 5))
    assert UsageBefore.objects.get().import_id == second.pk
    Import.objects.filter(pk=second.pk).update(finished_at=NOON - 31 * DAY)
    load(row(1, 1))
    assert not UsageBefore.objects.exists()
