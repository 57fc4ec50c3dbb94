"""How much of what customers hear comes from machines, by whom it is read, and where it is too much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.home import meter
from crm.outbox.models import MailPolicy
from crm.segments import filters
from crm.team.models import User
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)


def touched(account: Account, people: int = 0, machines: int = 0, at: Any = NOON) -> None:
    def facts(count: int, source: str) -> list[Fact]:
        return [
            Fact(account.pk, "mail.sent", "Sent", occurred_at=at, source=source, channel="email") for _ in range(count)
        ]

    record(facts(people, "person") + facts(machines, "automatic"), react=False, now=at)


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp", owner=mira, lifecycle="customer")


def test_it_counts_what_went_out_of_thirty_days(kelp: Account, ada: User) -> None:
    touched(kelp, people=1, machines=3, at=NOON - meter.DAYS * DAY)
    touched(kelp, people=9, at=NOON - meter.DAYS * DAY - timedelta(microseconds=1))
    record([Fact(kelp.pk, "note.added", "A note", source="person", occurred_at=NOON)], react=False, now=NOON)
    found = meter.of(ada, NOON)
    assert (found.by_people, found.automatic, found.percent) == (1, 3, 75)


@pytest.mark.parametrize(("most", "too_much"), [(74, True), (75, False)])
def test_above_the_threshold_it_warns(kelp: Account, ada: User, most: int, too_much: bool) -> None:
    touched(kelp, people=1, machines=3)
    MailPolicy.objects.update_or_create(pk=1, defaults={"automated_most": most})
    assert meter.of(ada, NOON).is_too_much is too_much
    page = Client()
    page.force_login(ada)
    shown = page.get("/workflows/").content.decode()
    assert ("Machines say more than people" in shown) is too_much
    assert "75 %" in shown


def test_nobody_touched_is_no_figure(kelp: Account, ada: User) -> None:
    assert meter.of(ada, NOON).percent == 0
    page = Client()
    page.force_login(ada)
    assert "touches in the last" not in page.get("/workflows/").content.decode()


def test_customers_above_it_are_named_and_foreign_ones_count_for_nobody_else(
    kelp: Account, ada: User, olaf: User
) -> None:
    calm = factories.account("Calm", owner=olaf, lifecycle="customer")
    factories.account("Silent", lifecycle="customer")
    touched(kelp, people=1, machines=9)
    touched(calm, people=3, machines=1)
    condition = filters.parse({"field": "automated_share", "op": ">", "value": 80}, "account")
    assert list(condition.apply(Account.objects.all(), NOON).values_list("name", flat=True)) == ["Kelp"]
    assert meter.of(olaf, NOON).touches == 4
    page = Client()
    page.force_login(ada)
    listed = page.get("/accounts/", {"f": meter.of(ada, NOON).behind}).content.decode()
    assert "Kelp" in listed
    assert "Calm" not in listed
