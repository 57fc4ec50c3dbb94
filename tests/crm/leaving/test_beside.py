"""Two windows of one customer, and a colleague beside them: a contract is cancelled once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm.leaving.actions import Answer, answer, set_offers
from crm.leaving.models import LeavingAnswer
from crm.leaving.rules import END, TALK, Offer
from crm.ledger.actions.leaving import Asked, cancel
from crm.ledger.models import Cancellation, CancelReason
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)
LAST = date(2027, 1, 1)


@pytest.fixture
def contract() -> Any:
    of = factories.account("Kelp")
    factories.contact(of)
    return factories.contract(of, date(2026, 1, 1), LAST, 100, plan="Pro")


@pytest.fixture
def reason() -> CancelReason:
    return CancelReason.objects.create(name="It is too dear for us")


def test_two_cancellations_at_once_are_one_with_one_receipt(contract: Any, reason: CancelReason) -> None:
    given = Answer(reason, "", END, LAST)
    gave = beside(*(lambda: answer(contract.pk, given, NOON) for _ in range(3)))
    assert sorted(type(one).__name__ for one in gave) == ["LeavingAnswer", "NotAnyMore", "NotAnyMore"]
    assert (Cancellation.objects.count(), LeavingAnswer.objects.count()) == (1, 1)
    assert OutboundMessage.objects.filter(origin="leaving").count() == 1


def test_a_colleague_and_the_customer_at_once_leave_one_notice(contract: Any, reason: CancelReason) -> None:
    gave = beside(
        lambda: answer(contract.pk, Answer(reason, "", END, LAST), NOON),
        lambda: cancel(contract, Asked(reason), LAST, None, NOON),
    )
    assert len([one for one in gave if isinstance(one, Exception)]) == 1, gave
    assert Cancellation.objects.filter(withdrawn_on=None).count() == 1
    assert LeavingAnswer.objects.count() == OutboundMessage.objects.filter(origin="leaving").count()


def test_two_wishes_to_talk_at_once_are_one_task(contract: Any, reason: CancelReason) -> None:
    set_offers({}, {reason.pk: Offer(TALK)}, None, NOON)
    gave = beside(*(lambda: answer(contract.pk, Answer(reason, "", TALK), NOON) for _ in range(3)))
    assert {type(one).__name__ for one in gave} == {"LeavingAnswer"}
    assert len({one.pk for one in gave}) == 1
    assert Task.objects.filter(origin="leaving").count() == 1
