"""One budget of pressure: topics, how often, pauses, what people write, and who stops everything automatic."""

from __future__ import annotations

import heapq
import random
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm.accounts.models import Contact
from crm.outbox import policy, pressure, rules
from crm.outbox.actions import work
from crm.outbox.complaining import complained
from crm.outbox.models import MailPolicy, OutboundMessage, Suppression, Topic
from crm.outbox.sending.hand_over import hand_over
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.outbox.conftest import TICK, Plan, cleared, elsewhere, moved_to, state_of, trail

DAY = timedelta(days=1)


def anna_is(**fields: object) -> None:
    Contact.objects.filter(email="anna@kelp.example").update(**fields)


def test_what_is_refused_does_not_leave_and_says_which_topic(folder: Path, plan: Plan, anna: Contact) -> None:
    Topic.objects.get_or_create(slug="offers", defaults={"name": "Offers"})
    anna_is(refused_topics=["offers"])
    refused, other = plan(anna, topic="offers"), plan(anna, topic="tips")
    receipt = plan(anna, topic="offers", category="transactional")

    work(NOON)

    refused.refresh_from_db()
    assert (refused.state, refused.guard) == ("skipped", "topic")
    assert refused.reason == "Anna Berg wants no mail about “Offers”."
    assert (state_of(other), state_of(receipt)) == ("sent", "sent")


@pytest.mark.parametrize(("pace", "days"), [("weekly", 7), ("monthly", 30)])
def test_the_readers_own_pace_holds_beside_the_cap(
    folder: Path, plan: Plan, anna: Contact, pace: str, days: int
) -> None:
    anna_is(mail_pace=pace)
    one, other = plan(anna), plan(anna)

    work(NOON)
    assert (state_of(one), state_of(other)) == ("sent", "due")
    assert moved_to(other) == NOON + days * DAY
    assert (
        OutboundMessage.objects.get(pk=other.pk).reason == f"Anna Berg wants no more than one message in {days} days."
    )

    OutboundMessage.objects.filter(pk=other.pk).update(due_at=NOON + days * DAY - TICK)
    work(NOON + days * DAY - TICK)
    assert state_of(other) == "due"
    work(NOON + days * DAY)
    assert state_of(other) == "sent"


@pytest.mark.parametrize(("cap", "got"), [(1, "1 message"), (2, "2 messages")])
def test_the_houses_cap_is_not_told_as_a_wish_of_the_reader(
    folder: Path, plan: Plan, anna: Contact, cap: int, got: str
) -> None:
    MailPolicy.objects.update_or_create(pk=1, defaults={"cap_count": cap, "cap_days": 7})
    *_, last = [plan(anna) for _ in range(cap + 1)]
    work(NOON)
    assert moved_to(last) == NOON + 7 * DAY
    assert OutboundMessage.objects.get(pk=last.pk).reason == f"Anna Berg got {got} in 7 days; the cap is {cap}."


def test_a_faster_pace_is_no_way_round_the_cap(folder: Path, plan: Plan, anna: Contact) -> None:
    MailPolicy.objects.update_or_create(pk=1, defaults={"cap_count": 1, "cap_days": 14})
    anna_is(mail_pace="weekly")
    plan(anna)
    work(NOON)
    other = plan(anna)

    work(NOON)

    assert moved_to(other) == NOON + 14 * DAY


def test_a_pause_of_their_own_says_until_when(folder: Path, plan: Plan, anna: Contact) -> None:
    anna_is(mail_paused_until=NOON + 30 * DAY)
    message, receipt = plan(anna), plan(anna, category="transactional")

    work(NOON)

    assert (state_of(message), state_of(receipt), moved_to(message)) == ("due", "sent", NOON + 30 * DAY)
    assert trail(message) == [("moved", "pause")]


def test_what_people_write_counts_and_is_never_held_back(folder: Path, plan: Plan, anna: Contact) -> None:
    for _ in range(5):
        letter = plan(anna, category="reply", origin=OutboundMessage.PERSONAL)
        work(NOON)
        assert state_of(letter) == "sent"
    automatic, answer = plan(anna), plan(anna, category="reply", origin="ticket")

    work(NOON)

    assert (state_of(automatic), state_of(answer)) == ("due", "sent")
    assert trail(automatic) == [("moved", "cap")]


def test_answers_in_tickets_leave_the_budget_alone(folder: Path, plan: Plan, anna: Contact) -> None:
    for _ in range(5):
        plan(anna, category="reply", origin="ticket")
    work(NOON)
    message = plan(anna)

    work(NOON)

    assert state_of(message) == "sent"


@pytest.mark.django_db(transaction=True)
def test_a_reply_a_second_before_the_send_keeps_it_here(folder: Path, plan: Plan, anna: Contact) -> None:
    message = plan(anna)
    letter = cleared()  # nothing held it back, and it is about to leave
    assert letter.written is not None

    elsewhere(lambda: pressure.rest(pressure.REPLY, [anna.pk], "Anna wrote.", NOON))

    assert not hand_over(letter, NOON)
    assert state_of(message) == "claimed"
    Contact.objects.get(pk=anna.pk, automation_paused_until=NOON + 7 * DAY)


