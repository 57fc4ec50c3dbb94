"""Two agents do something to the same ticket at the same moment: nobody's word is lost, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.actions import blocking, merging
from crm.tickets.actions.answering import Overtaken, Written, call_off, write
from crm.tickets.actions.assigning import assign
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said, TicketError
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Ticket, TicketMessage, TicketRating, TicketSpell
from tests.beside import beside
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mail_leaves")]
LATER = NOON + timedelta(hours=1)


def _answer(ticket: Ticket, by: User, text: str, **other: Any) -> Callable[[], TicketMessage]:
    return lambda: write(ticket, Written(uuid4(), text, **other), by, LATER)


def _names(gave: list[Any]) -> list[str]:
    return sorted(type(one).__name__ for one in gave)


def test_of_two_answers_at_once_the_later_is_told_of_the_first(ticket: Ticket, sam: User, mira: User) -> None:
    seen = ticket.messages.get().arrival
    gave = beside(_answer(ticket, sam, "From Sam", seen=seen), _answer(ticket, mira, "From Mira", seen=seen))
    assert _names(gave) == ["Overtaken", "TicketMessage"]
    first = next(one for one in gave if isinstance(one, TicketMessage))
    assert next(one for one in gave if isinstance(one, Overtaken)).messages == [first]
    assert OutboundMessage.objects.filter(account=ticket.account, category="reply").count() == 1
    ticket.refresh_from_db()
    assert ticket.assignee == first.user


def test_solved_by_two_at_once_it_is_solved_once_and_asked_about_once(ticket: Ticket, sam: User, mira: User) -> None:
    gave = beside(*(lambda by=by: set_status(ticket, "solved", by, LATER) for by in (sam, mira)))
    assert [one for one in gave if isinstance(one, Exception)] == []
    assert TicketSpell.objects.filter(ticket=ticket, status="solved").count() == 1
    assert TicketRating.objects.filter(ticket=ticket).count() == 1


def test_given_to_two_at_once_it_has_one_of_them(ticket: Ticket, sam: User, mira: User) -> None:
    gave = beside(lambda: assign(ticket, sam, None, mira, LATER), lambda: assign(ticket, mira, None, sam, LATER))
    assert [one for one in gave if isinstance(one, Exception)] == []
    ticket.refresh_from_db()
    assert ticket.assignee in (sam, mira)


def test_an_answer_beside_a_merge_is_kept_where_it_goes_on_or_refused(
    ticket: Ticket, says: Callable[..., Said], sam: User, mira: User
) -> None:
    other = begin(NewTicket("The same", says("Again.", key="again@nordwind.example")), NOON)
    gave = beside(lambda: merging.merge(other, ticket, sam, LATER), _answer(other, mira, "We look at it."))
    assert not isinstance(gave[0], Exception)
    kept = TicketMessage.objects.filter(text="We look at it.")
    if isinstance(gave[1], Exception):
        assert isinstance(gave[1], TicketError)
        assert not kept.exists()
    else:
        assert kept.get().ticket == ticket


def test_called_off_twice_at_once_nothing_leaves(ticket: Ticket, sam: User) -> None:
    said = _answer(ticket, sam, "Wrong window")()
    gave = beside(lambda: call_off(said, sam, LATER), lambda: call_off(said, sam, LATER))
    assert gave == [True, True]
    assert OutboundMessage.objects.get(category="reply").state == "cancelled"


def test_spam_beside_an_answer_is_one_after_the_other(ticket: Ticket, sam: User, mira: User) -> None:
    gave = beside(
        lambda: blocking.mark_as_spam(ticket, sam, LATER, block=True), _answer(ticket, mira, "We look at it.")
    )
    assert not [one for one in gave if isinstance(one, Exception) and not isinstance(one, TicketError)]
    ticket.refresh_from_db()
    assert (ticket.is_spam, ticket.status) == (True, "closed")
    assert TicketSpell.objects.filter(ticket=ticket, ended_at=None).count() == 1
