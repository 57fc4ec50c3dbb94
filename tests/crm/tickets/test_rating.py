"""One question after each solving by a person, its answer, and whom a bad one reaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox.models import Notification, OutboundMessage
from crm.team.models import User
from crm.tickets import closing, rating
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.hearing import hear
from crm.tickets.actions.saying import Said
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Ticket, TicketRating, TicketSettings
from crm.tickets.rules.rating import csat
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON

pytestmark = pytest.mark.usefixtures("mail_leaves")
LATER = NOON + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def asked(ticket: Ticket, sam: User) -> TicketRating:
    write(ticket, Written(uuid4(), "Done", then="solved"), sam, LATER)
    return TicketRating.objects.get()


def test_it_is_asked_a_while_after_the_solving(asked: TicketRating, sofia: Contact, sam: User) -> None:
    mail = OutboundMessage.objects.get(origin="rating")
    assert (mail.category, mail.due_at, mail.addressed_to) == (
        "service", LATER + timedelta(minutes=15), "sofia@nordwind.example",
    )  # fmt: skip
    assert (mail.origin_id, asked.agent, asked.contact, asked.outbound) == (asked.pk, sam, sofia, mail)
    assert mail.facts["choices"][0]["url"].endswith(f"/rate/{asked.token}/?score=5")
    assert rating.guard([mail], LATER) == {}


def test_nobody_is_asked_about_what_is_open_again(
    asked: TicketRating, ticket: Ticket, sam: User, says: Callable[..., Said]
) -> None:
    hear(ticket, says("No", key="2"), LATER)
    mail = OutboundMessage.objects.get(origin="rating")
    assert rating.guard([mail], LATER)[mail.pk].reason == f"The ticket #{ticket.pk} is open again."
    set_status(ticket, "solved", sam, LATER + DAY)
    first, second = OutboundMessage.objects.filter(origin="rating").order_by("pk")
    assert list(rating.guard([first, second], LATER)) == [first.pk]  # the second solving has a question of its own


def test_what_nobody_helped_with_is_not_asked_about(ticket: Ticket, ada: User, sam: User) -> None:
    set_status(ticket, "solved", None, LATER)
    assert not TicketRating.objects.exists()
    set_status(ticket, "open", sam, LATER)
    TicketSettings.objects.update_or_create(pk=1, defaults={"asks_for_rating": False})
    set_status(ticket, "solved", sam, LATER)
    assert TicketRating.objects.get().because == "The desk asks nobody."
    while closing.work(LATER + 8 * DAY):
        pass
    assert not OutboundMessage.objects.filter(origin="rating").exists()


def test_nobody_is_asked_again_within_the_days(asked: TicketRating, says: Callable[..., Said], sam: User) -> None:
    def another(at: timedelta) -> TicketRating:
        from crm.tickets.actions.hearing import NewTicket, begin

        row = begin(NewTicket("Other", says(key=None, at=NOON + at)), NOON + at)
        set_status(row, "solved", sam, NOON + at)
        return TicketRating.objects.get(ticket=row)

    soon = another(14 * DAY)
    assert soon.because == f"Sofia Lindqvist was asked on 1 June about #{asked.ticket_id}."
    assert soon.outbound is None
    assert another(14 * DAY + timedelta(hours=1)).because == ""
    OutboundMessage.objects.filter(origin="rating").update(state="skipped")
    assert another(15 * DAY).because == ""  # what never left was asked of nobody


def test_opening_the_page_answers_nothing(asked: TicketRating, client: Client) -> None:
    page = f"/rate/{asked.token}/"
    shown = client.get(f"{page}?score=2")
    assert shown.status_code == 200
    assert 'value="2" checked' in " ".join(shown.content.decode().split()) or "checked" in shown.content.decode()
    assert client.head(page).status_code == 200
    asked.refresh_from_db()
    assert (asked.score, asked.answered_at) == (None, None)
    assert [client.get(f"/rate/{one}/").status_code for one in ("nonsense", "%00")] == [404, 404]
    assert client.post("/rate/nonsense/", {"score": 5}).status_code == 404
    assert client.post(page, {"score": "6"}).status_code == 422
    assert not TicketRating.objects.exclude(score=None).exists()


def test_a_good_answer_is_kept_and_disturbs_nobody(asked: TicketRating, client: Client, ada: User) -> None:
    assert client.post(f"/rate/{asked.token}/", {"score": "5", "comment": " Quick "}).status_code == 302
    asked.refresh_from_db()
    assert (asked.score, asked.comment, asked.answered_at, Ticket.objects.get().score) == (5, "Quick", NOON, 5)
    entry = TimelineEntry.objects.get(kind="ticket.rated")
    assert (entry.source, entry.payload["score"], entry.payload["note"]) == ("customer", 5, "Quick")
    assert not Notification.objects.filter(kind="ticket.rated").exists()


@pytest.mark.parametrize(("score", "rests"), [(1, True), (2, True), (3, False)])
def test_whoever_is_not_content_hears_nothing_automatic(
    asked: TicketRating, ticket: Ticket, score: int, rests: bool
) -> None:
    Contact.objects.update(automation_paused_until=None)
    rating.answer(asked, score, "", LATER + DAY)
    ticket.refresh_from_db()
    assert ticket.contact is not None
    assert ticket.contact.automation_paused_until == (LATER + DAY + timedelta(days=14) if rests else None)


def test_an_answer_stands_in_the_talk_and_comes_to_pages_that_are_open(
    asked: TicketRating, ticket: Ticket, client: Client, sam: User
) -> None:
    client.force_login(sam)
    ticket.refresh_from_db()
    mark = ticket.updated_at.isoformat()
    assert "no answer yet" in client.get(ticket.get_absolute_url()).content.decode()
    rating.answer(asked, 2, "Slow <b>", LATER + DAY)
    news = client.post(f"/tickets/{ticket.pk}/presence/", {"mark": mark}).content.decode()
    for page in (news, client.get(ticket.get_absolute_url()).content.decode()):
        assert "Sofia Lindqvist rated our help 2 of 5, bad" in page
        assert "<q>Slow &lt;b&gt;</q>" in page
        assert '<span class="badge bad">2 of 5</span>' in page


def test_a_bad_answer_reaches_lead_and_owner_once(
    asked: TicketRating, client: Client, ada: User, mira: User, sofia: Contact
) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    for score in ("2", "1"):
        client.post(f"/rate/{asked.token}/", {"score": score})
    people = Notification.objects.filter(kind="ticket.rated").values_list("user", flat=True)
    assert sorted(people) == sorted([ada.pk, mira.pk])
    told = TimelineEntry.objects.filter(kind="ticket.rated").order_by("pk").values_list("payload__score", flat=True)
    assert list(told) == [2, 1]


def test_an_answer_can_be_changed_for_a_week(asked: TicketRating, client: Client) -> None:
    rating.answer(asked, 2, "", NOON)
    week = NOON + 7 * DAY
    rating.answer(asked, 4, "Now it works", week - timedelta(microseconds=1))
    with pytest.raises(rating.TooLate):
        rating.answer(asked, 1, "", week)
    asked.refresh_from_db()
    assert (asked.score, asked.comment, asked.answered_at) == (4, "Now it works", NOON)


def test_whoever_tries_mail_out_answers_for_no_customer(asked: TicketRating, client: Client) -> None:
    """The link in a mail that was redirected is the customer's own."""
    asked.outbound.decisions.create(verdict="sent", facts={"redirected": True})  # type: ignore[union-attr]
    answer = client.post(f"/rate/{asked.token}/", {"score": "1"})
    assert answer.status_code == 422
    assert "Its answer is not kept" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.score is None
    assert not TimelineEntry.objects.filter(kind="ticket.rated").exists()


def test_the_figure() -> None:
    assert csat([]) is None
    assert csat([5, 4, 3, 1]) == 0.5


def test_whoever_writes_in_a_chat_is_asked_by_mail(ticket: Ticket, sam: User, says: Callable[..., Said]) -> None:
    """A bridge's handle may look like an address."""
    hear(ticket, says("Here", key="r:1", channel="bridge", handle="reviews:sofia@elsewhere.example"), NOON)
    set_status(ticket, "solved", sam, LATER)
    assert OutboundMessage.objects.get(origin="rating").addressed_to == "sofia@nordwind.example"
