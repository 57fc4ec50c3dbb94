"""The trigger of a day in each month: once a month for each customer, whatever is retried, and the report it sends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.outbox.models import OutboundMessage
from crm.tickets.models import Ticket
from crm.timeline.actions import Fact, record
from retention.usage.models import UsageDay
from retention.value.reading import letter
from retention.workflows import actions, rules, wording
from retention.workflows.actions import enable
from retention.workflows.definition import DefinitionError, parse
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK

TICK = timedelta(microseconds=1)
FIFTH = datetime(2026, 6, 4, 22, tzinfo=UTC)  # when it begins in this house's zone


def monthly(day: int = 5, **more: Any) -> dict[str, Any]:
    return {"trigger": {"when": "month", "day": day, **more}, "steps": [TASK]}


def keys() -> list[tuple[str, str]]:
    return list(Enrollment.objects.order_by("trigger_key", "account__name").values_list("trigger_key", "account__name"))


@pytest.fixture(autouse=True)
def berlin(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


def test_everybody_enters_once_a_month_from_the_beginning_of_the_day(publish: Any, run_at: Any) -> None:
    factories.account("Alder")
    publish(monthly())
    run_at(FIFTH - TICK)
    assert keys() == []
    for moment in (FIFTH, FIFTH + timedelta(minutes=2), FIFTH + 20 * DAY):
        run_at(moment)
    assert keys() == [("month:2026-06", "Alder")]
    run_at(datetime(2026, 7, 4, 22, tzinfo=UTC))
    assert keys() == [("month:2026-06", "Alder"), ("month:2026-07", "Alder")]
    assert Enrollment.objects.filter(trigger_key="month:2026-06").get().anchor == date(2026, 6, 5)


def test_who_comes_later_waits_for_the_next_month(publish: Any, run_at: Any) -> None:
    publish(monthly())
    factories.account("Known", created_at=FIFTH)
    factories.account("Late", created_at=FIFTH + TICK)
    run_at(FIFTH + DAY)
    assert keys() == [("month:2026-06", "Known")]


def test_a_day_that_was_slept_through_is_made_up_for_and_a_month_is_not(publish: Any, run_at: Any) -> None:
    factories.account("Alder")
    publish(monthly())
    run_at(datetime(2026, 8, 20, tzinfo=UTC))
    assert keys() == [("month:2026-08", "Alder")]


def test_what_is_switched_on_behind_the_day_begins_with_the_next(publish: Any, run_at: Any) -> None:
    factories.account("Alder", created_at=NOON - 60 * DAY)
    publish(monthly(day=1))  # which is today, at noon
    run_at(NOON + DAY)
    assert keys() == []
    row = Workflow.objects.get()
    assert actions.next_due(NOON + DAY) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    row.swept_until = None  # as somebody who takes the current month too
    row.save()
    run_at(NOON + DAY)
    assert keys() == [("month:2026-06", "Alder")]


def test_only_whom_the_filter_lets_through(publish: Any, run_at: Any) -> None:
    factories.account("Small"), Account.objects.filter(pk=factories.account("Large").pk).update(mrr=900)
    publish(monthly(where={"field": "mrr", "op": ">=", "value": 500}))
    run_at(FIFTH)
    assert keys() == [("month:2026-06", "Large")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_enroll_once(publish: Any) -> None:
    for number in range(20):
        factories.account(f"A{number}")
    publish(monthly())
    beside(*(lambda: actions.work(FIFTH) for _ in range(3)))
    assert Enrollment.objects.count() == 20


@pytest.mark.parametrize("day", [0, 29, "first"])
def test_no_other_day_can_be_published(day: Any) -> None:
    with pytest.raises(DefinitionError, match="day"):
        parse({"name": "No", **monthly(day=day)})


def test_it_is_said_in_words() -> None:
    days = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 22: "22nd"}
    for day, said in days.items():
        assert wording.trigger_sentence(parse({"name": "M", **monthly(day=day)})) == f"On the {said} of each month"
    facts = {"when": "month", "day": 5, "month": "2026-06"}
    assert wording.cause(facts, NOON.date()) == "The 5th of a month has come: June 2026"


@given(st.integers(1, 28), st.dates(date(2000, 3, 1), date(2100, 1, 1)))
def test_the_latest_day_is_past_and_the_next_is_a_month_on(day: int, today: date) -> None:
    latest, following = rules.latest_of_month(day, today), rules.next_of_month(day, today)
    assert latest <= today < following
    assert latest.day == following.day == day
    assert 28 <= (following - latest).days <= 31


# The report that customers get ---------------------------------------------------------------------------------------


def _customer(name: str, **more: Any) -> Account:
    made = factories.account(name, **more)
    factories.contact(made, first_name="Anna")
    factories.contract(made, date(2026, 1, 1))
    project([made.pk], NOON)
    return made


def _use(of: Account, feature: str, count: int, day: date) -> None:
    UsageDay.objects.create(account=of, feature=feature, day=day, count=count)


def test_the_report_goes_to_whom_there_is_something_to_say(run_at: Any, ada: Any) -> None:
    busy, quiet = _customer("Busy", goal="Half the time for invoices", goal_state="partly"), _customer("Quiet")
    before = _customer("Before")
    _use(busy, "exports", 12, date(2026, 5, 31))
    _use(busy, "exports", 8, date(2026, 4, 1))
    _use(busy, "reports", 99, date(2026, 6, 1))  # of the month that runs
    _use(before, "exports", 3, date(2026, 4, 30))
    Ticket.objects.create(account=busy, subject="?", channel="email", reply_channel="email", token="t", status="solved",
                          created_at=NOON - 10 * DAY, solved_at=NOON - 10 * DAY + timedelta(hours=3))  # fmt: skip
    enable("monthly-value", now=NOON)
    for days in (0, 1, 2, 40):
        run_at(NOON + days * DAY)
        if days == 2:
            sent = OutboundMessage.objects.get()
    assert OutboundMessage.objects.filter(series="monthly-value").exclude(pk=sent.pk).exists() is True  # June, in July
    assert (sent.account_id, sent.category, sent.facts["month"]["uses"]) == (busy.pk, "service", 12)
    assert sent.due_at == datetime(2026, 6, 2, 7, tzinfo=UTC)  # nine in Berlin
    subject, text, _ = letter(busy, NOON)
    assert subject == "Your May 2026 with us"
    assert "- Exports: 12 times, 8 before" in text
    assert "We solved a question of yours within 3 hours." in text
    assert "on your way to what you came for: Half the time for invoices" in text
    assert "reports" not in text
    assert quiet.pk
    assert OutboundMessage.objects.exclude(account=busy).count() == 0


def test_facts_that_no_word_names_are_not_worked_out(publish: Any, run_at: Any) -> None:
    account = _customer("Kelp")
    mail = {"id": "hi", "do": "message", "subject": "Hello", "body": "{{ leave_url }}|{{ recommendations }}"}
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [mail]}, "named")
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [mail | {"body": "Plain"}]}, "plain")
    record(Fact(account.pk, "deal.won", "Won", NOON), now=NOON)
    run_at(NOON)
    named, plain = (OutboundMessage.objects.get(series=name).facts for name in ("named", "plain"))
    assert "/leave/" in named["leave_url"]
    assert named["recommendations"] == ""
    assert not {"leave_url", "recommendations", "month"} & plain.keys()
    assert "month" not in named
