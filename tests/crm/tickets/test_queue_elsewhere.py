"""A ticket for whoever calls, and how tickets show beside customers, in the search, the rail, on Today and in files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm.accounts.models import Contact, ContactHandle
from crm.home.reasons import finder
from crm.slots import search_sources
from crm.team.models import RoleRight, User
from crm.tickets import panels
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import Ticket, TicketRating
from crm.web.counting import how_many
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
CALL = {"channel": "phone", "subject": "", "text": "The invoice is wrong.\nAgain.", "priority": "3"}


@pytest.fixture
def web(sam: User, client: Client) -> Client:
    client.force_login(sam)
    return client


def test_a_call_becomes_a_ticket_once(web: Client, sofia: Contact, sam: User) -> None:
    page = web.get(f"/tickets/new/?contact={sofia.pk}").content.decode()
    assert "Sofia Lindqvist" in page
    sent = CALL | {"bundle": str(uuid4()), "caller": f"contact:{sofia.pk}", "assignee": sam.pk}
    first = web.post("/tickets/new/", sent)
    made = Ticket.objects.get()
    assert first.headers["Location"] == made.get_absolute_url() == web.post("/tickets/new/", sent).headers["Location"]
    assert (made.subject, made.channel, made.contact, made.assignee, made.priority, made.created_by) == (
        "The invoice is wrong.", "phone", sofia, sam, 3, sam,
    )  # fmt: skip
    assert (made.reply_channel, made.requester_handle) == ("email", "sofia@nordwind.example")
    assert Ticket.objects.count() == 1


def test_somebody_whom_nobody_knows(web: Client) -> None:
    sent = CALL | {"bundle": str(uuid4()), "caller": "nobody"}
    assert web.post("/tickets/new/", sent).status_code == 422
    assert web.post("/tickets/new/", sent | {"name": "Reception", "phone": "call me"}).status_code == 422
    web.post("/tickets/new/", sent | {"name": "Reception", "phone": "+49 30 1234567"})
    made = Ticket.objects.get()
    assert (made.requester, made.requester_handle, made.reply_channel) == ("Reception", "+49 30 1234567", "phone")


def test_what_was_asked_in_a_chat_is_answered_as_that_chat_knows_them(
    web: Client, sofia: Contact, settings: Any
) -> None:  # fmt: skip
    """A number as people write it is no handle, and what one of ours wrote down opens no day of WhatsApp's."""
    settings.EMAIL_URL, settings.OUTGOING_ALLOW = "smtp://127.0.0.1:9", []
    settings.WHATSAPP_TOKEN = settings.WHATSAPP_PHONE_ID = settings.TELEGRAM_TOKEN = "set"
    sofia.phone = "+49 30 1234567"
    sofia.save()
    ContactHandle.objects.create(contact=sofia, channel="telegram", handle="4242")

    def asked_by(channel: str) -> tuple[str, str, str]:
        web.post("/tickets/new/", CALL | {"bundle": str(uuid4()), "caller": f"contact:{sofia.pk}", "channel": channel})
        made = Ticket.objects.latest("pk")
        return made.reply_channel, made.requester_handle, made.messages.get().sender_handle

    assert asked_by("telegram") == ("telegram", "4242", "4242")
    assert asked_by("whatsapp") == ("email", "sofia@nordwind.example", "49301234567")
    assert asked_by("instagram") == ("email", "sofia@nordwind.example", "")


@pytest.mark.parametrize(
    "wrong", [{"caller": ""}, {"caller": "contact:999999"}, {"text": ""}, {"channel": "api"}, {"bundle": "x"}]
)
def test_what_is_missing_is_said_and_makes_nothing(web: Client, sofia: Contact, wrong: dict[str, str]) -> None:
    sent = CALL | {"bundle": str(uuid4()), "caller": f"contact:{sofia.pk}"} | wrong
    assert web.post("/tickets/new/", sent).status_code == 422
    assert not Ticket.objects.exists()


def test_whom_one_looks_for_is_found_with_what_they_ask_already(web: Client, ticket: Ticket, sofia: Contact) -> None:
    found = web.get("/tickets/callers/?find=lindq").content.decode()
    assert f"contact:{sofia.pk}" in found
    assert f"account:{sofia.account_id}" in web.get("/tickets/callers/?find=nordw").content.decode()
    assert "Export times out" in web.get(f"/tickets/callers/?caller=contact:{sofia.pk}").content.decode()
    assert 'name="find"' in web.get("/tickets/callers/?again=1").content.decode()


