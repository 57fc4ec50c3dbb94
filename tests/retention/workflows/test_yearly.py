"""Birthdays and anniversaries: civil days, 29 February, whose birthday it is, once a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.accounts.rules import next_yearly
from crm.web import clock
from retention.workflows import definition, rules, wording
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import AT_NINE, DAY, MAIL, TASK, published_at, work_at

TICK = timedelta(microseconds=1)
DAWN = datetime(2026, 6, 9, 10, tzinfo=UTC)  # 10 June begins somewhere on Earth


def yearly(of: str = "birthday", offset: int = 0, **more):
    return {"trigger": {"when": "yearly", "of": of, "offset_days": offset}, "steps": [TASK], **more}


@pytest.mark.parametrize(("at", "entered"), [(DAWN - TICK, 0), (DAWN, 1), (DAWN + 2 * DAY, 1)])
def test_whoever_has_the_birthday_enters_when_it_begins_anywhere(publish, run_at, at, entered):
    publish(yearly())
    account = factories.account()
    factories.contact(account, is_primary=True, birthday=date(1980, 1, 1))
    person = factories.contact(account, birthday=date(1990, 6, 10))
    run_at(at)
    run_at(at)
    assert list(Enrollment.objects.values_list("contact", flat=True)) == [person.pk] * entered


def test_their_mail_leaves_in_the_morning_where_they_are(publish, run_at):
    publish(yearly(steps=[AT_NINE, MAIL]))
    person = factories.contact(factories.account(), birthday=date(1990, 6, 10), timezone="America/New_York")
    run_at(DAWN)
    enrollment = Enrollment.objects.get()
    assert (enrollment.contact, enrollment.anchor) == (person, date(2026, 6, 10))
    assert enrollment.due_at == datetime(2026, 6, 10, 13, tzinfo=UTC)  # nine in New York


def test_two_people_of_one_customer_both_enter_even_where_nobody_enters_twice(publish, run_at):
    publish(yearly(again={"may": "never"}))
    account = factories.account()
    for day in (10, 10, 12):
        factories.contact(account, birthday=date(1990, 6, day))
    run_at(DAWN)
    run_at(DAWN + 2 * DAY)
    assert Enrollment.objects.count() == 3
    run_at(DAWN + 365 * DAY)
    assert Enrollment.objects.count() == 3


def test_it_comes_again_each_year_and_not_on_the_day_of_birth(publish, run_at):
    publish(yearly())
    factories.contact(factories.account(), birthday=date(2026, 6, 10))
    run_at(DAWN)
    assert not Enrollment.objects.exists()
    for year in (1, 2):
        run_at(DAWN.replace(year=2026 + year))
        assert Enrollment.objects.count() == year


def test_a_birthday_that_is_corrected_takes_its_mail_along(publish, run_at):
    publish(yearly(steps=[AT_NINE, TASK]))
    person = factories.contact(factories.account(), birthday=date(1990, 6, 10))
    run_at(DAWN)
    person.birthday = date(1990, 6, 20)
    person.save()
    run_at(DAWN + DAY)
    assert Enrollment.objects.get().ended_because == "The date it counted from has changed"
    run_at(DAWN + 11 * DAY)
    assert list(Enrollment.objects.order_by("id").values_list("state", flat=True)) == ["exited", "done"]


def test_one_that_becomes_known_on_the_day_is_kept_and_a_day_later_is_not(publish, run_at):
    publish(yearly())
    run_at(DAWN)
    factories.contact(factories.account(), birthday=date(1990, 6, 10))
    run_at(DAWN + timedelta(hours=5))
    assert Enrollment.objects.count() == 1
    run_at(DAWN + timedelta(hours=16))  # the 10th has begun here too
    factories.contact(factories.account(), birthday=date(1991, 6, 9))
    run_at(DAWN + timedelta(hours=17))
    assert Enrollment.objects.count() == 1


def test_a_worker_that_was_down_for_days_forgets_nobody(publish, run_at):
    publish(yearly())
    for day in (10, 11, 12, 13):
        factories.contact(factories.account(), birthday=date(1990, 6, day))
    run_at(DAWN + 3 * DAY)
    assert Enrollment.objects.count() == 4


def test_anniversaries_count_years_and_a_customer_of_today_has_none(publish, run_at):
    publish(yearly("customer_since"))
    old, new = factories.account(), factories.account()
    Account.objects.filter(pk=old.pk).update(customer_since=date(2023, 6, 10))
    Account.objects.filter(pk=new.pk).update(customer_since=date(2026, 6, 10))
    run_at(DAWN)
    enrollment = Enrollment.objects.get()
    assert (enrollment.account, enrollment.facts["years"]) == (old, 3)
    assert wording.cause(enrollment.facts, NOON.date()) == "3 years a customer on 10 Jun 2026"


@pytest.mark.parametrize(
    ("of", "offset", "said"),
    [
        ("birthday", 0, "On the birthday of a person"),
        ("birthday", -7, "7 days before the birthday of a person"),
        ("customer_since", 1, "1 day after the anniversary of the day they became a customer"),
    ],
)
def test_it_stands_in_words(db, of, offset, said):
    assert wording.trigger_sentence(definition.parse({"name": "x", **yearly(of, offset)})) == said


def test_why_says_when_it_comes_next(publish):
    workflow = publish(yearly())
    trigger = definition.parse({"name": "x", **yearly()}).trigger
    account = factories.account()
    why = trigger_kinds["yearly"].why
    assert [(each.value, each.holds) for each in why(trigger, workflow, account.pk, NOON)] == [("–", False)]
    factories.contact(account, first_name="Anna", last_name="", birthday=date(1990, 6, 1))
    factories.contact(account, first_name="Ben", last_name="", birthday=date(1990, 6, 2))
    assert [(each.label, each.holds) for each in why(trigger, workflow, account.pk, NOON)] == [
        ("the day has come: Anna", True), ("the day has come: Ben", False),
    ]  # fmt: skip


@given(
    st.dates(date(1990, 1, 1), date(2104, 12, 31)), st.integers(0, 400), st.dates(date(1930, 1, 1), date(1989, 1, 1))
)
def test_the_days_of_a_stretch_are_those_on_which_it_comes_round(first, length, born):
    last = first + timedelta(days=length)
    found = {
        day for month, number, day in rules.yearly_between(first, last) if (month, number) == (born.month, born.day)
    }
    expected, day = set(), next_yearly(born, first)
    while day <= last:
        expected.add(day)
        day = next_yearly(born, day + timedelta(days=1))
    assert found == expected


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    births=st.lists(st.sampled_from([date(1992, 2, 29), date(1991, 2, 28), date(1991, 3, 1), date(1990, 12, 31),
                                     date(1990, 1, 1), date(1988, 2, 29)]), min_size=1, max_size=5),
    start=st.datetimes(datetime(2023, 2, 20), datetime(2028, 3, 5)), offset=st.integers(-30, 30),
    gaps=st.lists(st.integers(1, 500), min_size=1, max_size=5),
)  # fmt: skip
def test_each_birthday_enters_once_however_the_looks_are_cut(births, start, offset, gaps):
    """Beside a walk over all days; gaps are hours between two looks."""
    begin = start.replace(tzinfo=UTC)
    with transaction.atomic():
        published_at(begin, yearly(offset=offset))
        people = [factories.contact(factories.account(), birthday=born) for born in births]
        now = begin
        for gap in gaps:
            now += timedelta(hours=gap)
            work_at(now)
        here = begin.astimezone(clock.zone())
        first, last = here.date(), rules.last_day_begun(now)
        expected = set()
        for person, born in zip(people, births, strict=True):
            day = next_yearly(born, first - timedelta(days=offset))
            while day + timedelta(days=offset) <= last:
                expected.add((person.pk, day.isoformat()))
                day = next_yearly(born, day + timedelta(days=1))
        entered = [(e.contact_id, e.facts["day"]) for e in Enrollment.objects.all()]
        assert len(entered) == len(set(entered))
        assert set(entered) == expected
        transaction.set_rollback(True)
