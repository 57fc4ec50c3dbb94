"""The page of a ticket while one works on: what comes anew, where nothing can be written, and the way to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Contact
from crm.fields.models import CustomField
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import delivering
from crm.tickets.actions import assigning
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.saying import Said
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Macro, Ticket, TicketMessage
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_leaves")]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(sam: User, client: Client) -> Client:
    client.force_login(sam)
    return client


@pytest.fixture
def queue(ticket: Ticket, says: Callable[..., Said]) -> list[Ticket]:
    """Three, the oldest first."""
    before = [(2, "One"), (1, "Two")]
    made = [begin(NewTicket(name, says(key=name)), NOON - timedelta(minutes=ago)) for ago, name in before]
    return [*made, ticket]


def page(desk: Client, ticket: Ticket) -> str:
    return desk.get(ticket.get_absolute_url()).content.decode()


def news(desk: Client, ticket: Ticket, **said: Any) -> str:
    """What an open page that has seen the beginning is told."""
    return desk.post(f"/tickets/{ticket.pk}/presence/", {"mark": NOON.isoformat()} | said).content.decode()


# What comes anew ------------------------------------------------------------------------------------------------------


def test_what_stands_beside_it_comes_anew_when_somebody_turns_it(
    desk: Client, ticket: Ticket, mira: User, sofia: Contact
) -> None:
    assert "ticket-known" not in news(desk, ticket)
    assigning.assign(ticket, mira, None, mira, NOON + timedelta(minutes=1))
    told = news(desk, ticket)
    known = told.partition('id="ticket-known" hx-swap-oob="true"')[2].partition("</dl>")[0]
    assert "Mira" in known
    assert 'id="person-known" hx-swap-oob="true"' in told


def test_whoever_calls_their_answer_off_comes_back_to_the_same_place(desk: Client, ticket: Ticket) -> None:
    here = f"http://testserver{ticket.get_absolute_url()}?from=view%3Dopen"
    data = {"kind": "answer", "bundle": str(uuid4()), "text": "It is lifted."}
    html = desk.post(f"/tickets/{ticket.pk}/messages/", data, headers=HTMX | {"HX-Current-URL": here}).content.decode()
    undo = f"/tickets/{ticket.pk}/messages/{TicketMessage.objects.get(kind='out').pk}/calling-off/"
    assert f'action="{undo}?next=%2Ftickets%2F{ticket.pk}%2F%3Ffrom%3Dview%253Dopen"' in html
    back = desk.post(undo, {"next": f"{ticket.get_absolute_url()}?from=view%3Dopen"})
    assert back["Location"] == f"/tickets/{ticket.pk}/?from=view%3Dopen#answer"
    html = page(desk, ticket)
    assert "Sam called an answer off" in html
    assert "turned" not in html


# Where nothing can be written -----------------------------------------------------------------------------------------


def test_where_no_answer_can_leave_there_is_no_form_for_one(
    desk: Client, ticket: Ticket, sam: User, says: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page(desk, ticket).count("<textarea") == 2
    shut = delivering.Way("email", "mail", lambda ticket, now: "The window is shut." if ticket.asked_at == NOON else "")
    monkeypatch.setitem(delivering.ways._entries, "email", shut)
    html = page(desk, ticket)
    assert "The window is shut." in html
    assert html.count("<textarea") == 1  # a note
    assert "data-macros" not in html
    hear(ticket, says("One more", key="2", at=NOON + timedelta(minutes=1)), NOON + timedelta(minutes=1))
    told = news(desk, ticket, refused="1")
    assert 'id="answer-text"' in told  # now one can
    assert 'name="refused" id="pulse-refused" value=""' in told
    assert 'id="answer-text"' not in news(desk, ticket)  # a form that stands already is left alone

    set_status(ticket, "solved", sam, NOON + timedelta(minutes=2))
    Ticket.objects.update(status="closed")
    html = page(desk, ticket)
    assert "It is closed." in html
    assert f'href="/tickets/new/?contact={ticket.contact_id}"' in html
    assert html.count("<textarea") == 1


def test_merged_and_taken_back_on_its_page(desk: Client, queue: list[Ticket]) -> None:
    gone, into, _ = queue
    answer = desk.post(f"/tickets/{gone.pk}/merging/", {"into": str(into.pk)})
    assert answer["Location"] == into.get_absolute_url()
    assert f'from <a class="link" href="{gone.get_absolute_url()}">' in page(desk, into)
    html = page(desk, gone)
    assert "<textarea" not in html
    assert f'href="{into.get_absolute_url()}#answer"' in html
    assert desk.post(f"/tickets/{gone.pk}/unmerging/", follow=True).status_code == 200
    assert page(desk, gone).count("<textarea") == 2
    assert "turned it back to new" in page(desk, gone)
    assert [one.messages.count() for one in queue] == [1, 1, 1]
    assert not Ticket.objects.exclude(merged_into=None).exists()
    desk.post(f"/tickets/{gone.pk}/unmerging/")  # once more changes nothing
    assert [one.messages.count() for one in queue] == [1, 1, 1]


# The way to the next --------------------------------------------------------------------------------------------------


def opened(desk: Client, ticket: Ticket) -> str:
    """The ticket's address as the queue has it, the oldest first."""
    html = desk.get("/tickets/?view=open&sort=created").content.decode()
    url = html.partition(f'href="/tickets/{ticket.pk}/?')[2].partition('"')[0]
    return f"/tickets/{ticket.pk}/?{url}"


