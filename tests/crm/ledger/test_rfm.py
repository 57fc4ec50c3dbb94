"""RFM: the formula on its boundaries, the facts it rests on, and the nightly walk."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm import slots
from crm.accounts.models import Account
from crm.ledger.models import Contract, RfmScore
from crm.ledger.rfm import rules, walking
from crm.ledger.rfm.walking import RFM
from crm.segments.filters import parse
from crm.slots import ValueFacts
from crm.web.models import Walk
from tests import factories
from tests.conftest import NOON

TODAY = NOON.date()
DAY = timedelta(days=1)


def walk(now: Any = NOON) -> None:
    while RFM.run(now):
        pass


def row(account: Account) -> tuple[Any, ...]:
    score = RfmScore.objects.get(account=account)
    return score.last_on, score.times, score.spent


# The formula ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([7], [3]),
        ([7, 7, 7, 7], [3, 3, 3, 3]),
        ([1, 2], [2, 4]),
        (list(range(10)), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ([0] * 8 + [5, 9], [2] * 8 + [5, 5]),  # ranks .4 | .85 | .95: a fifth is passed only above it
        ([0] * 4 + [1] * 6, [1] * 4 + [4] * 6),  # ranks .2 | .7
    ],
)
def test_scores_are_fifths_and_equals_are_equal(values: list[int], scores: list[int]) -> None:
    assert [rules.score(value, values) for value in values] == scores


def test_the_grid_has_a_class_for_everybody() -> None:
    assert rules.class_of(5, 5, 5) == "champions"
    assert rules.class_of(4, 5, 4) == "champions"  # V = 4.5, rounded up
    assert rules.class_of(4, 4, 4) == "loyal"
    assert rules.class_of(3, 2, 3) == "attention"
    assert rules.class_of(1, 5, 5) == "precious"
    assert rules.class_of(2, 3, 3) == "at_risk"
    assert rules.class_of(1, 1, 1) == "hibernating"
    assert rules.class_of(5, 1, 1) == "new"
    assert {code for *_, code in rules.every_class()} == set(rules.CLASSES)
    assert len(rules.every_class()) == 125


# The facts --------------------------------------------------------------------------------------------------------


def test_months_money_and_the_last_sign_of_life(db: None) -> None:
    paying, seen = factories.account("Paying"), factories.account("Seen")
    for account in (paying, seen):
        contract = factories.contract(account, date(2025, 1, 1), date(2026, 1, 1), mrr=100, auto_renew=True)
        contract.terms.create(starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1), mrr=200, rate=Decimal("0.5"))
    seen_at(seen, "2026-05-30T23:30:00Z")
    walk()
    # 365 days of 2025, and 152 of 2026 up to today: 12 and 5 months; 365 × 100 / 30.4375 + 152 × 200 × .5 / 30.4375
    assert row(paying) == (date(2025, 1, 1), 17, Decimal("1698.56"))  # the renewal was nobody's deed
    assert row(seen) == (date(2026, 5, 30), 17, Decimal("1698.56"))


def seen_at(account: Account, moment: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_accountseen SET at = %s WHERE account_id = %s", [moment, account.pk])


def test_who_bought_nothing_in_the_window_has_no_place(db: None) -> None:
    first = TODAY - rules.WINDOW  # the first day that counts
    ends = {"until": first, "into": first + DAY, "trial": None, "free": None, "future": None}
    made = {name: factories.account(name) for name in ends}
    for name, status, mrr, starts in (
        ("until", Contract.Status.PAID, 10, first - 90 * DAY),
        ("into", Contract.Status.CANCELLED, 10, first - 90 * DAY),
        ("trial", Contract.Status.TRIAL, 10, TODAY - 9 * DAY), ("free", Contract.Status.PAID, 0, TODAY - 9 * DAY),
        ("future", Contract.Status.PAID, 10, TODAY + DAY),
    ):  # fmt: skip
        factories.contract(made[name], starts, ends[name], mrr=mrr, status=status)
    walk()
    assert list(RfmScore.objects.values_list("account__name", "times")) == [("into", 1)]
    walk(NOON + DAY)  # then it lies outside, and the row goes; the contract of tomorrow has begun
    assert list(RfmScore.objects.values_list("account__name", "times")) == [("future", 1)]


def test_another_rooms_facts_join_in(db: None) -> None:
    """A shop's orders, say, once there is a table of them."""
    account = factories.account()
    sql = "SELECT unnest(%(ids)s::bigint[]), %(today)s::date - 3, 4, %(price)s::numeric"
    with slots.value_facts.temporarily("orders", ValueFacts("Orders", sql, parameters={"price": 25})):
        walk()
    assert row(account) == (TODAY - 3 * DAY, 4, Decimal("25.00"))


