"""Interests and heavy users: the definitions on their boundaries, and the nightly walk over days of use."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm import slots
from crm.accounts.models import Account
from crm.segments.filters import parse
from retention.usage.habits import rules, walking
from retention.usage.habits.walking import HABITS
from retention.usage.models import UsageDay, UsageHabit
from tests import factories
from tests.conftest import NOON

TODAY = NOON.date()
DAY = timedelta(days=1)


def walk(now: Any = NOON) -> None:
    while HABITS.run(now):
        pass


def use(account: Account, feature: str, count: int = 1, day: date = TODAY, **more: Any) -> None:
    UsageDay.objects.create(account=account, feature=feature, day=day, count=count, **more)


def days_of(account: Account, number: int) -> None:
    for n in range(number):
        use(account, "home", day=TODAY - n * DAY)


def heavy() -> list[str]:
    return sorted(UsageHabit.objects.filter(heavy=True).values_list("account__name", flat=True))


def test_the_tenth_is_rounded_up_and_takes_equals_along() -> None:
    assert rules.heavy_from([4]) == 4
    assert rules.heavy_from(list(range(1, 11))) == 10
    assert rules.heavy_from(list(range(1, 12))) == 10  # two of eleven
    assert rules.heavy_from([9, 9, 9, 1, 1, 1, 1, 1, 1, 1]) == 9


def test_interests_are_the_three_features_used_most(db: None) -> None:
    account, quiet = factories.account("Busy"), factories.account("Quiet")
    person = factories.contact(account)
    for feature, count in (("exports", 50), ("reports", 20), ("alerts", 15), ("boards", 15), ("zoom", 1)):
        use(account, feature, count)
    use(account, "zoom", 9, contact=person)
    use(account, "exports", 0, TODAY - DAY)
    use(account, "old", 900, TODAY - rules.WINDOW)
    use(account, "first", 1, TODAY - rules.WINDOW + DAY)
    use(quiet, "old", 900, TODAY - rules.WINDOW)
    walk()
    habit = UsageHabit.objects.get()
    assert (habit.account, habit.active_days) == (account, 2)
    assert (habit.interests, habit.shares) == (["exports", "reports", "alerts"], [45, 18, 14])  # of 111
    fetch = slots.list_columns["account.interest"].fetch
    assert fetch
    assert fetch([account.pk, quiet.pk], None, NOON) == {account.pk: "exports 45 %, reports 18 %, alerts 14 %"}


def test_heavy_users_are_the_tenth_of_everybody_without_a_plan_of_many(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "SLICE", 4)
    for n in range(1, 12):
        days_of(factories.account(f"Nr {n:02}"), n)
    walk()
    assert heavy() == ["Nr 10", "Nr 11"]


def test_peers_are_those_on_the_same_plan_if_they_are_enough(db: None) -> None:
    for n in range(1, rules.LEAST_PEERS + 1):
        account = factories.account(f"Small {n:02}")
        factories.contract(account, date(2026, 1, 1), plan="Small")
        days_of(account, n)
    for n in range(1, 6):
        account = factories.account(f"Large {n}")
        factories.contract(account, date(2026, 1, 1), plan="Large")
        factories.contract(account, date(2026, 1, 1), plan="Add-on", mrr=1)
        days_of(account, 2 * n + 9)
    walk()
    assert UsageHabit.objects.get(account__name="Large 1").plan == "Large"
    # Of 20 on Small two are heavy. Large has five, so they are compared with all 25, of whom three have 19 or more.
    assert heavy() == ["Large 5", "Small 19", "Small 20"]


def test_who_stops_is_none_any_more(db: None) -> None:
    account = factories.account()
    use(account, "exports", day=TODAY - rules.WINDOW + DAY)
    walk()
    assert heavy() == [account.name]
    walk(NOON + DAY)
    assert not UsageHabit.objects.exists()


def test_filters_know_it(db: None) -> None:
    busy, _ = factories.account("Busy"), factories.account("Never")
    use(busy, "exports", 3)
    walk()

    def found(**leaf: Any) -> list[str]:
        return sorted(parse(leaf).apply(Account.objects.all(), NOON).values_list("name", flat=True))

    assert found(field="interest", op="has", value="exports") == ["Busy"]
    assert found(field="interest", op="has_none", value=["exports"]) == ["Never"]
    assert found(field="heavy_user", op="is", value=True) == ["Busy"]
    assert found(field="heavy_user", op="is", value=False) == ["Never"]
    assert found(field="active_days", op="=", value=0) == ["Never"]
