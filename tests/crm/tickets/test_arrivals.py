"""What comes into a ticket meanwhile: by a merge, too; drafts of two pages; machines; and all that happened to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.history.actions import undo
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import reading
from crm.tickets.actions import drafting, merging, splitting
from crm.tickets.actions.answering import Overtaken, Written, write
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.saying import Said
from crm.tickets.models import ServiceLevel, Ticket, TicketDraft, TicketMessage, TicketSpell
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_leaves")]
LATER, EVENING = NOON + timedelta(hours=1), NOON + timedelta(hours=6)


@pytest.fixture
def other(sofia: Contact, ticket: Ticket) -> Ticket:
    """Of a colleague of Sofia's, and younger than hers."""
    jonas = factories.contact(sofia.account, first_name="Jonas", last_name="Weber", email="jonas@nordwind.example")
    said = Said("Mine too.", "email", NOON, contact=jonas, name="Jonas Weber", handle="jonas@nordwind.example", key="j")
    return begin(NewTicket("Export is slow", said), NOON)


# What the writer has not seen -----------------------------------------------------------------------------------------


def test_what_a_merge_brings_is_news_though_its_number_is_lower(ticket: Ticket, other: Ticket, sam: User) -> None:
    seen = other.messages.get().arrival
    older = ticket.messages.get()
    assert older.pk < seen
    done = merging.merge(ticket, other, sam, LATER)
    with pytest.raises(Overtaken) as told:
        write(other, Written(uuid4(), "Try again", seen=seen), sam, LATER)
    assert list(told.value.messages) == [older]
    assert not OutboundMessage.objects.exists()
    news = reading.news(other.pk, seen, [])
    assert [(row.pk, row.arrival > seen) for row in news] == [(older.pk, True)]
    write(other, Written(uuid4(), "To both of you", seen=news[0].arrival), sam, LATER)

    seen = max(one.arrival for one in TicketMessage.objects.filter(ticket=other))
    undo(done, sam, EVENING)
    assert [row.pk for row in reading.news(ticket.pk, seen, [])] == [older.pk]  # it came back, too


