import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import override_settings

from crm.accounts.models import Account
from crm.imports.actions import import_file
from crm.slots import filter_subjects
from crm.timeline.models import Pending, TimelineEntry
from retention.usage.models import UsageDay
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

HEADER = "account_external_id,contact_email,feature,occurred_at,count\n"
names = itertools.count()


@pytest.fixture
def load(tmp_path):
    def load(rows, now=NOON):
        path = tmp_path / f"usage{next(names)}.csv"
        path.write_text(HEADER + rows)
        report = import_file("usage", path, now=now)
        rejects = path.with_name(f"{path.name}.rejects.csv")
        load.rejects = rejects.read_text("utf-8-sig").splitlines()[1:] if rejects.exists() else []
        return report.created, report.updated, report.skipped, report.rejected

    return load


@pytest.fixture
def acme(db):
    return factories.account("Acme", external_id="acme")


@pytest.fixture
def anna(acme):
    return factories.contact(acme, email="anna@acme.example")


def days():
    return list(UsageDay.objects.order_by("day", "id").values_list("contact__email", "feature", "day", "count"))


def test_rows_of_one_day_add_up_and_replace_what_was_there(load, acme, anna):
    rows = (
        "acme,anna@acme.example,exports,2026-05-01T09:00:00Z,2\nacme,ANNA@acme.example,exports,2026-05-01T10:00:00Z,\n"
        "acme,,exports,2026-05-01T10:00:00Z,5\n,anna@acme.example,exports,2026-05-02,1\n"
    )
    assert load(rows) == (4, 0, 0, 0)
    expected = [
        ("anna@acme.example", "exports", date(2026, 5, 1), 3), (None, "exports", date(2026, 5, 1), 5),
        ("anna@acme.example", "exports", date(2026, 5, 2), 1),
    ]  # fmt: skip
    assert sorted(days(), key=str) == sorted(expected, key=str)
    assert load(rows) == (0, 0, 4, 0)
    assert sorted(days(), key=str) == sorted(expected, key=str)
    assert load("acme,anna@acme.example,exports,2026-05-01,9\n") == (0, 1, 0, 0)
    assert UsageDay.objects.get(contact=anna, day=date(2026, 5, 1)).count == 9


def test_the_day_is_the_installations(load, acme):
    with override_settings(TIME_ZONE="America/New_York"):
        load("acme,,f,2026-05-02T03:59:59Z,1\nacme,,f,2026-05-02T04:00:00Z,1\nacme,,f,2026-05-05,1\n")
    assert [row[2] for row in days()] == [date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 5)]


def test_last_seen_moves_forward_only_and_never_past_now(load, acme, anna):
    load("acme,anna@acme.example,f,2026-05-02T10:00:00Z,1\nacme,,f,2026-05-03T10:00:00Z,1\nacme,,f,2026-05-20,0\n")
    acme.refresh_from_db()
    anna.refresh_from_db()
    assert acme.seen.at == datetime(2026, 5, 3, 10, tzinfo=UTC)
    assert anna.seen.at == datetime(2026, 5, 2, 10, tzinfo=UTC)
    load("acme,anna@acme.example,f,2026-04-02T10:00:00Z,1\n")
    acme.refresh_from_db()
    anna.refresh_from_db()
    assert acme.seen.at == datetime(2026, 5, 3, 10, tzinfo=UTC)
    assert anna.seen.at == datetime(2026, 5, 2, 10, tzinfo=UTC)
    load("acme,,f,2026-06-02T12:00:00Z,1\n")
    acme.refresh_from_db()
    assert acme.seen.at == NOON


def test_the_first_use_of_a_feature_is_a_fact_once_and_fires_nothing(load, acme, anna):
    load("acme,anna@acme.example,exports,2026-05-02T10:00:00Z,1\nacme,,exports,2026-05-01T10:00:00Z,1\n"
         "acme,,empty,2026-05-01,0\n")  # fmt: skip
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.account, entry.source) == ("usage.first", acme, "import")
    assert (entry.occurred_at, entry.payload) == (datetime(2026, 5, 1, 10, tzinfo=UTC), {"feature": "exports"})
    load("acme,,exports,2026-04-01T10:00:00Z,1\nacme,,boards,2026-04-01T10:00:00Z,1\n")
    assert TimelineEntry.objects.count() == 2
    assert not Pending.objects.exists()


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("nowhere,,f,2026-05-01,1", "account_external_id", "is the id of no customer here"),
        ("acme,nobody@x.example,f,2026-05-01,1", "contact_email", "is the address of no contact"),
        ("acme,ben@bolt.example,f,2026-05-01,1", "contact_email", "is the address of somebody at another account"),
        (",,f,2026-05-01,1", "account_external_id", "account_external_id or contact_email is missing"),
        ("acme,,,2026-05-01,1", "feature", "is missing"),
        ("acme,,f,,1", "occurred_at", "is missing"),
        ("acme,,f,2026-06-02T12:00:01Z,1", "occurred_at", "lies in the future"),
        ("acme,,f,2026-05-01,-1", "count", "is not a whole number"),
    ],
)
def test_what_rejects_a_row(load, acme, row, column, reason):
    factories.contact(factories.account(), email="ben@bolt.example")
    assert load(row + "\n") == (0, 0, 0, 1)
    assert load.rejects[0].split(",")[1] == column
    assert reason in load.rejects[0]
    assert not UsageDay.objects.exists()
    assert not TimelineEntry.objects.exists()


def test_a_count_that_cannot_be_kept_rejects_its_rows(load, acme):
    assert load("acme,,f,2026-05-01,999999999\n" * 3 + "acme,,g,2026-05-01,1\n") == (1, 0, 0, 3)
    assert [row[1:] for row in days()] == [("g", date(2026, 5, 1), 1)]


def test_filters_ask_for_totals_and_features(acme, anna):
    other = factories.account("Bolt")
    for number, feature in enumerate(["exports", "exports", "boards"]):
        UsageDay.objects.create(account=acme, contact=anna, feature=feature, day=date(2026, 5, 1 + number), count=5)
    UsageDay.objects.create(account=other, feature="boards", day=date(2026, 5, 1), count=0)
    fields = filter_subjects["account"].fields
    found = Account.objects.annotate(
        total=fields["usage.total"].expression("exports", NOON),
        features=fields["usage.features"].expression(None, NOON),
    ).order_by("name")
    assert list(found.values_list("name", "total", "features")) == [("Acme", 10, 2), ("Bolt", 0, 0)]


def test_the_clock_walks(load, acme):
    row = "acme,,f,2026-06-10T12:00:00Z,1\n"
    assert load(row) == (0, 0, 0, 1)
    assert load(row, now=NOON + timedelta(days=9)) == (1, 0, 0, 0)
