"""Two tickets become one and two again, also beside each other; one is split; nobody is heard any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crm.accounts.models import Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.actions import blocking, following, merging, requesting, splitting
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.saying import Said, TicketError
from crm.tickets.actions.turning import set_status
from crm.tickets.models import BlockedSender, Ticket, TicketMessage
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

LATER, EVENING = NOON + timedelta(hours=1), NOON + timedelta(hours=6)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other(sofia: Contact) -> Ticket:
    """Of a colleague of Sofia's."""
    jonas = factories.contact(sofia.account, first_name="Jonas", last_name="Weber", email="jonas@nordwind.example")
    said = Said("Mine too.", "email", NOON, contact=jonas, name="Jonas Weber", handle="jonas@nordwind.example", key="j")
    return begin(NewTicket("Export is slow", said, copied=("boss@nordwind.example",)), NOON)


def texts(ticket: Ticket) -> list[str]:
    return [row.text for row in TicketMessage.objects.filter(ticket=ticket).in_order()]


def test_merged_and_taken_apart_again_each_has_what_it_had(
    ticket: Ticket, other: Ticket, says: Callable[..., Said], sam: User, mira: User
) -> None:
    following.follow(other, mira)
    set_status(ticket, "pending", sam, LATER)
    done = merging.merge(other, ticket, sam, LATER)
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert texts(ticket) == ["The export stops.", "Mine too."]
    assert ticket.copied == ["jonas@nordwind.example", "boss@nordwind.example"]
    assert [one.user for one in ticket.followers.all()] == [mira]
    assert (ticket.status, other.status, other.merged_into) == ("open", "closed", ticket)

    hear(other, says("And now?", key="late", at=EVENING), EVENING)
    assert texts(ticket) == ["The export stops.", "Mine too.", "And now?"]

    undone = undo(done, sam, EVENING)
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert (texts(ticket), texts(other)) == (["The export stops.", "And now?"], ["Mine too."])
    assert [one.because for one in undone.kept] == [f"stays in #{ticket.pk}"]
    assert (ticket.copied, list(ticket.followers.all())) == ([], [])
    assert (other.status, other.merged_into, other.closed_at, other.reopened) == ("new", None, None, 0)
    assert not TicketMessage.objects.exclude(origin=None).exists()
    assert not TimelineEntry.objects.filter(kind="ticket.reopened").exists()


def test_what_cannot_be_merged_stays(ticket: Ticket, other: Ticket, sam: User) -> None:
    with pytest.raises(TicketError):
        merging.merge(ticket, ticket, sam, LATER)
    merging.merge(other, ticket, sam, LATER)
    for gone, into in ((other, ticket), (ticket, other)):
        with pytest.raises(TicketError):
            merging.merge(gone, into, sam, LATER)
    assert texts(ticket) == ["The export stops.", "Mine too."]


def test_each_into_the_other_at_once_is_one_merge(ticket: Ticket, other: Ticket, sam: User) -> None:
    gave = beside(
        lambda: merging.merge(ticket, other, sam, LATER), lambda: merging.merge(other, ticket, sam, LATER)
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in gave) == ["Act", "TicketError"]
    assert Ticket.objects.filter(merged_into=None).count() == 1
    stays = Ticket.objects.get(merged_into=None)
    assert len(texts(stays)) == 2


def test_what_is_heard_meanwhile_lands_in_the_one_that_stays(
    ticket: Ticket, other: Ticket, says: Callable[..., Said], sam: User
) -> None:
    gave = beside(
        lambda: merging.merge(other, ticket, sam, LATER),
        *(lambda n=n: hear(other, says(f"More {n}", key=f"more-{n}", at=LATER), LATER) for n in range(4)),
    )
    assert [one for one in gave if isinstance(one, Exception)] == []
    assert (len(texts(ticket)), texts(other)) == (6, [])


def test_split_off_and_taken_back(ticket: Ticket, says: Callable[..., Said], sam: User) -> None:
    with pytest.raises(TicketError):
        splitting.split(ticket.messages.get(), "Another thing", sam, LATER)
    second = hear(ticket, says("By the way, an invoice is wrong.", key="second", at=LATER), LATER)
    new, done = splitting.split(second, "Invoice", sam, EVENING)
    assert (texts(ticket), texts(new)) == (["The export stops."], ["By the way, an invoice is wrong."])
    assert (new.contact, new.requester_handle, new.status) == (ticket.contact, "sofia@nordwind.example", "new")
    hear(new, says("Which one?", key="third", at=EVENING), EVENING)
    undo(done, sam, EVENING)
    assert texts(ticket) == ["The export stops.", "By the way, an invoice is wrong.", "Which one?"]
    new.refresh_from_db()
    assert (new.status, new.merged_into) == ("closed", ticket)


def test_spam_is_closed_its_sender_blocked_and_both_taken_back(ticket: Ticket, sam: User) -> None:
    done = blocking.mark_as_spam(ticket, sam, LATER, block=True)
    ticket.refresh_from_db()
    assert (ticket.is_spam, ticket.status) == (True, "closed")
    assert BlockedSender.objects.get().handle == "sofia@nordwind.example"
    undo(done, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.is_spam, ticket.status, ticket.closed_at) == (False, "new", None)
    assert not BlockedSender.objects.exists()


def test_a_ticket_of_nobody_gets_a_customer_and_loses_it_again(sofia: Contact, sam: User) -> None:
    ticket = begin(NewTicket("Hello", Said("Hi", "email", NOON, name="So", handle="so@home.example", key="x")), NOON)
    done = requesting.choose(ticket, sofia, sam, LATER)
    assert done
    ticket.refresh_from_db()
    assert (ticket.contact, ticket.account, ticket.requester_handle) == (sofia, sofia.account, "so@home.example")
    assert ticket.messages.get().contact == sofia
    assert TimelineEntry.objects.get(account=sofia.account, kind="ticket.opened").payload["ticket"] == ticket.pk
    sofia.refresh_from_db()
    assert sofia.automation_paused_until
    undo(done, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.contact, ticket.account, ticket.messages.get().contact) == (None, None, None)


def test_answers_go_to_whoever_asks_now(ticket: Ticket, sofia: Contact, sam: User) -> None:
    jonas = factories.contact(sofia.account, first_name="Jonas", email="jonas@nordwind.example")
    done = requesting.choose(ticket, jonas, sam, LATER)
    assert done
    ticket.refresh_from_db()
    assert ticket.requester_handle == "jonas@nordwind.example"
    assert ticket.messages.get().contact == sofia
    undo(done, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.requester_handle, ticket.contact) == ("sofia@nordwind.example", sofia)
    mute = factories.contact(sofia.account, first_name="Mute", email=None)
    with pytest.raises(TicketError):
        requesting.choose(ticket, mute, sam, LATER)
    with pytest.raises(TicketError):
        requesting.introduce(ticket, sofia.account, "Sofia", "Two", sam, LATER)
    assert not Contact.objects.filter(last_name="Two").exists()
    assert not OutboundMessage.objects.exists()
    assert Act.objects.filter(kind=requesting.KIND).count() == 1
