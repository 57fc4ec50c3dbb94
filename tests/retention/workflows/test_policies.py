"""Whether somebody may enter again, and at which hours mail may leave."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.outbox.models import OutboundMessage
from crm.slots import Refusal
from crm.timeline.actions import Fact, record
from retention.workflows import definition, guard, rules
from retention.workflows.definition import DefinitionError
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment
from retention.workflows.policies import Again, Hours
from retention.workflows.triggers import enter
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK, WON, published_at, work_at

TICK = timedelta(microseconds=1)
WAIT = {"id": "while", "do": "wait", "for": {"days": 2}}


def _won(account: int, at: datetime) -> None:
    record(Fact(account, "deal.won", "Won", at))


def _entered() -> int:
    return Enrollment.objects.count()


def test_each_fact_starts_anew_unless_it_is_said(publish, run_at):
    publish(WON)
    account = factories.account().pk
    _won(account, NOON)
    _won(account, NOON)
    run_at(NOON)
    assert _entered() == 2


def test_never_lets_nobody_in_twice_not_even_for_two_facts_at_once(publish, run_at):
    publish({**WON, "again": {"may": "never"}})
    one, other = factories.account().pk, factories.account().pk
    for at in (NOON + DAY, NOON):
        _won(one, at)
    _won(other, NOON)
    run_at(NOON + DAY)
    _won(one, NOON + 400 * DAY)
    run_at(NOON + 400 * DAY)
    assert list(Enrollment.objects.order_by("account").values_list("account", flat=True)) == [one, other]
    assert Enrollment.objects.get(account=one).facts["at"].startswith("2026-06-01T12")  # the first of both


@pytest.mark.parametrize(("later", "entered"), [(30 * DAY - TICK, 1), (30 * DAY, 2)])
def test_after_days_since_they_entered(publish, run_at, later, entered):
    publish({**WON, "again": {"may": "after", "days": 30}})
    account = factories.account().pk
    _won(account, NOON)
    run_at(NOON)
    _won(account, NOON + later)
    run_at(NOON + later)
    assert _entered() == entered


@pytest.mark.parametrize(("later", "entered"), [(12 * DAY - TICK, 1), (12 * DAY, 2)])
def test_after_days_since_their_way_ended(publish, run_at, later, entered):
    again = {"may": "after", "days": 10, "since": "ended"}
    publish({"trigger": WON["trigger"], "steps": [WAIT, TASK], "again": again})
    account = factories.account().pk
    _won(account, NOON)
    run_at(NOON)
    run_at(NOON + 2 * DAY)
    _won(account, NOON + later)
    run_at(NOON + later)
    assert _entered() == entered


def test_whoever_is_still_in_it_has_not_ended(publish, run_at):
    again = {"may": "after", "days": 1, "since": "ended"}
    long = {"id": "while", "do": "wait", "for": {"days": 100}}
    publish({"trigger": WON["trigger"], "steps": [long, TASK], "again": again})
    account = factories.account().pk
    _won(account, NOON)
    run_at(NOON)
    _won(account, NOON + 50 * DAY)
    run_at(NOON + 50 * DAY)
    assert _entered() == 1


def test_a_sweep_obeys_it_too(publish, run_at):
    publish({"trigger": {"when": "silence", "days": 3}, "steps": [TASK], "again": {"may": "after", "days": 30}})
    account = factories.account(last_seen_at=NOON)
    for day in (3, 4):
        run_at(NOON + day * DAY)
    factories.seen(NOON + 10 * DAY, account=account)
    run_at(NOON + 14 * DAY)  # another silence, ten days after the first
    assert _entered() == 1
    factories.seen(NOON + 40 * DAY, account=account)
    run_at(NOON + 43 * DAY)
    assert _entered() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_a_fact_each_let_one_in(publish, run_at):
    """Each matches another fact of one customer at the same moment."""
    workflow = publish({**WON, "again": {"may": "never"}})
    account = factories.account().pk
    entries = record([Fact(account, "deal.won", "Won", NOON), Fact(account, "deal.won", "Won", NOON)])
    trigger = definition.parse({"name": "x", **WON}).trigger

    def let_in(entry: int) -> int:
        kind = trigger_kinds["fact"]
        assert kind.caused_by
        with transaction.atomic():  # as matching does
            return enter(workflow, trigger, kind.caused_by(trigger, workflow, [entry], NOON), NOON)

    counts = beside(*(lambda entry=entry: let_in(entry) for entry in entries))
    assert sorted(counts) == [0, 1]
    assert _entered() == 1


@pytest.mark.django_db
@settings(max_examples=30)
@given(
    facts=st.lists(st.integers(0, 40), max_size=8).map(sorted), may=st.sampled_from(["each", "after", "never"]),
    days=st.integers(1, 15), since=st.sampled_from(["entered", "ended"]), doubled=st.booleans(),
)  # fmt: skip
def test_entering_again_is_as_the_words_say(facts, may, days, since, doubled):
    """Beside the rule walked by hand. Everybody's way lasts two days; each fact is read as it comes, or twice over."""
    again = {"may": may, "since": since, **({"days": days} if may == "after" else {})}
    expected: list[int] = []
    for day in facts:
        begin = expected[-1] + (2 if since == "ended" else 0) if expected else None
        if may == "each" or begin is None or (may == "after" and begin + days <= day):
            expected.append(day)
    with transaction.atomic():
        published_at(NOON, {"trigger": WON["trigger"], "steps": [WAIT, TASK], "again": again})
        account = factories.account().pk
        for day in range(43):
            for _ in range(facts.count(day)):
                _won(account, NOON + day * DAY)
            for _ in range(2 if doubled else 1):
                work_at(NOON + day * DAY)
        entered = Enrollment.objects.order_by("id").values_list("entered_at", flat=True)
        assert [(at - NOON).days for at in entered] == expected
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("again", "told"),
    [
        ({"may": "after"}, "again: give `days` with `may: after`"),
        ({"may": "never", "days": 3}, "again: give `days` with `may: after`"),
        ({"may": "after", "days": 0}, "again.days: Input should be greater than or equal to 1"),
        ({"may": "often"}, "again.may: Input should be 'each', 'after' or 'never'"),
    ],
)
def test_a_bad_policy_is_refused(db, again, told):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Bad", **WON, "again": again})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ({"from": "17:00", "to": "09:00"}, "hours: `to` must come after `from`"),
        ({"weekdays": []}, "hours.weekdays: List should have at least 1 item"),
        ({"weekdays": ["mon", "mon"]}, "hours: a weekday stands in it twice"),
        ({"weekdays": ["someday"]}, "hours.weekdays[0]"),
    ],
)
def test_bad_hours_are_refused(db, hours, told):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Bad", **WON, "hours": hours})
    assert told in str(refused.value)


