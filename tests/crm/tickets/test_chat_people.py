"""Who it is that writes in a chat: by their number, by a link of ours, by what somebody of ours chose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.accounts.models import Contact, ContactHandle
from crm.history.actions import undo
from crm.inbox.models import InboundPayload
from crm.outbox.models import Suppression
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.tickets.actions.requesting import choose
from crm.tickets.actions.saying import TicketError
from crm.tickets.channels import handles
from crm.tickets.models import BlockedSender, Ticket, TicketMessage
from tests import factories
from tests.conftest import NOON
from tests.crm.inbox.chats import bridged, from_bridge, work
from tests.crm.outbox.provider import Provider
from tests.crm.tickets.chatting import TICK, answer, leave, says, writes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("other_side")]


def test_a_link_says_who_somebody_is(sofia: Contact) -> None:
    says("Before")
    today = NOON.date()
    token = handles.link_token(sofia.pk, today)
    assert len(token) <= 64
    says(f"/start {token}", 2)
    assert ContactHandle.holder("telegram", "4242") == sofia
    ticket = Ticket.objects.get()  # the link itself is no question
    assert ticket.contact == sofia
    assert ticket.messages.get().contact == sofia


@pytest.mark.parametrize(
    ("days", "change", "whose"),
    [
        (0, "", True), (30, "", True), (31, "", False), (-1, "", False), (0, "x", False), (0, "1", False),
    ],
)  # fmt: skip
def test_a_link_is_believed_for_so_long_and_only_as_we_made_it(
    sofia: Contact, days: int, change: str, whose: bool
) -> None:
    token = handles.link_token(sofia.pk, NOON.date())
    token = f"1{token}" if change == "1" else token[: len(token) - len(change)] + change
    assert (handles.linked(token, NOON.date() + timedelta(days=days)) == sofia) == whose
    for nonsense in ("", "-", "1-2", "1-2-3", "a-b-c", "²-1-x", "9" * 30 + "-1-x"):
        assert handles.linked(nonsense, NOON.date()) is None


def test_choosing_is_undone_with_the_handle(sofia: Contact, sam: User) -> None:
    says()
    ticket = Ticket.objects.get()
    done = choose(ticket, sofia, sam, NOON)
    assert done is not None
    undo(done, sam, NOON)
    assert ContactHandle.holder("telegram", "4242") is None
    ticket.refresh_from_db()
    assert ticket.contact is None


def test_blocked_is_blocked_and_who_writes_again_can_be_written_to(sam: User) -> None:
    Suppression.objects.create(address="telegram:4242", reason="blocked us")
    says()
    assert not Suppression.objects.exists()
    BlockedSender.objects.create(channel="telegram", handle="4242", by=sam, at=NOON)
    says("Spam", 2)
    assert TicketMessage.objects.count() == 1


def test_an_erased_person_is_forgotten_with_their_handles(known: Contact, ada: User) -> None:
    says("It is Sofia here")
    erase(known.pk, ada, NOON)
    assert not ContactHandle.objects.exists()
    ticket = Ticket.objects.get()
    assert (ticket.requester_handle, ticket.requester_name, ticket.contact) == ("", "", None)
    assert not TicketMessage.objects.filter(text__contains="Sofia").exists()
    assert not InboundPayload.objects.exclude(body=b"").exists()


def test_a_number_that_two_people_have_is_nobodys(known: Contact) -> None:
    other = factories.contact(factories.account("Kelp"), phone="+49 151 12345678")
    assert other.match_phone == known.match_phone
    writes()
    assert Ticket.objects.get().contact is None
    assert not ContactHandle.objects.filter(channel="whatsapp").exists()


def test_a_bridge_says_who_they_are_and_takes_answers(
    sofia: Contact, sam: User, other_side: Provider, settings: Any
) -> None:
    sender = {"id": "urn:Sofia", "name": "Sofia", "email": "sofia@nordwind.example"}
    from_bridge(bridged("Hello from there", **{"from": sender}))
    work()
    ticket = Ticket.objects.get()
    assert (ticket.contact, ticket.requester_handle) == (sofia, "linkedin:urn:Sofia")
    answer(ticket, sam)
    leave(NOON + 10 * TICK)
    assert other_side.got[0].json["data"]["to"] == "urn:Sofia"
    settings.BRIDGES = f"{settings.BRIDGES.partition('&url')[0]},{settings.BRIDGES.replace('linkedin', 'other')}"
    with pytest.raises(TicketError, match="takes no answers"):
        answer(ticket, sam)
