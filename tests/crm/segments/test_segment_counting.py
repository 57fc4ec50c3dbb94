"""The daily count: exact figures, who came and went, days of the installation, slices, and two workers at once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from crm.accounts.models import Account
from crm.segments import counting, drawing, sizes
from crm.segments.models import Segment, SegmentMember, SegmentPart, SegmentSize
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.segments.test_segment_filters import LARGE, inside, made

DAY = timedelta(days=1)


def count(now: datetime) -> int:
    """Until nothing is due; the slices it took."""
    slices = 0
    while counting.run(now):
        slices += 1
    return slices


def sizes_of(segment: Segment) -> list[tuple[date, int, int, int]]:
    return list(
        SegmentSize.objects.filter(segment=segment).order_by("day").values_list("day", "size", "entered", "left")
    )


def test_a_day_says_who_is_in_and_who_came_and_went(mira: User) -> None:
    large, today = made(mira, "Large", LARGE), NOON.date()
    alder, birch, cedar = (factories.account(name, mrr=mrr) for name, mrr in (("A", 600), ("B", 700), ("C", 1)))
    assert count(NOON) == 1
    assert sizes_of(large) == [(today, 2, 0, 0)]  # the first count says nothing of who came
    assert count(NOON + timedelta(hours=11)) == 0

    Account.objects.filter(pk=alder.pk).update(mrr=1)
    Account.objects.filter(pk=cedar.pk).update(mrr=500)
    dogwood = factories.account("D", mrr=900)
    gone = birch.pk
    birch.delete()
    count(NOON + DAY)

    assert sizes_of(large) == [(today, 2, 0, 0), (today + DAY, 2, 2, 2)]
    latest = SegmentSize.objects.get(day=today + DAY)
    assert (latest.came, latest.went, latest.is_first) == ([cedar.pk, dogwood.pk], [alder.pk, gone], False)
    count(NOON + 2 * DAY)
    assert sizes_of(large)[-1] == (today + 2 * DAY, 2, 0, 0)


def test_the_day_is_the_installations(mira: User, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    segment = made(mira, "Large", LARGE)
    factories.account(mrr=600)
    before_midnight = datetime(2026, 6, 1, 21, 59, 59, 999999, tzinfo=UTC)
    count(before_midnight)
    assert counting.next_due(before_midnight) == before_midnight + timedelta(microseconds=1)
    assert count(before_midnight) == 0
    count(before_midnight + timedelta(microseconds=1))
    assert [row[0] for row in sizes_of(segment)] == [date(2026, 6, 1), date(2026, 6, 2)]


def test_without_segments_nothing_is_due(mira: User) -> None:
    assert (counting.next_due(NOON), counting.run(NOON)) == (None, 0)
    segment = made(mira, "Large", LARGE)
    Segment.objects.filter(pk=segment.pk).update(archived_at=NOON)
    assert (counting.next_due(NOON), counting.run(NOON)) == (None, 0)


def test_slices_add_up_and_a_killed_one_is_done_again(mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SegmentPart, "WIDTH", 2)
    large = made(mira, "Large", LARGE)
    rows = [factories.account(mrr=600) for _ in range(7)]
    Account.objects.filter(pk=rows[3].pk).delete()
    parts = {row.pk // 2 for row in rows}
    with transaction.atomic():
        counting.run(NOON)
        transaction.set_rollback(True)  # as if the worker had been killed
    assert not SegmentSize.objects.exists()
    assert count(NOON) == len(parts)
    assert sizes_of(large) == [(NOON.date(), 6, 0, 0)]
    Account.objects.filter(pk__in=[row.pk for row in rows[4:]]).delete()  # whole parts with nobody left in them
    count(NOON + DAY)
    assert sizes_of(large)[-1] == (NOON.date() + DAY, 3, 0, 3)


def test_a_day_that_was_not_over_at_midnight_is_finished_first(mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SegmentPart, "WIDTH", 2)
    large = made(mira, "Large", LARGE)
    for _ in range(6):
        factories.account(mrr=600)
    counting.run(NOON)
    count(NOON + DAY)
    assert sizes_of(large) == [(NOON.date(), 6, 0, 0), (NOON.date() + DAY, 6, 0, 0)]


def test_static_ones_and_people_are_counted_too(mira: User) -> None:
    chosen, chiefs = (
        made(mira, "Chosen"),
        made(mira, "Chiefs", {"field": "title", "op": "is", "value": "ceo"}, "contact"),
    )
    account = factories.account()
    SegmentMember.objects.create(segment=chosen, account=account)
    factories.contact(account, title="CEO")
    factories.contact(account, title="CTO")
    count(NOON)
    assert (sizes_of(chosen), sizes_of(chiefs)) == ([(NOON.date(), 1, 0, 0)], [(NOON.date(), 1, 0, 0)])


def test_one_that_cannot_be_counted_says_why_and_keeps_no_other_from_it(mira: User, client: Client) -> None:
    broken, fine = made(mira, "Broken", LARGE), made(mira, "Fine", LARGE)
    factories.account(mrr=600)
    Segment.objects.filter(pk=broken.pk).update(tree={"field": "gone", "op": "is", "value": 1})
    count(NOON)
    assert SegmentSize.objects.get(segment=broken).trouble.startswith(
        "value: “Broken” cannot be used: field there is no"
    )
    assert sizes_of(fine) == [(NOON.date(), 1, 0, 0)]


def test_one_that_the_database_refuses_keeps_no_other_from_it(mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = made(mira, "Broken", LARGE), made(mira, "Fine", LARGE)
    factories.account(mrr=600)
    usual = counting._members

    def members(segment: Segment, part: int, now: datetime) -> Any:
        return ("SELECT 1 / 0 AS id", ()) if segment.pk == broken.pk else usual(segment, part, now)

    monkeypatch.setattr(counting, "_members", members)
    count(NOON)

    assert SegmentSize.objects.get(segment=broken).trouble == "division by zero"
    assert sizes_of(fine) == [(NOON.date(), 1, 0, 0)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_nobody_twice(mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SegmentPart, "WIDTH", 3)
    segments = [made(mira, name, LARGE) for name in ("One", "Two")]
    for _ in range(12):
        factories.account(mrr=600)
    start, errors = threading.Barrier(3), list[Exception]()

    def work() -> None:
        try:
            start.wait()
            with clock.travelling(NOON):
                count(NOON)
        except Exception as error:  # shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count(NOON)
    assert errors == []
    assert [sizes_of(segment) for segment in segments] == [[(NOON.date(), 12, 0, 0)]] * 2


# What is said of it -----------------------------------------------------------------------------------------------


def test_growth_is_since_thirty_days_before(mira: User) -> None:
    segment, today = made(mira, "Large", LARGE), NOON.date()
    for days, size in ((31, 10), (30, 40), (12, 20), (0, 60)):
        SegmentSize.objects.create(segment=segment, day=today - timedelta(days=days), size=size, counted_at=NOON)
    SegmentSize.objects.create(segment=made(mira, "Open", LARGE), day=today, size=7)
    figures = sizes.figures([segment.pk, segment.pk + 1], NOON)
    assert list(figures) == [segment.pk]
    known = figures[segment.pk]
    assert (known.size, known.growth, known.percent, known.since) == (60, 20, 50, today - timedelta(days=30))
    assert known.points == "0,12 57.6,22 96,2"


def test_a_line_stands_between_its_ends() -> None:
    days = [NOON.date() + timedelta(days=n) for n in range(3)]
    assert drawing.line([(days[0], 5)], 100, 20) == ""
    assert drawing.line([(days[0], 5), (days[2], 5)], 100, 20) == "0,10 100,10"
    assert drawing.line([(days[0], 0), (days[1], 4), (days[2], 2)], 100, 20) == "0,18 50,2 100,10"
    chart = drawing.chart([(days[0], 0), (days[2], 137)], 100, 24)
    assert chart
    assert chart.grid == ((2, 140), (12, 70), (22, 0))
    assert chart.points == "0,22 100,2.4"


def test_few_are_counted_and_many_are_estimated(mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        factories.account()
    assert sizes.about(Account.objects.all()) == (4, True)
    monkeypatch.setattr(sizes, "COUNTED", 3)
    number, exact = sizes.about(Account.objects.all())
    assert (number >= 4, exact) == (True, False)
    assert sizes.in_words(1, True, "account", "accounts") == "1 account"
    assert sizes.in_words(1240, True, "account", "accounts") == "1,240 accounts"
    assert sizes.in_words(237_811, False, "account", "accounts") == "about 240,000 accounts"


def test_the_pages_show_sizes_to_those_who_see_everything(client: Client, mira: User, olaf: User) -> None:
    segment = made(mira, "Large", LARGE, shared=True)
    made(mira, "Outer", inside(segment), shared=True)
    alder = factories.account("Alder", mrr=600, owner=mira)
    count(NOON)
    factories.account("Birch", mrr=600, owner=mira)
    Account.objects.filter(pk=alder.pk).update(mrr=1)
    count(NOON + DAY)
    with clock.travelling(NOON + DAY):
        for user, shown in ((mira, True), (olaf, False)):
            client.force_login(user)
            listed = client.get("/segments/").content.decode()
            page = client.get(f"/segments/{segment.pk}/?part=facts").content.decode()
            assert ("as before" in listed) == shown
            assert ("Entered, 90 days" in page) == shown
            assert ("Birch" in page) == shown
            assert ("Alder" in page) == shown  # who left lately
