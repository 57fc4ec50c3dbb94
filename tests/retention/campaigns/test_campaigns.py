"""A campaign from its planning to its last letter: who gets it, when, which wording, and who does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox.models import OutboundMessage
from crm.segments.models import Segment
from crm.team.models import User
from crm.timeline.actions import Fact, record
from retention.campaigns import actions, audience, reading
from retention.campaigns.actions import CampaignError
from retention.campaigns.models import Campaign
from retention.workflows.experiments.models import HoldoutSettings
from retention.workflows.experiments.places import EVERYTHING, is_held
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.campaigns.conftest import TUESDAY

DAY = timedelta(days=1)
EVENING = datetime(2026, 6, 2, 22, tzinfo=UTC)


def sent(row: Campaign) -> dict[str, datetime]:
    """Who got it, by first name, and for when it was planned."""
    row.refresh_from_db()
    mails = OutboundMessage.objects.filter(series=row.workflow.slug, state="sent").select_related("contact")
    return {mail.contact.first_name: mail.planned_for for mail in mails}


def test_one_of_each_customer_at_their_own_hour(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)

    walk(EVENING)

    assert sent(row) == {
        "Anna": datetime(2026, 6, 2, 7, tzinfo=UTC),  # nine in Berlin
        "Chie": datetime(2026, 6, 2, 0, tzinfo=UTC),  # nine in Tokyo
    }
    skipped = OutboundMessage.objects.filter(state="skipped").order_by("contact__first_name")
    assert [(mail.contact.first_name, mail.guard) for mail in skipped] == [("Dora", "consent"), ("Emil", "consent")]
    assert reading.stand(reading.standing(Campaign.objects.all()).get(), EVENING).word == "Sent"


@pytest.mark.parametrize(("kind", "percent"), [("news", 50), ("news", 0), ("crisis", 50)])
def test_who_is_held_out_of_everything_is_not_reached_but_in_a_crisis(
    people: dict[str, Contact], news: Callable[..., Campaign], kind: str, percent: int
) -> None:
    for number in range(8):
        factories.contact(factories.account(f"More {number}"), email_consent="yes")
    HoldoutSettings.objects.create(pk=1, percent=percent)
    careful = percent if kind == "news" else 0
    willing = Contact.objects.filter(email_consent="yes")
    held = [each for each in willing if is_held(EVERYTHING, each.account_id, careful)]
    found = audience.reach(news(kind=kind, who="everybody"), NOON)
    assert found["held"] == len(held)
    assert found["get"] == found["total"] - found["refused"] - len(held)


def test_what_it_would_reach_is_what_it_reaches(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    factories.account("Nobody there")
    Contact.objects.filter(pk=people["Bo"].pk).update(do_not_contact=True)
    row = news(who="everybody")
    found = audience.reach(row, NOON)
    assert found == {"total": 5, "unknown": 0, "marked": 1, "refused": 2, "held": 0, "get": 2}
    found_else = audience.reach(news(kind="service"), NOON)
    assert found_else == {"total": 5, "unknown": 1, "marked": 0, "refused": 1, "held": 0, "get": 3}

    actions.plan(row.pk, ada, NOON)
    walk(EVENING)

    assert len(sent(row)) == found["get"]
    assert sum(one.total for one in reading.outcomes(Campaign.objects.get(pk=row.pk), NOON)) == found["total"]


def test_a_segment_of_people_is_taken_on_the_day(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    tree = {"field": "consent", "op": "in", "value": ["yes"]}
    agreed = Segment.objects.create(name="Agreed", subject="contact", tree=tree, owner=ada, shared=True)
    row = actions.plan(news(segment=agreed).pk, ada, NOON)
    Contact.objects.filter(pk=people["Emil"].pk).update(email_consent="yes")  # in time

    walk(EVENING)

    assert set(sent(row)) == {"Anna", "Bo", "Chie", "Emil"}
    late = factories.contact(factories.account("Late"), first_name="Lea", email_consent="yes")
    walk(EVENING + DAY, start=EVENING)
    assert late.first_name not in sent(row)


def test_the_audience_is_taken_when_the_day_begins_on_earth_and_not_a_tick_before(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news(day=TUESDAY + DAY).pk, ada, NOON)
    dawn = datetime(2026, 6, 2, 10, tzinfo=UTC)
    walk(dawn - timedelta(microseconds=1))
    assert not Enrollment.objects.filter(workflow=row.workflow).exists()
    walk(dawn + timedelta(minutes=1), start=dawn - timedelta(microseconds=1))  # it is looked at once a minute
    assert Enrollment.objects.filter(workflow=row.workflow).count() == 4


def test_two_wordings(people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any) -> None:
    for number in range(60):
        of = factories.account(f"Customer {number}")
        factories.contact(of, first_name=f"P{number}", email_consent="yes")
    row = actions.plan(news(other_subject="Other news", other_body="The rest.", other_share=50).pk, ada, NOON)

    walk(EVENING)

    first, second = reading.outcomes(Campaign.objects.get(pk=row.pk), NOON)
    assert (first.name, second.name) == ("A", "B")
    assert first.sent + second.sent == 62
    assert min(first.sent, second.sent) > 15  # one in 10⁴ falls short of it
    assert (first.answered, second.answered) == (0, 0)
    of_b = Enrollment.objects.filter(workflow__slug=f"campaign-{row.pk}", runs__detail__arm="B").first()
    assert of_b is not None
    late = EVENING + timedelta(hours=1)
    record([Fact(of_b.account_id, "email.received", "They wrote", occurred_at=late)], react=False, now=late)
    assert [one.answered for one in reading.outcomes(Campaign.objects.get(pk=row.pk), late)] == [0, 1]


def test_spread_over_hours_at_the_same_moment_whoever_is_tried_again(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news(over_hours=6, hour=time(9)).pk, ada, NOON)
    walk(EVENING)
    planned = sent(row)
    begun = {"Anna": datetime(2026, 6, 2, 7, tzinfo=UTC), "Chie": datetime(2026, 6, 2, 0, tzinfo=UTC)}
    assert set(planned) == set(begun)
    for name, moment in planned.items():
        assert begun[name] <= moment < begun[name] + timedelta(hours=6)
    assert len({moment - begun[name] for name, moment in planned.items()}) == 2


def test_called_off_nothing_leaves_and_planned_again_nobody_gets_it_twice(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    midnight = datetime(2026, 6, 2, 1, tzinfo=UTC)  # Tokyo has it
    walk(midnight)
    assert set(sent(row)) == {"Chie"}

    actions.call_off(row.pk, ada, midnight)
    walk(EVENING, start=midnight)

    assert set(sent(row)) == {"Chie"}
    with pytest.raises(CampaignError, match="Some have got it already"):
        actions.reopen(row.pk, ada, EVENING)


def test_called_off_before_anybody_got_it_it_may_be_changed(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    actions.call_off(row.pk, ada, NOON)
    actions.reopen(row.pk, ada, NOON)
    actions.write(row.pk, {"subject": "Better", "name": row.name}, ada, NOON)
    actions.plan(row.pk, ada, NOON)
    walk(EVENING)
    assert set(sent(row)) == {"Anna", "Chie"}
    assert OutboundMessage.objects.filter(state="sent").values_list("template__subject", flat=True)[0] == "Better"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"day": None}, "which day"),
        ({"day": TUESDAY - 2 * DAY}, "has passed"),
        ({"body": ""}, "says nothing"),
        ({"other_subject": "Half of it"}, "second wording"),
    ],
)
def test_what_cannot_be_planned(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, written: dict[str, Any], why: str
) -> None:
    row = news(**written)
    with pytest.raises(CampaignError, match=why):
        actions.plan(row.pk, ada, NOON)
    row.refresh_from_db()
    assert row.state == Campaign.State.DRAFT
    assert not Workflow.objects.exists()


def test_what_is_planned_cannot_be_written_or_planned_again(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    with pytest.raises(CampaignError, match="planned"):
        actions.write(row.pk, {"name": "x", "subject": "Other"}, ada, NOON)
    with pytest.raises(CampaignError, match="already"):
        actions.plan(row.pk, ada, NOON)
    row.refresh_from_db()
    assert row.subject == "News, {{ contact.first_name }}"


# In a crisis ------------------------------------------------------------------------------------------------------


@pytest.fixture
def alarm(news: Callable[..., Campaign]) -> Campaign:
    return news(kind="crisis", day=None, name="Outage", subject="What happened", who="everybody")


def test_whoever_asks_cannot_say_yes(alarm: Campaign, ada: User, make_user: Any, people: Any, walk: Any) -> None:
    make_user("Bea", "admin")
    actions.plan(alarm.pk, ada, NOON)
    with pytest.raises(CampaignError, match="Somebody else"):
        actions.approve(alarm.pk, ada, NOON)
    walk(EVENING)
    assert not OutboundMessage.objects.filter(series__startswith="campaign").exists()


def test_a_second_admin_lets_it_leave_at_once_at_night_too(
    alarm: Campaign, ada: User, make_user: Any, people: dict[str, Contact], walk: Any
) -> None:
    bea = make_user("Bea", "admin")
    actions.plan(alarm.pk, ada, NOON)
    night = datetime(2026, 6, 1, 23, tzinfo=UTC)
    row = actions.approve(alarm.pk, bea, night)
    walk(night + timedelta(minutes=5), start=night)
    assert set(sent(row)) == set(people)  # Dora too: what she refused was news
    assert row.approved_by == bea


def test_the_only_admin_may(alarm: Campaign, ada: User, people: Any) -> None:
    actions.plan(alarm.pk, ada, NOON)
    assert actions.approve(alarm.pk, ada, NOON).state == Campaign.State.PLANNED


def test_taken_back_before_the_yes(alarm: Campaign, ada: User, make_user: Any) -> None:
    bea = make_user("Bea", "admin")
    actions.plan(alarm.pk, ada, NOON)
    actions.call_off(alarm.pk, ada, NOON)
    with pytest.raises(CampaignError, match="does not wait"):
        actions.approve(alarm.pk, bea, NOON)
    assert not Workflow.objects.exists()


def test_what_came_of_it_goes_to_exactly_those_who_got_it(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news(who="everybody").pk, ada, NOON)
    walk(EVENING)
    factories.contact(factories.account("New"), first_name="Nils", email_consent="yes")
    after = actions.follow_up(row.pk, ada, EVENING)
    actions.write(after.pk, {"name": "Then", "day": TUESDAY + 9 * DAY, "subject": "Then", "body": "So."}, ada, EVENING)
    actions.plan(after.pk, ada, EVENING)
    walk(EVENING + 10 * DAY, start=EVENING)
    assert set(sent(after)) == set(sent(row)) == {"Anna", "Bo", "Chie"}
