"""The audit counts each gap once, by owner, and says the same as the list behind the figure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import slots
from crm.accounts.models import Account, Contact
from crm.duplicates.models import AccountPair
from crm.outbox.models import Suppression
from crm.outbox.suppressing import suppress
from crm.quality import counting, reading, rules
from crm.quality.models import DataCount, DataSweep
from crm.segments.filters import parse
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def count(now: Any = NOON) -> None:
    assert counting.count_again(now)


def figures(viewer: User) -> dict[str, tuple[int, int]]:
    labels = {id(check): name for name, check in slots.data_checks.items()}
    return {
        labels[id(line.check)]: (line.found, line.of)
        for _, gaps, clean in reading.groups(viewer)
        for line in (*gaps, *clean)
    }


def complete(name: str, **fields: Any) -> Account:
    known = {"domain": f"{name.lower()}.example", "industry": "Print", "country": "DE", "timezone": "Europe/Berlin"}
    made = factories.account(name, **(known | fields))
    factories.contact(made, phone="+49 30 1234567", email_consent="yes", roles=["decides"])
    return made


def test_a_record_without_a_gap_has_the_full_score(ada: User) -> None:
    complete("Kelp", owner=ada)
    count()
    assert {name: found for name, (found, _) in figures(ada).items() if found} == {}
    trend = reading.trend(ada, NOON)
    assert trend
    assert trend.score == 100


def test_each_gap_is_counted_among_those_whom_it_concerns(ada: User) -> None:
    complete("Kelp", owner=ada)
    bare = factories.account("Bare", lifecycle="customer", created_at=NOON - timedelta(days=30))
    factories.account("Anna Weber", kind="person", lifecycle="lead")
    factories.contact(bare, email=None)
    count()
    found = figures(ada)
    assert found["owner"] == (2, 3)
    assert found["domain"] == (1, 2), "a person needs none"
    assert (found["industry"], found["country"], found["timezone"]) == ((2, 3), (2, 3), (2, 3))
    assert found["decider"] == (1, 1), "leads decide nothing yet"
    assert found["untouched"] == (1, 1)
    assert (found["email"], found["phone"]) == ((1, 2), (1, 2))
    assert found["consent"] == (0, 1), "whom nobody can write to need not agree"


def test_a_day_less_than_a_month_is_not_left_alone(ada: User) -> None:
    tick = timedelta(microseconds=1)
    factories.account("Bare", lifecycle="customer", created_at=NOON - timedelta(days=30) + tick)
    count()
    assert figures(ada)["untouched"] == (0, 1)


def test_contracts_that_have_no_end_or_ended_and_are_called_paid(ada: User) -> None:
    today = NOON.date()
    for name, start, end, status in (
        ("Endless", date(2026, 1, 1), None, "paid"),
        ("Lapsed", date(2025, 1, 1), today, "paid"),
        ("Lapsed before", date(2025, 1, 1), today - timedelta(days=89), "paid"),
        ("Long ago", date(2025, 1, 1), today - timedelta(days=90), "paid"),
        ("Runs", date(2025, 1, 1), today + timedelta(days=1), "paid"),
        ("Gone", date(2025, 1, 1), today, "cancelled"),
    ):
        factories.contract(factories.account(name, lifecycle="customer"), start, end, status=status)
    count()
    assert figures(ada)["endless"] == (1, 6)
    assert figures(ada)["lapsed"] == (2, 6)


def test_addresses_that_get_nothing_pairs_that_wait_and_facts_that_contradict(ada: User) -> None:
    one, two = (
        factories.account("Kelp", customer_since=date(2026, 1, 1), signed_up_on=date(2026, 1, 2)),
        factories.account("Kelb"),
    )
    AccountPair.objects.create(first=one, second=two, strength=60, signs=["name"])
    factories.contact(one, email="gone@kelp.example", email_consent="yes", do_not_contact=True)
    erased = factories.contact(two, email="erased@kelb.example", birthday=NOON.date() + timedelta(days=1))
    factories.contact(two, birthday=NOON.date())
    suppress("gone@kelp.example", "550 no such mailbox", NOON)
    suppress(Suppression.digest(erased.email or ""), "erased", NOON)
    count()
    found = figures(ada)
    assert found["suppressed"] == (2, 3)
    assert found["account_twice"] == (2, 2)
    assert found["account_facts"] == (1, 2)
    assert found["contact_facts"] == (2, 3)


def test_a_pair_that_somebody_decided_about_waits_no_more(ada: User) -> None:
    one, two = factories.account("Kelp"), factories.account("Kelb")
    AccountPair.objects.create(first=one, second=two, strength=60, signs=["name"], apart_at=NOON)
    count()
    assert figures(ada)["account_twice"] == (0, 2)


def test_every_figure_is_that_of_the_list_behind_it(ada: User, mira: User) -> None:
    complete("Kelp", owner=ada, lifecycle="customer")
    bare = factories.account("Bare", owner=mira, lifecycle="customer", created_at=NOON - timedelta(days=99))
    factories.contact(bare, email=None)
    factories.contact(bare, do_not_contact=True, email_consent="yes")
    factories.contract(bare, date(2026, 1, 1))
    count()
    for name, check in slots.data_checks.items():
        model: Any = Account if check.subject == "account" else Contact
        tree = {"all": [check.among, check.tree]} if check.among else dict(check.tree)
        listed = parse(tree, check.subject).apply(model.objects.all(), NOON).count()
        assert figures(ada)[name][0] == listed, name


def test_who_sees_their_own_gets_their_own_figures_and_those_of_nobody(ada: User, mira: User, olaf: User) -> None:
    for owner, name in ((mira, "Hers"), (mira, "Hers too"), (olaf, "His"), (None, "Nobody’s")):
        factories.account(name, owner=owner)
    count()
    assert figures(ada)["industry"] == (4, 4)
    assert figures(olaf)["industry"] == (2, 2)
    assert figures(olaf)["owner"] == (1, 2)
    trend = reading.trend(olaf, NOON)
    assert trend
    assert trend.score < 100


def test_the_count_walks_in_slices_and_adds_them_up(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLICE", 2)
    for number in range(5):
        factories.contact(factories.account(f"Bare {number}"))
    assert [counting.run(NOON) for _ in range(6)] == [2, 2, 3, 2, 1, 0]
    assert figures(ada)["industry"] == (5, 5)
    assert figures(ada)["phone"] == (5, 5)
    assert DataSweep.the_only().gathered == {}


def test_it_is_due_again_after_six_hours_and_sooner_only_when_asked(ada: User) -> None:
    factories.account("Bare")
    assert counting.run(NOON) == 1
    assert counting.run(NOON + rules.COUNT_EVERY - timedelta(microseconds=1)) == 0
    assert counting.run(NOON + rules.COUNT_EVERY) == 1
    soon = NOON + rules.COUNT_EVERY + rules.AGAIN_AFTER
    factories.account("Another")
    assert counting.count_again(soon - timedelta(microseconds=1))
    assert figures(ada)["industry"] == (1, 1), "that was too soon"
    assert counting.count_again(soon)
    assert figures(ada)["industry"] == (2, 2)


def test_a_request_leaves_to_the_worker_what_would_take_long(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", -1)
    monkeypatch.setattr(counting, "SLICE", 1)
    factories.account("One")
    factories.account("Two")
    assert not counting.count_again(NOON)
    assert DataSweep.the_only().is_under_way
    while counting.run(NOON):
        pass
    assert not DataSweep.the_only().is_under_way
    assert figures(ada)["industry"] == (2, 2)


def test_a_day_has_one_row_an_owner_and_days_of_long_ago_go(ada: User) -> None:
    factories.account("Bare", owner=ada)
    today = NOON.date()
    for ago in (rules.KEEP_DAYS, rules.KEEP_DAYS + 1):
        DataCount.objects.create(day=today - timedelta(days=ago), counted_at=NOON)
    count()
    count(NOON + timedelta(hours=1))
    assert sorted(DataCount.objects.values_list("day", "owner")) == [
        (today - timedelta(days=rules.KEEP_DAYS), None),
        (today, ada.pk),
    ]


def test_the_trend_goes_from_the_first_day_in_sight_to_the_last(ada: User) -> None:
    today = NOON.date()
    for ago, missing in ((rules.TREND_DAYS, 90), (rules.TREND_DAYS - 1, 40), (1, 20)):
        DataCount.objects.create(day=today - timedelta(days=ago), counted_at=NOON, expected=100, missing=missing)
    trend = reading.trend(ada, NOON)
    assert trend
    assert (trend.before, trend.score, trend.change) == (60, 80, 20)
    assert len(trend.points.split()) == 2


def test_an_owner_who_is_gone_leaves_theirs_to_nobody(ada: User, mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLICE", 1)
    factories.account("Hers", owner=mira)
    factories.account("Nobody’s")
    counting.run(NOON)
    mira.delete()
    while counting.run(NOON):
        pass
    assert list(DataCount.objects.values_list("owner", flat=True)) == [None]
    assert figures(ada)["industry"] == (2, 2)


def test_one_slice_reads_each_table_once(ada: User) -> None:
    for number in range(3):
        factories.contact(factories.account(f"Bare {number}"))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        counting.run(NOON)
    scans = [query["sql"] for query in asked.captured_queries if "GROUP BY" in query["sql"]]
    assert len(scans) == 2
