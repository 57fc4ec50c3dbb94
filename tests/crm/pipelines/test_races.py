"""Several people at the same deals at once."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from crm.accounts.models import Account
from crm.duplicates.merging.joining import merge
from crm.history.actions import UndoError, undo
from crm.ledger.models import Contract
from crm.pipelines.actions.archiving import archive_stage
from crm.pipelines.actions.losing import lose
from crm.pipelines.actions.moving import Moved, move
from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.refusals import DealError, MovedError
from crm.pipelines.actions.winning import Booked, win
from crm.pipelines.models import Deal, DealSpell, LossReason
from crm.pipelines.rules import ranks
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

pytestmark = pytest.mark.django_db(transaction=True)
SOLD = Booked("Pro", Decimal(100), date(2026, 6, 15), 12)


def test_two_move_the_same_card_and_one_is_told(deal, sales, mira, sam):
    row = deal("Kelp")
    ways = ((mira, sales.demo), (sam, sales.offer))
    gave = beside(*(partial(move, row.pk, to.pk, None, by, NOON, seen_stage=sales.talk.pk) for by, to in ways))
    assert sorted(type(one).__name__ for one in gave) == ["Moved", "MovedError"]
    went = next(one.deal.stage for one in gave if isinstance(one, Moved))
    assert board(went) == ["Kelp"]
    assert DealSpell.objects.filter(deal=row).count() == 2
    assert_whole()


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_many_move_many_cards_at_once(deal, sales, mira, sam, ada, monkeypatch, seed):
    """No card is lost, no two stand at one place, and each one's history is gapless, whatever goes on at once."""
    monkeypatch.setattr(ranks, "GAP", 4)  # so that stages are numbered anew all the time
    cards = [deal(f"{n}") for n in range(5)]
    price = LossReason.objects.create(name="Price")
    chance = random.Random(seed)

    def play(by, seed):
        mine = random.Random(seed)
        acts = []
        for _ in range(10):
            card, after = mine.choice(cards).pk, mine.choice([None, *(one.pk for one in cards)])
            to = mine.choice([sales.talk, sales.demo, sales.demo, sales.offer])
            match mine.randrange(10):
                case 0:
                    verb = partial(win, card, SOLD, by, NOON)
                case 1:
                    verb = partial(lose, card, price.pk, "", by, NOON)
                case 2 if acts:
                    verb = partial(undo, acts.pop(), by, NOON)
                case 3:
                    verb = partial(move, card, to.pk, after, by, NOON, seen_stage=sales.talk.pk)
                case _:
                    verb = partial(move, card, to.pk, after, by, NOON)
            try:
                done = verb()
            except (MovedError, DealError, UndoError):
                continue
            if getattr(done, "act", None):
                acts.append(done.act)

    gave = beside(*(partial(play, by, chance.random()) for by in (mira, sam, ada)))
    assert gave == [None, None, None]
    assert_whole()
    assert Deal.objects.count() == 5
    assert Contract.objects.exclude(deal=None).count() == Contract.objects.count()
    assert set(Deal.objects.exclude(contract=None).values_list("outcome", flat=True)) <= {"won"}


def test_two_win_it_at_once_and_it_is_booked_once(deal, sales, mira, sam):
    row = deal("Kelp")
    gave = beside(*(partial(win, row.pk, SOLD, by, NOON) for by in (mira, sam)))
    assert [one.contract for one in gave] == [Contract.objects.get()] * 2
    assert sorted(one.act is None for one in gave) == [False, True]
    assert_whole()


def test_it_is_won_while_its_customer_becomes_part_of_another(deal, sales, mira, ada):
    keeper, loser = factories.account("Kelp & Co"), factories.account("Kelp")
    row = deal("Kelp", account=loser)
    gave = beside(partial(win, row.pk, SOLD, mira, NOON), partial(merge, "account", keeper.pk, loser.pk, {}, ada, NOON))
    assert not any(isinstance(one, Exception) for one in gave), gave
    row.refresh_from_db()
    assert (row.account, row.contract.account, Account.objects.get()) == (keeper, keeper, keeper)
    assert_whole()


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_stage_is_archived_while_a_card_moves(deal, sales, mira, ada, way):
    staying, row = deal("stays", stage=sales.demo), deal("moves", stage=sales.talk if way == "in" else sales.demo)
    to = sales.demo if way == "in" else sales.offer
    moved, archived = beside(
        partial(move, row.pk, to.pk, None, mira, NOON), partial(archive_stage, sales.demo.pk, sales.offer.pk, ada, NOON)
    )
    assert not isinstance(archived, Exception), archived
    assert not Deal.objects.filter(stage=sales.demo).exists()
    assert staying.title in board(sales.offer)
    if way == "in" and isinstance(moved, Exception):
        assert "no longer in use" in str(moved)
        assert board(sales.talk) == ["moves"]
    assert_whole()


def test_of_two_with_one_key_one_is_opened(sales, mira):
    account = factories.account()
    new = NewDeal(account.pk, sales.pipeline.pk, "Kelp", key="once")

    def opened():
        with transaction.atomic():
            return open_deal(new, mira, NOON)

    gave = beside(opened, opened)
    assert [one.pk for one in gave] == [Deal.objects.get().pk] * 2
    assert_whole()