def test_policies_in_words():
    assert Again(may="never").sentence == "Nobody enters twice."
    assert Again(may="after", days=1, since="ended").sentence == (
        "Nobody enters again until 1 day after their way ended."
    )
    office = Hours.model_validate({"from": "09:00", "to": "17:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"]})
    assert office.sentence == (
        "Its mail leaves Mondays to Fridays between 09:00 and 17:00 where they are; what is due at other times waits."
    )
    assert rules.weekdays_in_words(["thu", "mon"]) == "Mondays and Thursdays"


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (datetime(2026, 6, 5, 7, 0, tzinfo=UTC), None),  # Friday, nine in Berlin
        (datetime(2026, 6, 5, 6, 59, 59, tzinfo=UTC), datetime(2026, 6, 5, 7, 0, tzinfo=UTC)),
        (datetime(2026, 6, 5, 14, 59, 59, tzinfo=UTC), None),
        (datetime(2026, 6, 5, 15, 0, tzinfo=UTC), datetime(2026, 6, 8, 7, 0, tzinfo=UTC)),  # over the weekend
        (datetime(2026, 10, 23, 16, 0, tzinfo=UTC), datetime(2026, 10, 26, 8, 0, tzinfo=UTC)),  # the clocks went back
    ],
)
def test_allowed_hours_on_their_boundaries(moment, until):
    assert rules.allowed_from(moment, BERLIN, time(9), time(17), rules.WEEKDAYS[:5]) == until


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "Australia/Lord_Howe"]),
    first=st.integers(0, 23), last=st.integers(0, 23),
    weekdays=st.sets(st.sampled_from(rules.WEEKDAYS), min_size=1),
)  # fmt: skip
def test_the_next_allowed_moment_is_allowed_and_nothing_before_it_is(moment, zone, first, last, weekdays):
    first, last = min(first, last), max(first, last)
    there, asked = ZoneInfo(zone), (time(first), time(last), weekdays)
    until = rules.allowed_from(moment, there, *asked)
    if until is None:
        local = moment.astimezone(there)
        assert rules.WEEKDAYS[local.weekday()] in weekdays
        return
    assert until > moment
    assert rules.allowed_from(until, there, *asked) is None
    assert rules.allowed_from(until - TICK, there, *asked) == until
    assert until - moment <= timedelta(days=8)


@pytest.mark.parametrize(
    ("moment", "waits"),
    [
        (NOON.replace(hour=13, minute=59), True),  # 09:59 in New York
        (NOON.replace(hour=14, minute=0), False),
        (NOON.replace(hour=15, minute=59), False),
        (NOON.replace(hour=16, minute=0), True),
    ],
)
def test_mail_waits_for_its_hours_where_the_reader_is(publish, run_at, moment, waits):
    publish({**WON, "steps": [MAIL], "hours": {"from": "10:00", "to": "12:00"}})
    account = factories.account()
    factories.contact(account, timezone="America/New_York")
    _won(account.pk, NOON)
    run_at(NOON)
    message = OutboundMessage.objects.select_related("account").get()
    message.contact_id = account.contacts.get().pk  # as sending has found the reader
    said = guard.say([message], moment)
    refused = {pk: each for pk, each in said.items() if isinstance(each, Refusal)}
    assert bool(refused) == waits
    if waits:
        refusal = refused[message.pk]
        assert refusal.guard == "hours"
        assert refusal.until is not None
        assert refusal.until.astimezone(ZoneInfo("America/New_York")).time() == time(10)
        assert "between 10:00 and 12:00 where they are" in refusal.reason


def test_mail_to_colleagues_knows_no_hours(publish, run_at, mira):
    notify: dict[str, Any] = {"id": "tell", "do": "notify", "subject": "Won", "body": "Well"}
    publish({**WON, "steps": [notify], "hours": {"from": "10:00", "to": "10:01"}})
    _won(factories.account(owner=mira).pk, NOON)
    run_at(NOON)
    message = OutboundMessage.objects.select_related("account").get()
    assert not any(isinstance(each, Refusal) for each in guard.say([message], NOON).values())
