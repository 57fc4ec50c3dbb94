"""Reasons for Today that the record knows beside renewals and silence, each on its boundaries; all in one question."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import slots
from crm.accounts.models import Account, HandOff
from crm.home import reasons, rules
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


def found(name: str, viewer: User, limit: int = 9) -> list[tuple[str, str, str]]:
    rows = slots.today_reasons[name].find(viewer, NOON, limit)
    names = dict(Account.objects.values_list("pk", "name"))
    return [(names[pk], sentence, action) for pk, sentence, _, action in rows]


def customer(name: str, owner: User | None, **fields: Any) -> Account:
    return factories.account(name, owner=owner, **({"lifecycle": "customer", "mrr": 100} | fields))


def ahead(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("due", "fields", "said"),
    [
        (15, {}, None),
        (14, {}, "Their goal is due in 14 days: Half the time"),
        (0, {}, "Their goal is due today: Half the time"),
        (-1, {"goal_state": "partly"}, "Their goal was due 1 day ago: Half the time"),
        (-60, {}, "Their goal was due 60 days ago: Half the time"),
        (-61, {}, None),
        (0, {"goal_state": "reached"}, None),
        (0, {"goal_state": "missed"}, None),
        (0, {"goal_checked_on": TODAY - timedelta(days=13)}, None),
        (0, {"goal_checked_on": TODAY - timedelta(days=14)}, "Their goal is due today: Half the time"),
        (0, {"goal": ""}, None),
        (0, {"lifecycle": "churned"}, None),
    ],
)
def test_a_goal_that_is_due(mira: User, due: int, fields: dict[str, Any], said: str | None) -> None:
    customer("Kelp", mira, **({"goal": "Half the time", "goal_due_on": ahead(due)} | fields))
    assert found("goal", mira) == ([("Kelp", said, "Ask them")] if said else [])


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-1, None),
        (0, "Since today a customer, and nothing was handed over"),
        (30, "For 30 days a customer, and nothing was handed over"),
        (31, None),
    ],
)
def test_a_new_customer_without_a_hand_off(mira: User, days: int, said: str | None) -> None:
    kelp = customer("Kelp", mira, customer_since=ahead(-days))
    assert found("hand_off", mira) == ([("Kelp", said, "Ask sales")] if said else [])
    HandOff.objects.create(account=kelp, version=1, goals="Half the time", written_at=NOON)
    assert found("hand_off", mira) == []


@pytest.mark.parametrize(("days", "when"), [(-1, ""), (0, "today"), (7, "in 7 days"), (8, "")])
def test_the_birthday_of_somebody_who_decides(mira: User, days: int, when: str) -> None:
    born = ahead(days).replace(year=1980)
    of = customer("Kelp", mira)
    factories.contact(of, first_name="Anna", last_name="Weber", birthday=born, roles=["uses", "decides"])
    factories.contact(customer("Bolt", mira), birthday=born, roles=["uses"])
    factories.contact(customer("Acme", mira), birthday=born, roles=["decides"], do_not_contact=True)
    factories.contact(customer("Gone", mira, do_not_contact=True), birthday=born, roles=["decides"])
    said = [("Kelp", f"Birthday of Anna Weber, who decides, {when}", "Congratulate")]
    assert found("birthday", mira) == (said if when else [])


@pytest.mark.parametrize(("days", "stop", "said"), [(30, True, True), (31, True, False), (30, False, False)])
def test_a_renewal_of_which_nobody_may_remind_them(mira: User, days: int, stop: bool, said: bool) -> None:
    customer("Kelp", mira, renews_on=ahead(days), do_not_contact=stop)
    sentence = "Renewal in 30 days, and no reminder reaches them: do not contact"
    assert found("stopped", mira) == ([("Kelp", sentence, "Decide")] if said else [])


def test_goals_and_hand_offs_are_asked_of_those_who_look_after_them(mira: User, ada: User, olaf: User) -> None:
    hers = {"goal": "Half the time", "goal_due_on": TODAY, "customer_since": TODAY}
    customer("Hers", mira, **hers)
    customer("Nobody’s", None, **hers)
    for name in ("goal", "hand_off"):
        assert [row[0] for row in found(name, mira)] == ["Hers", "Nobody’s"]
        assert [row[0] for row in found(name, ada)] == ["Nobody’s"], "an admin need not hear of everybody’s"
        assert [row[0] for row in found(name, olaf)] == ["Nobody’s"]


def test_what_is_worth_most_comes_first_and_no_more_than_asked(mira: User) -> None:
    for name, mrr in (("Small", 10), ("Large", 900), ("Middle", 90)):
        customer(name, mira, mrr=mrr, goal="Half the time", goal_due_on=TODAY)
    assert [row[0] for row in found("goal", mira, 2)] == ["Large", "Middle"]


def test_all_reasons_of_the_record_are_one_question(mira: User) -> None:
    customer("Kelp", mira, goal="Half the time", goal_due_on=TODAY, renews_on=ahead(3))
    with CaptureQueriesContext(connection) as asked:
        for name in reasons.NAMES:
            found_now = list(slots.today_reasons[name].find(mira, NOON, rules.MOST_NEEDS))
            assert name not in ("goal", "renewal") or len(found_now) == 1
    assert len(asked) == 1


def test_who_asks_again_gets_the_present(mira: User) -> None:
    assert found("goal", mira) == []
    customer("Kelp", mira, goal="Half the time", goal_due_on=TODAY)
    assert [row[0] for row in found("goal", mira)] == ["Kelp"]


@pytest.mark.parametrize(("days", "urgency"), [(14, 0.0), (-60, 0.5)])
def test_a_goal_is_never_as_urgent_as_a_renewal_today(days: int, urgency: float) -> None:
    assert rules.goal_urgency(days) == pytest.approx(urgency)


@pytest.mark.parametrize(("days", "urgency"), [(0, 0.2), (30, 0.5)])
def test_a_hand_off_is_missed_more_with_each_day(days: int, urgency: float) -> None:
    assert rules.hand_off_urgency(days) == pytest.approx(urgency)