def test_the_page_names_what_arrived_last(ticket: Ticket, other: Ticket, sam: User, client: Client) -> None:
    merging.merge(ticket, other, sam, LATER)
    client.force_login(sam)
    last = max(one.arrival for one in TicketMessage.objects.filter(ticket=other))
    assert last > other.messages.order_by("-pk")[0].pk
    page = client.get(f"/tickets/{other.pk}/")
    assert page.context["last"] == last
    answer = client.post(
        f"/tickets/{other.pk}/messages/", {"kind": "answer", "bundle": str(uuid4()), "text": "Both", "seen": last},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert answer.status_code == 200


# Drafts ---------------------------------------------------------------------------------------------------------------


def texts(ticket: Ticket, user: User) -> list[str]:
    rows = TicketDraft.objects.filter(ticket=ticket, user=user, is_note=False).order_by("pk")
    return [one.text for one in rows]


def test_a_draft_goes_where_the_ticket_goes_on(ticket: Ticket, other: Ticket, sam: User, client: Client) -> None:
    drafting.keep(ticket, sam, False, "Dear Jonas", NOON)
    drafting.keep(other, sam, False, "Dear So", NOON)
    done = merging.merge(other, ticket, sam, LATER)
    drafting.keep(other, sam, False, "Dear Sofia", EVENING)  # its page is still open
    assert texts(ticket, sam) == ["Dear Jonas", "Dear Sofia"]
    client.force_login(sam)
    assert "Dear Jonas\n\nDear Sofia</textarea>" in client.get(f"/tickets/{ticket.pk}/").content.decode()
    drafting.keep(ticket, sam, False, "Dear Jonas", EVENING)  # by a page that was opened before the merge
    assert texts(ticket, sam) == ["Dear Jonas", "Dear Sofia"]
    drafting.keep(ticket, sam, False, "Dear Jonas\n\nDear Sofia, it", EVENING)
    assert texts(ticket, sam) == ["Dear Jonas\n\nDear Sofia, it"]
    drafting.keep(other, sam, False, "And you", EVENING)
    undo(done, sam, EVENING)
    assert (texts(ticket, sam), texts(other, sam)) == (["Dear Jonas\n\nDear Sofia, it"], ["And you"])


def test_a_draft_is_kept_through_the_page_of_the_one_that_is_gone(
    ticket: Ticket, other: Ticket, sam: User, client: Client
) -> None:
    client.force_login(sam)
    merging.merge(other, ticket, sam, LATER)
    told = {"kind": "answer", "text": "Dear Jonas", "bundle": str(uuid4())}
    assert client.post(f"/tickets/{other.pk}/draft/", told).json()["kept"]
    assert texts(ticket, sam) == ["Dear Jonas"]
    write(ticket, Written(uuid4(), "Dear Jonas, it is lifted."), sam, EVENING)
    assert texts(ticket, sam) == []


@pytest.mark.django_db(transaction=True)
def test_a_draft_beside_a_merge_is_not_lost(ticket: Ticket, other: Ticket, sam: User) -> None:
    gave = beside(
        lambda: merging.merge(other, ticket, sam, LATER),
        *(lambda n=n: drafting.keep(other, sam, bool(n % 2), f"Words {n}", LATER) for n in range(4)),
    )
    assert [one for one in gave if isinstance(one, Exception)] == []
    assert TicketDraft.objects.filter(ticket=ticket).count() == 2
    assert not TicketDraft.objects.filter(ticket=other).exists()


# Machines -------------------------------------------------------------------------------------------------------------


def test_an_out_of_office_is_no_question(ticket: Ticket, says: Callable[..., Said], sam: User) -> None:
    hear(ticket, says("On the way", key="42:1", channel="telegram", handle="42"), LATER)
    away = says("I am away.", key="ooo", at=EVENING, automatic=True)
    hear(ticket, away, EVENING)
    ticket.refresh_from_db()
    assert (ticket.asked_at, ticket.reply_channel, ticket.messages.count()) == (NOON, "telegram", 3)
    merging.merge(begin(NewTicket("Other", says(key="other")), LATER), ticket, sam, EVENING)
    ticket.refresh_from_db()
    assert ticket.asked_at == NOON  # derived anew, machines left out again


def test_a_ticket_that_a_machine_began_has_no_clock_until_somebody_asks(
    says: Callable[..., Said], sam: User
) -> None:  # fmt: skip
    ServiceLevel.objects.create(name="All", targets={"normal": {"answer": 60}}, always=True)
    row = begin(NewTicket("", says("I am away.", automatic=True, key="ooo")), NOON)
    assert (row.asked_at, row.level, row.answer_by) == (None, None, None)
    hear(row, says("Back. The export stops.", key="2", at=EVENING), EVENING)
    row.refresh_from_db()
    assert (row.status, row.asked_at, row.answer_by) == ("new", EVENING, EVENING + timedelta(hours=1))


# What happened --------------------------------------------------------------------------------------------------------


def test_of_many_events_the_newest_stand_first_and_none_is_lost(
    ticket: Ticket, says: Callable[..., Said], sam: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "EVENTS", 10)
    monkeypatch.setattr(reading, "SHOWN", 2)
    TicketSpell.objects.filter(ticket=ticket).update(ended_at=NOON)
    moments = [NOON + timedelta(minutes=n) for n in range(1, 36)]
    TicketSpell.objects.bulk_create(
        TicketSpell(ticket=ticket, status=("open", "pending")[n % 2], began_at=at, ended_at=at, by=sam)
        for n, at in enumerate(moments)
    )  # fmt: skip
    for n in (7, 8, 30, 33):
        at = NOON + timedelta(minutes=n, seconds=30)
        TicketMessage.objects.create(ticket=ticket, kind="in", channel="email", text=f"Word {n}", occurred_at=at)
    client.force_login(sam)
    found: list[Any] = []
    page, pages = client.get(f"/tickets/{ticket.pk}/"), 1
    while True:
        found = [*page.context["lines"], *found]
        if not (cursor := page.context["earlier"]):
            break
        pages += 1
        assert pages < 20
        page = client.get(f"/tickets/{ticket.pk}/?cursor={cursor}", headers={"HX-Request": "true"})
    told = [line["at"] for line in found]
    assert told == sorted(told)
    assert [at for at in told if at in moments] == moments
    assert sum("kind" in line for line in found) == 5
    assert len(told) == len(moments) + 5


def test_drafts_go_home_through_two_merges(ticket: Ticket, other: Ticket, says: Callable[..., Said], sam: User) -> None:
    """What was begun on a page comes back to where that page goes on, and no second merge stumbles over it."""
    third = begin(NewTicket("Slow, too", says(key="third")), NOON)
    drafting.keep(third, sam, False, "Of the third", NOON)
    first = merging.merge(third, other, sam, LATER)
    second = merging.merge(other, ticket, sam, LATER)
    assert texts(ticket, sam) == ["Of the third"]
    undo(second, sam, EVENING)
    assert (texts(ticket, sam), texts(other, sam)) == ([], ["Of the third"])
    drafting.keep(third, sam, False, "Of the third, more", EVENING)  # its page is open all the while
    merging.merge(other, ticket, sam, EVENING)
    assert texts(ticket, sam) == ["Of the third, more"]
    undo(first, sam, EVENING)
    assert (texts(ticket, sam), texts(third, sam)) == ([], ["Of the third, more"])


def test_a_draft_comes_back_with_what_was_split_off(ticket: Ticket, says: Callable[..., Said], sam: User) -> None:
    second = hear(ticket, says("And the invoice?", key="2", at=LATER), LATER)
    new, done = splitting.split(second, "Invoice", sam, LATER)
    drafting.keep(new, sam, False, "It is on its way", LATER)
    undo(done, sam, EVENING)
    assert texts(ticket, sam) == ["It is on its way"]