def test_a_longer_pause_stays_and_a_person_lifts_it_with_a_reason(
    folder: Path, plan: Plan, anna: Contact, mira: User
) -> None:
    pressure.rest(pressure.RATING, [anna.pk], "They gave 1 of 5.", NOON)
    pressure.rest(pressure.REPLY, [anna.pk], "Anna wrote.", NOON)
    anna.refresh_from_db()
    assert (anna.automation_paused_until, anna.automation_paused_why) == (NOON + 14 * DAY, "They gave 1 of 5.")

    with pytest.raises(ValueError, match="Say why"):
        pressure.lift(anna, " ", mira, NOON)
    assert pressure.lift(anna, "We have talked.", mira, NOON)
    assert not pressure.lift(anna, "We have talked.", mira, NOON)
    assert list(TimelineEntry.objects.values_list("kind", "actor")) == [("automation.resumed", mira.pk)]
    message = plan(anna)
    work(NOON)
    assert state_of(message) == "sent"


def test_how_long_is_a_setting_and_none_at_all_is_one(anna: Contact) -> None:
    MailPolicy.objects.update_or_create(pk=1, defaults={"rest_after_reply": 0, "rest_after_ticket": 2})

    assert pressure.rest(pressure.REPLY, [anna.pk], "Anna wrote.", NOON) is None
    anna.refresh_from_db()
    assert anna.automation_paused_until is None
    assert pressure.rest(pressure.TICKET, [anna.pk], "A ticket.", NOON) == NOON + 2 * DAY


def test_a_complaint_ends_mail_to_the_address_and_rests_automation(folder: Path, plan: Plan, anna: Contact) -> None:
    message = plan(anna)
    work(NOON)
    message.refresh_from_db()

    assert complained(message.message_id, "somebody@else.example", NOON) is None
    assert not Suppression.objects.exists()
    assert complained(message.message_id, "Anna@kelp.example", NOON) == message
    assert complained(message.message_id, "anna@kelp.example", NOON + DAY) == message

    anna.refresh_from_db()
    assert anna.automation_paused_until == NOON + 90 * DAY
    assert Suppression.objects.get().address == "anna@kelp.example"
    assert TimelineEntry.objects.filter(kind="email.complained").count() == 1


@pytest.mark.parametrize(
    ("scope", "held"),
    [("automatic", {"service", "marketing"}), ("category:marketing", {"marketing"}), ("category:service", {"service"})],
)
def test_a_switch_stops_a_kind_of_mail_at_once(
    folder: Path, plan: Plan, anna: Contact, scope: str, held: set[str]
) -> None:
    anna_is(email_consent="yes")
    rows = {name: plan(anna, category=name) for name in ("reply", "transactional", "service", "marketing")}
    policy.throw(scope, "Wrong prices.", NOON)

    while work(NOON):
        pass
    assert {name for name, row in rows.items() if state_of(row) == "due"} == held
    assert OutboundMessage.objects.filter(attempts__gt=0, category__in=held).count() == 0

    policy.lift(scope, NOON)
    work(NOON)
    assert {state_of(row) for row in rows.values()} == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_a_switch_catches_what_is_about_to_leave(folder: Path, plan: Plan, anna: Contact) -> None:
    plan(anna)
    letter = cleared()

    elsewhere(lambda: policy.throw("automatic", "Wrong prices.", NOON))

    assert not hand_over(letter, NOON)


def test_ten_thousand_events_never_break_two_a_week_nor_the_night() -> None:
    """Through a year with both changes of the clocks, in zones that change them by one hour, by half an hour, and not
    at all. People write now and then, which counts, and is never held back."""
    dice = random.Random(8)
    zones = [ZoneInfo(name) for name in ("Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata")]
    begin, readers = datetime(2026, 1, 1, tzinfo=UTC), 60
    queue = [
        (begin + timedelta(seconds=dice.randrange(365 * 86_400)), place, dice.randrange(readers), dice.random() < 0.1)
        for place in range(10_000)
    ]
    heapq.heapify(queue)
    got: dict[int, list[datetime]] = {who: [] for who in range(readers)}
    moved = automatic = 0
    while queue and queue[0][0] < begin + 400 * DAY:
        moment, place, who, by_a_person = heapq.heappop(queue)
        zone = zones[who % len(zones)]
        if not by_a_person:
            until = rules.capped_until(got[who], moment, 2, 7) or rules.quiet_until(moment, zone, time(20), time(8))
            if until:
                assert until > moment
                moved += 1
                heapq.heappush(queue, (until, place, who, False))
                continue
            automatic += 1
            assert sum(at > moment - 7 * DAY for at in got[who]) < 2
            assert 8 <= moment.astimezone(zone).hour < 20
        got[who].append(moment)
    assert automatic > 2000
    assert moved > 10_000
