"""Winning books once, losing asks why, and opening again takes both back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm.history.actions import undo
from crm.ledger.actions.deals import confirm
from crm.ledger.models import Contract
from crm.pipelines.actions.losing import lose
from crm.pipelines.actions.moving import Filled, move
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.actions.winning import Booked, win
from crm.pipelines.models import Deal, LossReason, Stage
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SOLD = Booked("Pro", Decimal(100), date(2026, 6, 15), 12)


@pytest.fixture
def price(db):
    return LossReason.objects.create(name="Price")


def test_won_it_books_a_contract_that_counts_for_nothing_yet(deal, sales, mira):
    row = deal("Kelp")
    won = win(row.pk, SOLD, mira, NOON + DAY)
    contract = Contract.objects.get()
    term = contract.terms.get()
    assert (contract.status, contract.plan, contract.account, contract.deal) == (
        "expected",
        "Pro",
        row.account,
        won.deal,
    )
    assert (term.starts_on, term.ends_on, term.mrr) == (date(2026, 6, 15), date(2027, 6, 15), 100)
    assert (won.kind, won.deal.outcome, won.deal.closed_at) == ("new", "won", NOON + DAY)
    assert (won.deal.plan, won.deal.mrr, won.deal.months) == ("Pro", 100, 12)
    entry = TimelineEntry.objects.get(kind="deal.won")
    assert (entry.payload["sale"], entry.payload["mrr"], entry.payload["days"]) == ("new", "100", 1)
    again = win(row.pk, SOLD, mira, NOON + DAY)
    assert (again.act, again.contract) == (None, contract)
    assert_whole()


def test_what_was_sold_is_asked_and_whatever_the_gate_asks_too(deal, sales, mira):
    Stage.objects.filter(pk=sales.won.pk).update(required=["source"])
    row = deal("Kelp")
    with pytest.raises(GateError) as raised:
        move(row.pk, sales.won.pk, None, mira, NOON)
    assert (raised.value.stage, raised.value.missing.fields) == (sales.won, ("source",))
    for booked in (None, SOLD):
        with pytest.raises(GateError) as raised:
            win(row.pk, booked, mira, NOON)
        assert raised.value.missing.fields == ("source",)
    assert not Contract.objects.exists()
    assert win(row.pk, SOLD, mira, NOON, filled=Filled(values={"source": "Fair"})).deal.source == "Fair"


def test_a_pipeline_that_books_nothing_is_won_by_a_move(deal, welcome, mira):
    row = deal("Kelp", stage=welcome.begin)
    moved = move(row.pk, welcome.won.pk, None, mira, NOON)
    assert moved.deal.outcome == "won"
    assert TimelineEntry.objects.filter(kind="deal.won").count() == 1
    assert not Contract.objects.exists()


def test_a_currency_without_a_rate_books_nothing(deal, sales, mira, settings):
    settings.CURRENCY_RATES = {"USD": Decimal("0.5")}
    row = deal("Kelp", currency="USD", amount=Decimal(100))
    assert row.value == 50
    settings.CURRENCY_RATES = {}
    with pytest.raises(DealError, match="USD has no rate"):
        win(row.pk, SOLD, mira, NOON)
    row.refresh_from_db()
    assert (row.outcome, row.plan, Contract.objects.count()) == ("open", "", 0)


def test_undone_or_opened_again_the_contract_goes(deal, sales, mira):
    row = deal("Kelp")
    won = win(row.pk, SOLD, mira, NOON)
    undone = undo(won.act, mira, NOON)
    row.refresh_from_db()
    assert (row.stage, row.plan, row.mrr, row.contract, Contract.objects.count()) == (sales.talk, "", None, None, 0)
    assert not undone.kept
    win(row.pk, SOLD, mira, NOON)
    moved = move(row.pk, sales.offer.pk, None, mira, NOON)
    assert (moved.act.detail["contract"]["taken"], moved.deal.contract, Contract.objects.count()) == (True, None, 0)
    assert TimelineEntry.objects.latest("pk").kind == "deal.reopened"
    undo(moved.act, mira, NOON)
    row.refresh_from_db()
    assert (row.stage, row.contract) == (sales.won, Contract.objects.get())
    assert row.contract.terms.get().mrr == 100
    assert_whole()


def test_a_contract_that_counts_stays_and_is_not_booked_again(deal, sales, mira):
    row = deal("Kelp")
    won = win(row.pk, SOLD, mira, NOON)
    confirm(won.contract, mira, NOON)
    moved = move(row.pk, sales.offer.pk, None, mira, NOON)
    assert moved.act.detail["contract"]["because"] == "it is confirmed, and counts"
    assert moved.deal.contract == won.contract
    again = win(row.pk, None, mira, NOON)
    assert (again.deal.outcome, Contract.objects.get()) == ("won", won.contract)
    (kept,) = undo(again.act, mira, NOON).kept
    assert kept.because == "it is confirmed, and counts"
    assert Deal.objects.get().is_open


def test_lost_it_says_why(deal, sales, mira, price):
    row = deal("Kelp")
    for reason in (None, 10**9):
        with pytest.raises(GateError):
            lose(row.pk, reason, "", mira, NOON)
    with pytest.raises(GateError):
        move(row.pk, sales.lost.pk, None, mira, NOON)
    lost = lose(row.pk, price.pk, "Too dear", mira, NOON + DAY)
    assert (lost.deal.outcome, lost.deal.lost_because, lost.deal.lost_note) == ("lost", price, "Too dear")
    assert TimelineEntry.objects.get(kind="deal.lost").payload["reason"] == "Price"
    moved = move(row.pk, sales.talk.pk, None, mira, NOON + DAY)
    assert (moved.deal.lost_because, moved.deal.lost_note) == (None, "")
    undo(moved.act, mira, NOON + DAY)
    row.refresh_from_db()
    assert (row.outcome, row.lost_because, row.lost_note) == ("lost", price, "Too dear")
    undo(lost.act, mira, NOON + DAY)
    row.refresh_from_db()
    assert (row.outcome, row.lost_because) == ("open", None)
    assert_whole()


def test_what_is_won_is_not_lost_at_once_but_what_is_lost_may_be_won(deal, sales, mira, price):
    row = deal("Kelp")
    win(row.pk, SOLD, mira, NOON)
    with pytest.raises(DealError, match="is won"):
        lose(row.pk, price.pk, "", mira, NOON)
    assert Contract.objects.count() == 1
    other = deal("Tang")
    lose(other.pk, price.pk, "", mira, NOON)
    won = win(other.pk, SOLD, mira, NOON)
    assert (won.deal.lost_because, won.deal.outcome, won.contract.status) == (None, "won", "expected")


def test_beside_what_runs_it_is_a_renewal_or_more_or_less(deal, sales, mira):
    account = factories.account()
    factories.contract(account, date(2026, 1, 1), mrr=100, plan="pro")
    kinds = []
    for sold in (SOLD, Booked("PRO", Decimal(150), date(2026, 7, 1)), Booked("Pro", Decimal(99), date(2026, 7, 1)),
                 Booked("Seats", Decimal(5), date(2026, 7, 1))):  # fmt: skip
        kinds.append(win(deal("Kelp", account=account).pk, sold, mira, NOON).kind)
    assert kinds == ["renewal", "expansion", "contraction", "expansion"]