def test_whoever_solves_goes_on_if_they_want_to(desk: Client, queue: list[Ticket]) -> None:
    first, second, third = queue
    here = opened(desk, first)

    def solve(ticket: Ticket, here: str) -> str:
        return str(desk.post(f"/tickets/{ticket.pk}/status/", {"status": "solved", "next": here})["Location"])

    assert solve(first, here) == here
    desk.post(f"/tickets/{first.pk}/status/", {"status": "open"})
    assert desk.post(reverse("tickets:onward"), {"next": here})["Location"] == here
    assert 'aria-pressed="true">After solving' in page(desk, first)
    assert desk.post(f"/tickets/{first.pk}/status/", {"status": "pending", "next": here})["Location"] == here
    there = solve(first, here)
    assert there.startswith(f"/tickets/{second.pk}/?from=")
    assert f"#{first.pk} is solved." in desk.get(there).content.decode()

    data = {"kind": "answer", "bundle": str(uuid4()), "text": "It is lifted.", "then": "solved"}
    url, headers = f"/tickets/{second.pk}/messages/", HTMX | {"HX-Current-URL": f"http://testserver{there}"}
    following = desk.post(url, data, headers=headers)["HX-Redirect"]
    assert following.startswith(f"/tickets/{third.pk}/?from=")
    assert "leaves in 10 seconds" in desk.get(following).content.decode()
    assert solve(third, following).startswith("/tickets/?view=open&sort=created")  # it was the last one of the queue
    assert not Ticket.objects.open().exists()

    desk.post(f"/tickets/{first.pk}/status/", {"status": "open"})
    desk.post(reverse("tickets:onward"), {"stop": "1"})
    assert solve(first, here) == here


def test_the_queue_beside_says_how_they_stand_by_now(desk: Client, queue: list[Ticket], olaf: User, mira: User) -> None:
    first, second, third = queue
    Ticket.objects.filter(pk=first.pk).update(answer_by=NOON + timedelta(minutes=38))
    Ticket.objects.filter(pk=second.pk).update(status="solved")
    asked = {"of": f"{first.pk},{second.pk},{third.pk},x,{'9' * 40},"}
    assert desk.get("/tickets/dues/", asked).json() == {
        str(first.pk): ["in 38 min", "warn"], str(second.pk): ["solved", "good"], str(third.pk): ["", ""],
    }  # fmt: skip
    first.account.owner = mira  # type: ignore[union-attr]
    first.account.save()  # type: ignore[union-attr]
    desk.force_login(olaf)
    assert desk.get("/tickets/dues/", asked).json() == {}


# A new one ------------------------------------------------------------------------------------------------------------


def test_a_new_ticket_is_asked_for_fields_of_ones_own(desk: Client, sofia: Contact) -> None:
    options = [{"code": "all", "label": "Everybody"}]
    fields = {"subject": "ticket", "created_at": NOON, "updated_at": NOON}
    CustomField.objects.create(
        key="affects", name="Who is affected", type="choice", options=options, required=True, **fields
    )
    new = desk.get("/tickets/new/")
    assert "Who is affected" in new.content.decode()
    data = {
        "bundle": str(uuid4()),
        "caller": f"contact:{sofia.pk}",
        "channel": "phone",
        "text": "No login",
        "priority": 2,
    }
    answer = desk.post("/tickets/new/", data)
    assert (answer.status_code, Ticket.objects.count()) == (422, 0)
    assert desk.post("/tickets/new/", data | {"custom_affects": "all"}).status_code == 302
    assert Ticket.objects.get().custom == {"affects": "all"}


