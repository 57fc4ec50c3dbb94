"""The nightly walk over what customers paid and cost, what it says, and to whom."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.duplicates.merging import merge
from crm.history.actions import undo
from crm.home.reasons import finder
from crm.ledger.actions import project
from crm.ledger.models import Payment, Purchase
from crm.segments.filters import parse
from crm.tickets.models import Ticket, TicketMessage
from crm.timeline.actions import Fact, record
from retention.usage.models import UsageDay
from retention.value import pairs
from retention.value.actions import set_prices
from retention.value.models import AccountValue, ProductPair, ValueSettings
from retention.value.reading import names_of
from retention.value.walking import VALUE, counted
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY, DAY = NOON.date(), timedelta(days=1)


def walk(now: Any = NOON) -> None:
    while VALUE.run(now):
        pass


def pay(of: Account, amount: int, **more: Any) -> Payment:
    values = {"due_at": NOON - DAY, "paid_at": NOON - DAY, "currency": "EUR", "status": "paid"}
    made = Payment.objects.create(account=of, amount=amount, **(values | more))
    project([of.pk], NOON)
    return made


def buy(of: Account, *products: str, amount: int = 10) -> None:
    made = Purchase.objects.create(account=of, purchased_at=NOON - DAY, currency="EUR")
    for place, product in enumerate(products, 1):
        made.items.create(place=place, product=product, amount=amount)
    project([of.pk], NOON)


def reply(ticket: Ticket, by: Any, **more: Any) -> None:
    TicketMessage.objects.create(ticket=ticket, kind="out", channel="email", user=by, occurred_at=NOON, **more)


def ticket(of: Account, **more: Any) -> Ticket:
    values = {"subject": "Help", "channel": "email", "reply_channel": "email", "token": f"t{Ticket.objects.count()}"}
    return Ticket.objects.create(account=of, **(values | more))


def value(of: Account) -> AccountValue:
    return AccountValue.objects.get(account=of)


def test_spend_cost_and_margin(ada: Any, sam: Any) -> None:
    of, quiet = factories.account("Kelp"), factories.account("Nobody")
    contract = factories.contract(of, date(2026, 1, 1), date(2027, 1, 1))
    pay(of, 500, contract=contract)
    pay(of, 100, contract=contract, status="partly_refunded", refunded=40, rate=Decimal("0.5"))
    one = ticket(of)
    for _ in range(3):
        reply(one, sam)
    reply(one, sam, called_off_at=NOON)
    reply(one, None)  # a machine of ours
    TicketMessage.objects.create(ticket=one, kind="in", channel="email", occurred_at=NOON)
    for minutes in (30, None, "long", -5):
        record(Fact(of.pk, "call.logged", "Called", NOON, payload={"minutes": minutes}), now=NOON)
    record(Fact(of.pk, "note.written", "A note", NOON, payload={"minutes": 99}), now=NOON)
    set_prices({"cost_per_hour": Decimal(90), "minutes_per_reply": 10, "minutes_per_touch": 20}, ada, NOON)
    walk()
    row = value(of)
    assert (row.spend, row.minutes) == (Decimal("530.00"), 30 + 30 + 20 + 20)
    assert (row.cost, row.margin) == (Decimal("150.00"), Decimal("380.00"))
    assert (row.payments, row.late) == (2, 0)
    assert not AccountValue.objects.filter(account=quiet).exists()


def test_what_was_bought_and_paid_counts_once() -> None:
    of = factories.account("Shop")
    buy(of, "Tea", "Cup", amount=20)
    pay(of, 40)
    of.refresh_from_db()
    assert of.lifetime_spend == 40
    pay(of, 25, contract=factories.contract(of, date(2026, 1, 1)))
    pay(of, 15, status="partly_refunded", refunded=5)
    of.refresh_from_db()
    assert of.lifetime_spend == 60  # 40 bought, 25 of the contract, and 5 went back


def test_payments_are_late_behind_their_grace() -> None:
    of = factories.account("Kelp")
    pay(of, 10, due_at=NOON - 20 * DAY, paid_at=NOON - 13 * DAY)  # the seventh day
    pay(of, 10, due_at=NOON - 20 * DAY, paid_at=NOON - 13 * DAY + timedelta(microseconds=1))
    pay(of, 10, due_at=NOON - 7 * DAY, paid_at=None, status="open")
    pay(of, 10, due_at=NOON - 7 * DAY + timedelta(microseconds=1), paid_at=None, status="open")
    pay(of, 10, due_at=NOON, paid_at=None, status="failed")
    pay(of, 10, due_at=NOON + DAY, paid_at=None, status="open")
    pay(of, 10, status="void", paid_at=None)
    walk()
    assert (value(of).payments, value(of).late) == (5, 3)


def use(of: Account, count: int, day: date = TODAY) -> None:
    UsageDay.objects.create(account=of, feature="home", day=day, count=count)


def test_use_is_compared_with_the_middle_of_the_plan() -> None:
    for number in range(1, 6):
        of = factories.account(f"P{number}")
        factories.contract(of, date(2026, 1, 1), plan="Pro")
        project([of.pk], NOON)
        use(of, number * 10)
        use(of, 3, TODAY - 29 * DAY)
        use(of, 7, TODAY - 30 * DAY)
        use(of, 9, TODAY - 60 * DAY)  # too long ago
    alone = factories.account("Alone")
    factories.contract(alone, date(2026, 1, 1), plan="Rare")
    project([alone.pk], NOON)
    walk()
    row = value(Account.objects.get(name="P1"))
    assert (row.uses, row.uses_before, row.typical) == (13, 7, 33)
    assert value(alone).typical == 33  # with everybody who uses it


def _ready(owner: Any, name: str = "Ready") -> Account:
    of = factories.account(name, owner=owner, goal_state="reached")
    contract = factories.contract(of, date(2025, 7, 1), date(2026, 7, 1))
    pay(of, 1000, contract=contract)
    use(of, 50)
    use(of, 10, TODAY - 40 * DAY)
    return of


def test_who_is_ready_is_found_by_filters_segments_today_and_the_page(client: Client, mira: Any, olaf: Any) -> None:
    of, other = _ready(mira), factories.account("Other", owner=mira)
    walk()
    row = value(of)
    assert (row.ready, row.verdict, row.score) == (True, "grow", 6)
    asked = parse({"field": "value.ready", "op": "is", "value": True}, "account")
    assert list(asked.apply(Account.objects.all(), NOON)) == [of]
    margin = parse({"all": [{"field": "value.margin", "op": ">", "value": 999},
                            {"field": "value.readiness", "op": ">=", "value": 6}]}, "account")  # fmt: skip
    assert list(margin.apply(Account.objects.all(), NOON)) == [of]
    assert [one[0] for one in finder("ready")(mira, NOON, 9)] == [of.pk]
    assert list(finder("ready")(olaf, NOON, 9)) == []
    client.force_login(mira)
    page = client.get("/retention/value/").content.decode()
    assert "1 customer<" in page
    assert "Use grows: 10 before" in page
    assert other.name not in page
    assert "Ready" in client.get(names_of("grow")).content.decode()
    client.force_login(olaf)
    assert "Use grows: 10 before" not in client.get("/retention/value/").content.decode()


def test_a_complaint_takes_it_back_the_next_night(mira: Any) -> None:
    of = _ready(mira)
    walk()
    ticket(of, mood=-1)
    walk()
    assert value(of).verdict == "grow"  # today was counted
    walk(NOON + DAY)
    assert (value(of).verdict, value(of).complaints) == ("", 1)


def test_who_costs_more_than_they_bring_is_named_with_reasons(client: Client, mira: Any, sam: Any) -> None:
    of = factories.account("Dear", owner=mira)
    factories.contract(of, date(2026, 1, 1), date(2027, 1, 1))
    project([of.pk], NOON)
    one = ticket(of)
    for _ in range(6):
        reply(one, sam)
    walk()
    client.force_login(mira)
    page = client.get("/retention/value/").content.decode()
    assert "1 h of replies, calls and meetings" in page
    card = client.get(f"/retention/value/accounts/{of.pk}/").content.decode()
    assert "Costs more than they bring" in card


def test_another_price_counts_everything_anew_and_its_undo_too(ada: Any, sam: Any) -> None:
    of = factories.account("Kelp")
    for _ in range(6):
        reply(ticket(of), sam)
    walk()
    assert (value(of).cost, counted(NOON)) == (60, (TODAY, True))
    done = set_prices({"cost_per_hour": Decimal(30)}, ada, NOON)
    assert counted(NOON) == (None, False)
    walk()
    assert value(of).cost == 30
    undo(done, ada, NOON)
    walk()
    assert value(of).cost == 60


def test_who_has_nothing_any_more_has_no_row_and_a_merge_counts_anew(ada: Any) -> None:
    keeper, loser = factories.account("Keeper"), factories.account("Loser")
    pay(keeper, 10)
    mine = pay(loser, 30)
    walk()
    merge("account", keeper.pk, loser.pk, {}, ada, NOON)
    walk(NOON + DAY)
    assert value(keeper).spend == 40
    Payment.objects.all().delete()
    Account.objects.filter(pk=keeper.pk).update(lifetime_spend=0)
    walk(NOON + 2 * DAY)
    assert not AccountValue.objects.exists()
    assert mine.pk


def test_products_go_together_by_lift_from_five_customers_on() -> None:
    both = [factories.account(f"B{number}") for number in range(5)]
    for of in both:
        buy(of, "Tea", "Cup")
    for number in range(4):
        buy(factories.account(f"F{number}"), "Tea", "Pot")  # four are too few
    for number in range(11):
        buy(factories.account(f"R{number}"), "Rice")
    asks = factories.account("Asks")
    buy(asks, "Cup")
    pairs.derive(TODAY)
    found = ProductPair.objects.get(product="Cup")
    # 21 customers, 6 with a cup, 9 with tea, 5 with both: 5 × 21 / (6 × 9)
    assert (found.other, found.together, found.buyers, found.lift) == ("Tea", 5, 6, Decimal("1.94"))
    assert ProductPair.objects.count() == 2
    assert [one.product for one in pairs.recommended([asks.pk])[asks.pk]] == ["Tea"]
    assert pairs.recommended([both[0].pk]) == {}  # has it all
    assert pairs.said([asks.pk, both[0].pk], NOON) == {asks.pk: "Tea", both[0].pk: ""}
    Purchase.objects.filter(account=both[0]).delete()
    pairs.derive(TODAY)
    assert not ProductPair.objects.exists()


def test_what_everybody_buys_recommends_nothing() -> None:
    for number in range(6):
        buy(factories.account(f"E{number}"), "Bag", "Tea")
    pairs.derive(TODAY)
    assert not ProductPair.objects.exists()  # a lift of 1


def test_only_admins_say_what_an_hour_costs(client: Client, ada: Any, mira: Any) -> None:
    client.force_login(mira)
    assert client.post("/settings/value/", {"cost_per_hour": 1}).status_code == 403
    client.force_login(ada)
    said = {"cost_per_hour": -1, "minutes_per_reply": 1, "minutes_per_touch": 1}
    assert client.post("/settings/value/", said).status_code == 422
    assert client.post("/settings/value/", said | {"cost_per_hour": 75}).status_code == 302
    assert ValueSettings.the_only().cost_per_hour == 75
