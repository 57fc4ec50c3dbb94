"""The pages: what they show, what people decide there, and a report whose every figure opens its payments."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.billing.models import PaymentAttempt
from crm.history import actions as history
from crm.ledger.models import Payment
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.wording import money
from retention.dunning import reading
from retention.dunning.models import DunningCase, DunningSettings
from tests import factories
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, case_of, declined, story


@pytest.fixture
def case(on: DunningSettings, kelp: Account, work_at: Any) -> DunningCase:
    payment = declined(kelp, NOON)
    work_at(NOON)
    return case_of(payment)


def test_the_list_says_what_happens_next_and_why(case: DunningCase, mira: Any, client: Client) -> None:
    client.force_login(mira)
    page = client.get("/retention/dunning/").content.decode()
    assert "Fri 5 Jun 08:00 Lisbon: 4 days after it failed" in page
    assert "7 days left" in page


def test_whoever_sees_only_own_customers_finds_nothing(case: DunningCase, olaf: Any, client: Client) -> None:
    client.force_login(olaf)
    assert "Kelp" not in client.get("/retention/dunning/").content.decode()
    assert client.get(case.get_absolute_url()).status_code == 404
    assert client.get("/retention/dunning/report/").context["total"].failed == 0


def test_the_account_s_page_says_so_without_asking_more(
    case: DunningCase, mira: Any, client: Client, kept_standing: Any, django_assert_max_num_queries: Any
) -> None:
    client.force_login(mira)
    client.get(case.account.get_absolute_url())
    with django_assert_max_num_queries(12):
        page = client.get(case.account.get_absolute_url()).content.decode()
    assert f"/retention/dunning/?account={case.account_id}" in page
    assert "7 days left" in page


def test_today_names_whom_access_ends_for(case: DunningCase, mira: Any, client: Client) -> None:
    client.force_login(mira)
    near = case.grace_ends_at - 2 * DAY
    with clock.travelling(near - timedelta(microseconds=1)):
        assert "their grace ends" not in client.get("/").content.decode()
    with clock.travelling(near):
        assert f"{money(Decimal(120), 'EUR')} failed, and their grace ends tomorrow" in client.get("/").content.decode()


def test_it_is_tried_now_once(case: DunningCase, mira: Any, client: Client) -> None:
    client.force_login(mira)
    for _ in range(2):
        client.post(f"{case.get_absolute_url()}attempt/")
    assert PaymentAttempt.objects.count() == 1
    case.refresh_from_db()
    assert (case.tries, case.asked_at, case.asked_by) == (1, NOON, mira)


def test_an_agent_may_look_and_not_decide(case: DunningCase, sam: Any, client: Client) -> None:
    client.force_login(sam)
    assert client.get(case.get_absolute_url()).status_code == 200
    assert client.post(f"{case.get_absolute_url()}attempt/").status_code == 403
    assert not PaymentAttempt.objects.exists()


def test_forgiving_ends_it_and_can_be_taken_back(case: DunningCase, mira: Any, client: Client, work_at: Any) -> None:
    client.force_login(mira)
    assert client.post(f"{case.get_absolute_url()}forgiveness/", {"reason": ""}).status_code == 422
    assert case_of(case.payment).is_open
    client.post(f"{case.get_absolute_url()}forgiveness/", {"reason": "Our mistake"})
    work_at(NOON + DAY)
    case.refresh_from_db()
    assert (case.state, case.why, case.closed_by) == ("forgiven", "decided", mira)
    told = TimelineEntry.objects.filter(kind="dunning.forgiven")
    assert told.get().text == "€\u202f120 was forgiven: Our mistake"
    done = history.Act.objects.get(kind="dunning.forgiven")
    history.undo(done, mira, NOON + DAY)
    case.refresh_from_db()
    assert (case.state, case.why, case.closed_by) == ("open", "", None)
    assert not told.exists()
    assert story(case)[-1][0] == "back"


def test_what_is_stopped_is_not_tried(case: DunningCase, mira: Any, client: Client, work_at: Any) -> None:
    client.force_login(mira)
    client.post(f"{case.get_absolute_url()}halt/")
    work_at(NOON + 6 * DAY)
    assert not PaymentAttempt.objects.exists()
    client.post(f"{case.get_absolute_url()}resumption/")
    case.refresh_from_db()
    assert case.stopped_at is None
    assert case.next_at


def test_settings_that_leave_no_second_hour_are_refused(ada: Any, client: Client) -> None:
    client.force_login(ada)
    page = client.get("/settings/dunning/")
    values = {name: field.initial for name, field in page.context["form"].fields.items() if field.initial is not None}
    values = page.context["form"].initial | values | {"is_on": "on", "from_hour": 9, "until_hour": 10}
    answer = client.post("/settings/dunning/", values)
    assert answer.status_code == 422
    assert not DunningSettings.objects.exists()
    assert client.post("/settings/dunning/", values | {"until_hour": 11}).status_code == 302
    row = DunningSettings.objects.get()
    assert (row.on_since, row.until_hour) == (NOON, 11)


def test_the_report_counts_what_a_slow_look_counts(db: None, mira: Any, client: Client) -> None:
    """Random ends of random payments, in two currencies; each cell's list is as long as the cell says."""
    rng, cases = Random(4), []
    account = factories.account("Kelp & Co", owner=mira)
    for number in range(60):
        at = NOON - timedelta(days=rng.randint(0, 400), hours=rng.randint(0, 23))
        currency, rate = rng.choice((("EUR", 1), ("USD", Decimal("0.9137"))))
        payment = Payment.objects.create(
            account=account, amount=Decimal(rng.randint(100, 99999)) / 100, currency=currency, rate=rate, due_at=at,
            failed_at=at, status="failed", external_id=f"in_{number}",
        )  # fmt: skip
        state, why = rng.choice([
            ("open", ""), ("lost", "time"), ("lost", "void"), ("forgiven", "decided"), ("recovered", "retry"),
            ("recovered", "message"), ("recovered", "person"), ("recovered", "themselves"),
        ])  # fmt: skip
        cases.append(DunningCase.objects.create(
            account=account, payment=payment, state=state, why=why, failed_at=at, last_failed_at=at, last_at=at,
            grace_ends_at=at, ends_at=at, opened_at=at, closed_at=None if state == "open" else at,
        ))  # fmt: skip
    many: Counter[tuple[str, str]] = Counter()
    money: Counter[tuple[str, str]] = Counter()
    for case in cases:
        way = case.why if case.state == "recovered" else case.state
        cell = (f"{case.failed_at.astimezone(clock.zone()):%Y-%m}", way)
        many[cell] += 1
        worth = (case.payment.amount * case.payment.rate).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
        money[cell] += worth  # type: ignore[assignment]
    months, total = reading.report(mira, clock.today(NOON))
    assert len(months) == 12
    for month in months:
        for way, number, worth in month.cells:
            cell = (f"{month.first:%Y-%m}", way)
            assert (number, worth) == (many[cell], money[cell])
    shown = [case for case in cases if case.failed_at.astimezone(clock.zone()).date() >= months[-1].first]  # type: ignore[operator]
    assert total.failed == len(shown) < len(cases)
    client.force_login(mira)
    for way, number, _ in [*total.cells, ("failed", total.failed, 0), ("recovered", total.recovered, 0)]:
        page = client.get(f"/retention/dunning/?way={way}&since={months[-1].first:%Y-%m}")
        assert len(page.context["lines"]) == min(number, 40), way


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13",
        "way=nothing",
        "account=x",
        "since=never",
        "tab=none",
        "month=2026-5",
        "month=0001-01",
        "since=0001-01",
        "month=9999-12",
        "since=9999-12",
    ],
)
def test_a_figure_that_is_none_is_not_found(mira: Any, client: Client, query: str) -> None:
    client.force_login(mira)
    assert client.get(f"/retention/dunning/?{query}").status_code == 404