def test_macros_of_ones_own(desk: Client, ticket: Ticket, sam: User, mira: User) -> None:
    """Anybody who answers writes them; nobody else is offered them, nor may touch them."""
    theirs = Macro.objects.create(name="Hers", body="x", owner=mira)
    assert desk.post("/tickets/macros/new/", {"name": "Mine", "body": "Hello"}).status_code == 302
    row = Macro.objects.get(owner=sam)
    page = desk.get("/tickets/macros/").content.decode()
    assert ("Mine" in page, "Hers" in page) == (True, False)
    for path in (f"/tickets/macros/{theirs.pk}/", f"/tickets/macros/{theirs.pk}/removal/"):
        assert desk.post(path, {"name": "Stolen", "body": "x"}).status_code == 404
    assert desk.post(f"/tickets/macros/{row.pk}/", {"name": "Mine", "body": "Hi"}).status_code == 302
    assert desk.post(f"/tickets/macros/{row.pk}/removal/").status_code == 302
    assert "Mine" not in desk.get(f"/tickets/{ticket.pk}/canned/").content.decode()
    assert undo(Act.objects.latest("pk"), sam, NOON).reverted == 1
    row.refresh_from_db()
    theirs.refresh_from_db()
    assert (row.body, row.archived_at, theirs.name, theirs.archived_at) == ("Hi", None, "Hers", None)


# Macros ---------------------------------------------------------------------------------------------------------------


def test_admins_write_macros_that_everybody_is_offered(desk: Client, ticket: Ticket, ada: User) -> None:
    given = {"name": "Lifted", "body": "Hello {{ contact.first_name }}", "status": "pending", "priority": "3",
             "category": "", "tags": "export, vip"}  # fmt: skip
    assert desk.post("/settings/desk/macros/new/", given).status_code == 403
    assert not Macro.objects.exists()
    admin = Client()
    admin.force_login(ada)
    assert "No macros yet" in admin.get("/settings/desk/macros/").content.decode()
    assert admin.post("/settings/desk/macros/new/", given).status_code == 302
    row = Macro.objects.get()
    assert (row.owner, row.sets) == (None, {"status": "pending", "priority": 3, "tags": ["export", "vip"]})
    assert "Priority: High" in admin.get("/settings/desk/macros/").content.decode()
    for wrong in ({"body": "{% if"}, {"name": "lifted"}, {"priority": "9"}):
        assert admin.post("/settings/desk/macros/new/", given | wrong).status_code == 422
    changed = given | {"name": "LIFTED", "status": "", "priority": "", "tags": ""}
    assert admin.post(f"/settings/desk/macros/{row.pk}/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.sets, Macro.objects.count()) == ("LIFTED", {}, 1)
    assert "LIFTED" in desk.get(f"/tickets/{ticket.pk}/canned/").content.decode()
    admin.post(f"/settings/desk/macros/{row.pk}/switch/")
    assert "LIFTED" not in desk.get(f"/tickets/{ticket.pk}/canned/").content.decode()


# Which way ------------------------------------------------------------------------------------------------------------


def test_an_answer_can_leave_on_another_channel(desk: Client, ticket: Ticket, sofia: Contact) -> None:
    assert "Nothing else is known" in desk.get(f"/tickets/{ticket.pk}/ways/").content.decode()
    Ticket.objects.update(reply_channel="whatsapp", requester_handle="4915112345678")  # which is not set up here
    ways = desk.get(f"/tickets/{ticket.pk}/ways/").content.decode()
    assert ways.index("4915112345678") < ways.index('data-way="email"') < ways.index("sofia@nordwind.example")
    html = page(desk, ticket)
    assert "This answer leaves by mail, to sofia@nordwind.example." in html
    assert 'name="channel" value="email"' in html
    data = {"kind": "answer", "text": "It is lifted.", "bundle": str(uuid4())}
    url = f"/tickets/{ticket.pk}/messages/"
    for channel in ("telegram", ""):
        refused = desk.post(url, data | {"channel": channel}, headers=HTMX)
        assert refused.status_code == 422
        assert "It is lifted.</textarea>" in refused.content.decode()
    assert not OutboundMessage.objects.exists()
    assert desk.post(url, data | {"channel": "email"}, headers=HTMX).status_code == 200
    assert OutboundMessage.objects.get().addressed_to == "sofia@nordwind.example"
    assert "to Sofia Lindqvist by mail" in page(desk, ticket)
