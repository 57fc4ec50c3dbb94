"""An undo of a move that is undone: the deal goes there again, with what hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest

from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.ledger.models import Contract
from crm.pipelines.actions import archiving
from crm.pipelines.actions.losing import lose
from crm.pipelines.actions.moving import Filled, move
from crm.pipelines.actions.winning import Booked, win
from crm.pipelines.models import Deal, LossReason
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

type Making = Callable[..., Deal]
DAY = timedelta(days=1)


def there_and_back(done: Act | None, by: User) -> None:
    """Undone, done again, undone and done again."""
    assert done
    for _ in range(4):
        undo(done, by, NOON + DAY)
        done = Act.objects.latest("pk")
        assert_whole()


def test_a_move_with_what_was_filled_in(deal: Making, sales: SimpleNamespace, mira: User) -> None:
    row = deal()
    done = move(row.pk, sales.demo.pk, None, mira, NOON, filled=Filled(values={"plan": "Pro"})).act
    assert done
    undo(done, mira, NOON + DAY)
    assert (board(sales.talk), Deal.objects.get().plan) == (["Kelp: Pro"], "")
    there_and_back(Act.objects.latest("pk"), mira)
    undo(Act.objects.latest("pk"), mira, NOON + DAY)
    assert (board(sales.demo), Deal.objects.get().plan) == (["Kelp: Pro"], "Pro")
    assert Deal.objects.get().spells.count() == 2


def test_one_that_has_moved_since_stays_and_a_stage_that_is_gone_refuses(
    deal: Making, sales: SimpleNamespace, ada: User
) -> None:
    row = deal()
    done = move(row.pk, sales.demo.pk, None, ada, NOON).act
    assert done
    undo(done, ada, NOON)
    undoing = Act.objects.latest("pk")
    archived = archiving.archive_stage(sales.demo.pk, None, ada, NOON)
    with pytest.raises(UndoError, match="Demo” of Sales is no longer in use"):
        undo(undoing, ada, NOON)
    undo(archived, ada, NOON)
    move(row.pk, sales.offer.pk, None, ada, NOON)
    with pytest.raises(UndoError, match="has moved since, to Offer"):
        undo(Act.objects.get(pk=undoing.pk), ada, NOON)
    assert board(sales.offer) == ["Kelp: Pro"]
    assert_whole()


def test_a_loss_with_its_reason(deal: Making, sales: SimpleNamespace, mira: User) -> None:
    row, reason = deal(), LossReason.objects.create(name="Price")
    there_and_back(lose(row.pk, reason.pk, "too much", mira, NOON).act, mira)
    row.refresh_from_db()
    assert (row.outcome, row.lost_because, row.lost_note) == ("lost", reason, "too much")


def test_a_sale_with_its_contract_and_its_opening_again(deal: Making, sales: SimpleNamespace, mira: User) -> None:
    row = deal()
    won = win(row.pk, Booked("Pro", 100, NOON.date()), mira, NOON)
    there_and_back(won.act, mira)
    row.refresh_from_db()
    contract = Contract.objects.get()
    assert (row.outcome, row.contract, contract.terms.count()) == ("won", contract, 1)
    there_and_back(move(row.pk, sales.talk.pk, None, mira, NOON + DAY).act, mira)
    row.refresh_from_db()
    assert (row.outcome, row.contract, Contract.objects.count()) == ("open", None, 0)
