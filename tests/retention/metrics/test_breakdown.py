"""The breakdown: equal to day-by-day counting group by group, as many names as each figure says, and who judges."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.ledger.models import Contract
from crm.pipelines.models import Deal, Pipeline, Stage
from crm.segments.filters import parse
from crm.team.models import User
from retention.metrics.apart.dimensions import DIMENSIONS
from retention.metrics.apart.reading import breakdown
from retention.metrics.names import behind
from retention.metrics.reading import EVERYBODY, Period, Slice, counts
from tests import factories
from tests.conftest import NOON
from tests.retention.metrics import oracle
from tests.retention.metrics.test_figures import histories

pytestmark = pytest.mark.django_db

APRIL = Period(date(2026, 4, 1), date(2026, 5, 1))
BEGAN, LEFT = date(2026, 1, 1), date(2026, 4, 15)


def customer(name: str, end: date | None = None, plan: str = "Pro", mrr: int = 100, **fields: Any) -> Account:
    account = factories.account(name, **fields)
    factories.contract(account, BEGAN, end, mrr=mrr, plan=plan)
    project([account.pk], NOON)
    return account


def test_groups_fold_as_filters_do_and_those_without_a_value_are_named() -> None:
    customer("a", LEFT, industry="Shipping")
    customer("b", LEFT, industry="shipping")
    customer("c", industry="Food", mrr=40)
    customer("d", LEFT)
    found = breakdown("industry", APRIL, NOON, EVERYBODY)
    told = [(group.key, group.name, group.counts.customers_lost, group.mrr_lost) for group in found.groups]
    assert told == [("shipping", "Shipping", 2, 200), ("", "No industry", 1, 100), ("food", "Food", 0, 0)]
    assert (found.number, found.total.counts) == (3, counts(APRIL, NOON))
    assert found.groups[2].crr == 1


def test_nobody_at_all_is_no_group() -> None:
    found = breakdown("plan", APRIL, NOON, EVERYBODY)
    assert (found.groups, found.number, found.total.churn_rate) == ((), 0, None)


def test_several_plans_are_one_that_brings_most_on_the_first_day() -> None:
    """Together two small contracts of a plan bring more than a large one; of equals the first in the alphabet."""
    account = customer("several", plan="Large", mrr=100)
    for _ in range(2):
        factories.contract(account, BEGAN, LEFT, mrr=60, plan="team")
    equal = customer("equal", plan="Zed", mrr=50)
    factories.contract(equal, BEGAN, mrr=50, plan="Abc")
    late = factories.account("late")
    factories.contract(late, date(2026, 4, 10), mrr=10, plan="Abc")
    trial = customer("trial", plan="Small", mrr=5)
    factories.contract(trial, BEGAN, mrr=900, plan="Trial", status="trial")
    project([account.pk, equal.pk, late.pk], NOON)
    found = breakdown("plan", APRIL, NOON, EVERYBODY)
    told = {group.name: (group.counts.customers_start, group.counts.customers_end) for group in found.groups}
    assert told == {"team": (1, 1), "Abc": (1, 2), "Small": (1, 1)}
    for name, keys in {"team": {"several"}, "abc": {"equal", "late"}, "large": set()}.items():
        chosen = parse({"all": [*behind("customers_end", APRIL), *DIMENSIONS["plan"].conditions(name, APRIL)]})
        assert {row.name for row in chosen.apply(Account.objects.all(), NOON)} == keys


def test_the_source_is_that_of_the_first_deal_won() -> None:
    account = customer("one", LEFT)
    pipeline = Pipeline.objects.create(name="Sales")
    won = Stage.objects.create(pipeline=pipeline, name="Won", outcome="won", probability=100)
    lost = Stage.objects.create(pipeline=pipeline, name="Lost", outcome="lost", probability=0)
    for rank, (stage, source, day) in enumerate([(lost, "Web", 1), (won, "Fair", 2), (won, "Web", 3)]):
        Deal.objects.create(
            pipeline=pipeline, stage=stage, outcome=stage.outcome, rank=rank, account=account, title=source,
            source=source, currency="EUR", closed_at=NOON.replace(day=day),
        )  # fmt: skip
    customer("other")
    found = breakdown("source", APRIL, NOON, EVERYBODY)
    assert [(group.name, group.counts.customers_lost) for group in found.groups] == [
        ("Fair", 1), ("No source known", 0)
    ]  # fmt: skip
    chosen = parse({"all": DIMENSIONS["source"].conditions("fair", APRIL)})
    assert list(chosen.apply(Account.objects.all(), NOON)) == [account]


def test_all_groups_are_one_statement() -> None:
    for name in ("a", "b", "c"):
        customer(name, industry=name)
    for by in DIMENSIONS:
        with CaptureQueriesContext(connection) as asked:
            breakdown(by, APRIL, NOON, EVERYBODY)
        assert len(asked) == 1


def test_the_page_judges_no_few_and_opens_its_names(ada: User, olaf: User) -> None:
    for number in range(10):
        customer(f"ship {number}", LEFT if number < 6 else None, industry="Shipping")
    for number in range(9):
        customer(f"food {number}", LEFT if number < 4 else None, industry="Food")
    for number in range(21):
        customer(f"else {number}", industry="Else")
    client = Client()
    client.force_login(ada)
    html = unescape(client.get("/retention/by/industry/?from=2026-04-01&to=2026-05-01").content.decode())
    assert "Shipping: 60.0\u202f% left, 6 of 10; of all customers 25.0\u202f%." in html
    assert html.index(">Shipping") < html.index(">Food") < html.index(">Else")
    food = html[html.index(">Food") : html.index(">Else")]
    assert "too few" in food
    assert "56 %" not in food  # 5 of 9
    assert client.get("/retention/by/luck/").status_code == 404
    assert client.get("/retention/by/plan/?period=luck").status_code == 422
    Account.objects.update(owner=ada)
    assert breakdown("industry", APRIL, NOON, Slice(viewer=olaf)).groups == ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.lists(st.sampled_from(["", "Food", "food", "Ships"]), min_size=4, max_size=4))
def test_any_history_is_told_apart_as_day_by_day(history: list[oracle.Contract], industries: list[str]) -> None:
    Account.objects.all().delete()
    accounts = [factories.account(industry=industry) for industry in industries]
    for contract in history:
        row = Contract.objects.create(
            account=accounts[contract.account], status=contract.status, currency="EUR", plan="Any",
            paid_from=contract.paid_from, cancelled_on=contract.cancelled_on,
        )  # fmt: skip
        for term in contract.terms:
            term.mrr = term.mrr.quantize(Decimal("0.01"))
            row.terms.create(starts_on=term.starts_on, ends_on=term.ends_on, mrr=term.mrr)
    project([account.pk for account in accounts], NOON)
    found = {group.key: group for group in breakdown("industry", APRIL, NOON, EVERYBODY).groups}
    assert set(found) <= {industry.lower() for industry in industries}
    for key in {industry.lower() for industry in industries}:
        own = [contract for contract in history if industries[contract.account].lower() == key]
        expected = oracle.counted(own, APRIL.start, APRIL.end)
        if key not in found:
            assert not expected.start | expected.end
            continue
        told = found[key].counts
        assert (told.customers_start, told.customers_end) == (len(expected.start), len(expected.end))
        assert (told.customers_new, told.customers_lost) == (len(expected.new), len(expected.lost))
        assert (told.mrr_start, told.mrr_end) == (expected.mrr_start, expected.mrr_end)
        assert (told.mrr_stayed, told.mrr_kept) == (expected.stayed, expected.kept)
        of_group = DIMENSIONS["industry"].conditions(key, APRIL)
        for figure, names in (("customers_lost", expected.lost), ("customers_new", expected.new)):
            chosen = parse({"all": [*behind(figure, APRIL), *of_group]}).apply(Account.objects.all(), NOON)
            assert {accounts.index(account) for account in chosen} == names