# The walk ---------------------------------------------------------------------------------------------------------


def facts_of(values: list[tuple[Account, int, int, int]]) -> ValueFacts:
    """Facts as a table: (account, days since, times, spent)."""
    lines = ", ".join(
        f"({account.pk}, %(today)s::date - {days}, {times}, {spent}::numeric)" for account, days, times, spent in values
    )
    return ValueFacts(
        "Told",
        f"SELECT * FROM (VALUES {lines}) AS told(account_id, last_on, times, spent) WHERE account_id = ANY(%(ids)s)",
    )


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=12))
def test_the_database_scores_as_the_formula_says(told: list[tuple[int, int, int]]) -> None:
    days, times, spent = (list(column) for column in zip(*told, strict=True))
    for measure, values in (("last_on", [-day for day in days]), ("times", times), ("spent", spent)):
        edges = sorted(set(values))
        ranks = {value: (sum(v < value for v in values) + values.count(value) / 2) / len(values) for value in edges}
        passed = [min((v for v in edges if ranks[v] > fifth), default=None) for fifth in rules.FIFTHS]
        for value in values:
            by_edges = 1 + sum(edge is not None and edge <= value for edge in passed)
            assert by_edges == rules.score(value, values), measure


def test_everybody_gets_scores_and_a_class(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "SLICE", 3)
    accounts = [factories.account(f"Nr {n}") for n in range(10)]
    told = [(account, 10 * n, 20 - 2 * (n % 5), 100 * n) for n, account in enumerate(accounts)]
    with slots.value_facts.temporarily("told", facts_of(told)):
        walk()
    for account, days, times, spent in told:
        score = RfmScore.objects.get(account=account)
        r = rules.score(-days, [-one[1] for one in told])
        f, m = rules.score(times, [one[2] for one in told]), rules.score(spent, [one[3] for one in told])
        assert (score.r, score.f, score.m, score.code) == (r, f, m, rules.class_of(r, f, m))
    assert Walk.objects.get(name="rfm").day == TODAY
    assert RFM.run(NOON) == 0
    assert RFM.run(NOON + DAY) > 0


def test_a_walk_that_two_share_and_that_is_killed_goes_on(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "SLICE", 2)
    told = [(factories.account(), n, 1, n) for n in range(5)]
    with slots.value_facts.temporarily("told", facts_of(told)):
        assert RFM.run(NOON) == 2
        assert Walk.objects.get(name="rfm").position == told[1][0].pk
        walk(NOON + timedelta(hours=20))  # a day that began is finished as that day
        assert Walk.objects.get(name="rfm").day == TODAY + DAY
    assert RfmScore.objects.count() == 5


def test_filters_and_columns_know_it(db: None) -> None:
    accounts = [factories.account(f"Nr {n}") for n in range(5)]
    factories.account("Nobody")
    with slots.value_facts.temporarily(
        "told", facts_of([(account, 10 * n, 9 - n, 500 - 100 * n) for n, account in enumerate(accounts)])
    ):
        walk()
    assert RfmScore.objects.get(account=accounts[0]).code == "champions"

    def found(**leaf: Any) -> list[str]:
        rows = parse(leaf).apply(Account.objects.order_by("name"), NOON)
        return list(rows.values_list("name", flat=True))

    assert found(field="rfm", op="is", value="champions") == ["Nr 0"]
    assert found(field="rfm", op="in", value=["champions", "loyal"]) == ["Nr 0", "Nr 1"]
    assert found(field="recency_days", op=">=", value=30) == ["Nr 3", "Nr 4"]
    assert found(field="recency_days", op="<", value=10) == ["Nr 0"]
    assert found(field="frequency", op="=", value=9) == ["Nr 0"]
    assert found(field="monetary", op=">", value=300) == ["Nr 0", "Nr 1"]
    assert found(field="rfm_r", op="<=", value=2) == ["Nr 3", "Nr 4"]
    assert found(field="rfm", op="is_not_set") == ["Nobody"]
    assert parse({"field": "rfm", "op": "is", "value": "precious"}).sentence() == "RFM class is Must not be lost"
    cell = slots.list_columns["account.rfm"].cell
    assert cell({"rfm__code": "champions"}).startswith('<span class="badge good"')
    assert cell({"rfm__code": None}) == ""