def test_others_customers_are_not_offered(client: Client, olaf: User, mira: User, sofia: Contact) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    client.force_login(olaf)
    assert "contact:" not in client.get("/tickets/callers/?find=lindq").content.decode()
    sent = CALL | {"bundle": str(uuid4()), "caller": f"contact:{sofia.pk}"}
    assert client.post("/tickets/new/", sent).status_code == 422
    RoleRight.objects.create(role="manager", permission="tickets", allowed=False)
    assert client.get("/tickets/new/").status_code == 403


def test_beside_a_customer_and_a_person(web: Client, ticket: Ticket, sofia: Contact, says: Callable[..., Said]) -> None:
    solved = begin(NewTicket("Old one", says()), NOON)
    Ticket.objects.filter(pk=solved.pk).update(status="solved", solved_at=NOON)
    TicketRating.objects.create(
        ticket=solved, spell=solved.spells.get(), account=sofia.account, contact=sofia, score=4, answered_at=NOON
    )
    for subject, of in (("account", sofia.account), ("contact", sofia)):
        at = f"/tickets/beside/{subject}/{of.pk}/"
        assert at in web.get(of.get_absolute_url()).content.decode()
        page = web.get(at).content.decode()
        for words in ("Export times out", "1 solved", "4 of 5"):
            assert words in page, words
        assert "Old one" not in page
    assert web.get("/tickets/beside/deal/1/").status_code == 404


def test_the_search_finds_numbers_and_subjects(ticket: Ticket, sam: User) -> None:
    source: Any = search_sources["tickets"]
    for text in (f"#{ticket.pk}", str(ticket.pk), "export", "TIMES OUT"):
        assert [hit.title for hit in source.find(sam, text, 5)] == [f"#{ticket.pk} Export times out"], text
    assert source.find(sam, "ex", 5) == []
    assert [hit.title for hit in source.alike(sam, "exports timess", 5)] == [f"#{ticket.pk} Export times out"]
    Ticket.objects.update(is_spam=True)
    assert source.find(sam, "export", 5) == []


def test_the_rail_counts_what_waits_for_one(ticket: Ticket, sam: User, says: Callable[..., Said]) -> None:
    def waiting(**columns: Any) -> int:
        Ticket.objects.filter(pk=ticket.pk).update(
            **({"assignee": None, "answer_by": None, "status": "open"} | columns)
        )
        rows: Any = panels.waiting(sam)
        return how_many([rows], 99)[0]

    assert waiting() == 0
    assert waiting(answer_by=NOON + panels.SOON) == 0
    assert waiting(answer_by=NOON + panels.SOON - timedelta(seconds=1)) == 1
    assert waiting(assignee=sam) == 1
    assert waiting(assignee=sam, status="pending") == 0
    assert waiting(assignee=sam, is_spam=True) == 0


def test_today_names_customers_who_wait_too_long_or_are_upset(
    ticket: Ticket, mira: User, sam: User, sofia: Contact
) -> None:
    sofia.account.owner = mira
    sofia.account.save()

    def named(viewer: User, **columns: Any) -> list[tuple[str, float]]:
        Ticket.objects.filter(pk=ticket.pk).update(**({"answer_by": None, "mood": None} | columns))
        found = [*finder("ticket")(viewer, NOON, 10), *finder("upset")(viewer, NOON, 10)]
        return [(words, urgency) for _, words, urgency, _ in found]

    assert named(mira) == []
    assert named(mira, answer_by=NOON) == []
    assert named(mira, answer_by=NOON - HOUR) == [
        (f"Ticket #{ticket.pk} 1 hour overdue: Export times out", pytest.approx(0.6083, abs=0.001))
    ]
    assert named(mira, answer_by=NOON - timedelta(days=3))[0][1] == 1
    assert named(sam, answer_by=NOON - HOUR) == []
    assert named(sam, answer_by=NOON - HOUR, assignee=sam)
    assert named(mira, mood=-49) == []
    assert named(mira, mood=-50) == [(f"Upset in ticket #{ticket.pk}: Export times out", 0.6)]
    assert len(named(mira, mood=-50, answer_by=NOON - HOUR)) == 1  # once: it waits too long
    assert named(mira, mood=-50, status="pending") == []


def test_the_list_leaves_as_a_file_for_whoever_may(client: Client, ticket: Ticket, mira: User, sam: User) -> None:
    client.force_login(sam)
    assert client.get("/exports/ticket/").status_code == 403
    client.force_login(mira)
    sent = {
        "download": "1",
        "query": "view=open&edited=1&status=unsolved",
        "columns": ["our_id", "subject", "contact_email"],
    }
    lines = b"".join(client.post("/exports/ticket/", sent).streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines == ["subject,contact_email,our_id", f"Export times out,sofia@nordwind.example,{ticket.pk}"]
