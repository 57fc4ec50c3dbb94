"""What figures say where a formula has no answer: everywhere n/a and why, nowhere 0 %, infinity or nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.core.management import call_command
from django.test import Client

from crm.ledger.actions import project
from crm.team.models import ApiToken, User
from retention.metrics.figures import figured
from retention.metrics.reading import Period
from retention.metrics.rules import Counts, ltv, months_of, unsaid
from retention.reports import actions
from retention.reports.models import MonthlyReview
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

DAYS = "from=2026-04-30&to=2026-05-31"
START, PAID, LOST = "nobody was a customer at the start", "nobody paid at the start", "nobody was lost"


def customer(name: str, start: date, end: date | None = None, mrr: int = 100) -> None:
    account = factories.account(name, industry="Shipping")
    factories.contract(account, start, end, mrr=mrr)
    project([account.pk], NOON)


def words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())))


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    call_command("metrics", start="2026-04-30", end="2026-05-31")
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_nobody_at_the_start_is_said_wherever_the_rate_would_stand(
    ada: User, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    customer("Comes", date(2026, 5, 5))
    client.force_login(ada)
    page = words(client, f"/retention/?period=own&{DAYS}")
    assert f"Kept (CRR) n/a {START}" in page
    assert "Churned n/a 0 of 0 customers" in page
    assert f"Net revenue (NRR) n/a {PAID}" in page
    assert f"Lifetime value (LTV) n/a {START}" in page
    apart = words(client, f"/retention/by/industry/?period=own&{DAYS}")
    assert apart.count(f"n/a : {START}") >= 4  # kept and churned, of the group and of all
    assert apart.count(f"n/a : {PAID}") >= 4
    asked = printed(capsys)
    assert (asked["crr"], asked["churn_rate"], asked["ltv"]) == (f"n/a, {START}",) * 3
    assert (asked["nrr"], asked["grr"]) == (f"n/a, {PAID}",) * 2
    call_command("metrics", start="2026-04-30", end="2026-05-31", json=True)
    assert json.loads(capsys.readouterr().out)["crr"] is None
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(ada, 'read')[1]}"})
    found = program.get(f"/api/v1/metrics/?period=own&{DAYS}").json()
    assert (found["figures"]["crr"], found["unsaid"]["crr"], found["band"]) == (None, START, "")
    known = words(client, f"/retention/known/?period=own&{DAYS}")
    assert f"n/a: {START}" in known
    for text in (page, apart, known):
        assert not re.search(r"\b(inf|nan|None)\b|∞", text)


def test_nobody_lost_has_a_rate_and_no_lifetime(ada: User, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    customer("Stays", date(2026, 1, 1))
    client.force_login(ada)
    asked = printed(capsys)
    assert (asked["crr"], asked["churn_rate"]) == ("1.0", "0.0")
    assert asked["ltv"].startswith(f"n/a, {LOST}")
    assert f"Lifetime value (LTV) n/a {LOST}" in words(client, f"/retention/?period=own&{DAYS}")


def test_a_free_customer_is_kept_and_has_paid_nothing(ada: User, client: Client) -> None:
    customer("Free", date(2026, 1, 1), mrr=0)
    client.force_login(ada)
    page = words(client, f"/retention/?period=own&{DAYS}")
    assert "Kept (CRR) 100.0" in page
    assert f"Net revenue (NRR) n/a {PAID}" in page
    assert f"Gross revenue (GRR) n/a {PAID}" in page


def test_the_review_of_a_first_month_says_so_on_its_page_and_in_its_mail(ada: User, client: Client) -> None:
    customer("Comes", date(2026, 4, 5))
    actions.subscribe(ada, datetime(2026, 4, 1, tzinfo=UTC))
    while actions.work(datetime(2026, 5, 1, 6, tzinfo=UTC)):
        pass
    client.force_login(ada)
    assert f"Kept (CRR) n/a {START}" in words(client, "/retention/reviews/2026-04/")
    review = MonthlyReview.objects.get(month=date(2026, 4, 1))
    assert f"Kept: n/a, {START}" in actions._told(review, ada)["figures"]


def test_everybody_lost_is_nought_and_has_no_revenue_per_customer() -> None:
    gone = Counts(customers_start=3, customers_lost=3, mrr_start=300)  # type: ignore[arg-type]
    assert ltv(gone, months_of(date(2026, 1, 1), date(2026, 2, 1))) is None
    assert unsaid(gone)["ltv"] == unsaid(gone)["arpa"] == "nobody is a customer at the end"
    assert "crr" not in unsaid(gone)


@pytest.mark.parametrize("lost", [0, 1, 5])
@pytest.mark.parametrize("end", [0, 4])
@pytest.mark.parametrize("start", [0, 5])
def test_a_figure_is_n_a_exactly_where_a_reason_stands(start: int, end: int, lost: int) -> None:
    """However many there are, no n/a without its reason, and no reason beside a number."""
    counts = Counts(start, end, 0, min(lost, start), start * 10, end * 10)  # type: ignore[arg-type]
    found = figured(counts, Period(date(2026, 1, 1), date(2026, 2, 1)))
    none = {name for name in found.told() if getattr(found, name) is None} - {"nps"}
    assert none == set(found.unsaid)
