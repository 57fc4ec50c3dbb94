"""A ticket begins, goes on, is answered, solved, opened again and followed by another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from crm.accounts.models import Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import Notification, OutboundMessage
from crm.outbox.rules import REST_DAYS
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.tickets import rules
from crm.tickets.actions.answering import Overtaken, Written, call_off, write
from crm.tickets.actions.assigning import assign
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.merging import merge
from crm.tickets.actions.requesting import choose
from crm.tickets.actions.saying import Brought, Said, TicketError
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Ticket, TicketDraft, TicketMessage
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_leaves")]
LATER = NOON + timedelta(hours=1)


def test_what_somebody_asks_becomes_a_ticket(ticket: Ticket, sofia: Contact) -> None:
    ticket.refresh_from_db()
    assert (ticket.status, ticket.account, ticket.contact) == ("new", sofia.account, sofia)
    assert ticket.messages.get().text == "The export stops."
    entry = TimelineEntry.objects.get(account=sofia.account, kind="ticket.opened")
    assert (entry.source, entry.contact, entry.payload["note"]) == ("customer", sofia, "The export stops.")
    assert Pending.objects.filter(entry=entry).exists()
    sofia.refresh_from_db()
    assert sofia.automation_paused_until == NOON + timedelta(days=REST_DAYS["ticket"])


def test_what_a_machine_or_the_past_says_sets_nothing_off(says: Callable[..., Said], sofia: Contact) -> None:
    begin(NewTicket("Out of office", says(automatic=True)), NOON)
    begin(NewTicket("Long ago", says(at=NOON - rules.NEWS_FOR - timedelta(seconds=1))), NOON)
    assert not Pending.objects.exists()
    sofia.refresh_from_db()
    assert sofia.automation_paused_until is None
    begin(NewTicket("Just now", says(at=NOON - rules.NEWS_FOR)), NOON)
    assert Pending.objects.count() == 1


def test_said_twice_it_is_one(ticket: Ticket, says: Callable[..., Said]) -> None:
    again = begin(NewTicket("Export times out", says(key="first@nordwind.example")), LATER)
    assert again == ticket
    assert TicketMessage.objects.count() == 1
    one = hear(ticket, says("Still", key="second"), LATER)
    assert hear(ticket, says("Still", key="second"), LATER) == one
    assert TimelineEntry.objects.filter(kind="ticket.received").count() == 1


def test_an_answer_leaves_in_a_moment_where_they_wrote_from(ticket: Ticket, sam: User) -> None:
    said = write(ticket, Written(uuid4(), "It is lifted."), sam, LATER)
    mail = OutboundMessage.objects.get(pk=said.outbound_id)
    assert (mail.category, mail.addressed_to, mail.due_at) == (
        "reply", "sofia@nordwind.example", LATER + timedelta(seconds=10),
    )  # fmt: skip
    ticket.refresh_from_db()
    assert (ticket.status, ticket.answered_at, ticket.assignee) == ("open", LATER, sam)


def test_the_same_form_twice_is_one_answer(ticket: Ticket, sam: User) -> None:
    written = Written(uuid4(), "It is lifted.", then="solved")
    assert write(ticket, written, sam, LATER) == write(ticket, written, sam, LATER)
    assert OutboundMessage.objects.filter(origin="ticket").count() == 1


def test_who_has_not_read_all_is_told_before_they_answer(
    ticket: Ticket, sam: User, says: Callable[..., Said]
) -> None:  # fmt: skip
    seen = ticket.messages.get().pk
    news = hear(ticket, says("Forget it, it works.", key="second"), LATER)
    with pytest.raises(Overtaken) as told:
        write(ticket, Written(uuid4(), "Try again", seen=seen), sam, LATER)
    assert list(told.value.messages) == [news]
    assert not OutboundMessage.objects.exists()
    write(ticket, Written(uuid4(), "Glad to hear", seen=news.pk), sam, LATER)
    assert OutboundMessage.objects.count() == 1


def test_called_off_it_is_a_draft_again(ticket: Ticket, sam: User, mira: User) -> None:
    said = write(ticket, Written(uuid4(), "It is lifted.", then="solved"), sam, LATER)
    with pytest.raises(TicketError):
        call_off(said, mira, LATER)
    assert call_off(said, sam, LATER)
    assert call_off(said, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.answered_at, ticket.solved_at) == ("new", None, None)
    assert OutboundMessage.objects.get(origin="ticket").state == "cancelled"
    assert TicketDraft.objects.get(ticket=ticket, user=sam).text == "It is lifted."


def test_what_has_left_stays(ticket: Ticket, sam: User) -> None:
    said = write(ticket, Written(uuid4(), "It is lifted."), sam, LATER)
    OutboundMessage.objects.update(state="sent")
    assert not call_off(said, sam, LATER)
    said.refresh_from_db()
    assert said.called_off_at is None


def test_a_note_stays_here_and_calls_whom_it_names(ticket: Ticket, sam: User, mira: User) -> None:
    write(ticket, Written(uuid4(), f"@{mira.name} please call", is_note=True), sam, LATER)
    assert not OutboundMessage.objects.exists()
    assert Notification.objects.filter(user=mira, kind="note.mention").exists()
    assert ticket.followers.get().user == mira
    ticket.refresh_from_db()
    assert ticket.answered_at is None


def test_the_customer_opens_what_was_solved(
    ticket: Ticket, sam: User, sofia: Contact, says: Callable[..., Said]
) -> None:  # fmt: skip
    write(ticket, Written(uuid4(), "Done", then="solved"), sam, LATER)
    sofia.refresh_from_db()
    assert sofia.automation_paused_until is None
    hear(ticket, says("No", key="second"), LATER)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopened, ticket.solved_at) == ("open", 1, None)
    assert [spell.status for spell in ticket.spells.order_by("pk")] == ["new", "solved", "open"]
    sofia.refresh_from_db()
    assert sofia.automation_paused_until == LATER + timedelta(days=REST_DAYS["ticket"])


def test_a_closed_one_is_followed_by_another(ticket: Ticket, sam: User, says: Callable[..., Said]) -> None:
    set_status(ticket, "solved", sam, LATER)
    Ticket.objects.update(status="closed", closed_at=LATER)
    message = hear(ticket, says("Once more", key="second"), LATER)
    assert message.ticket != ticket
    assert message.ticket.follows == ticket
    with pytest.raises(TicketError, match="closed"):
        write(ticket, Written(uuid4(), "Hello"), sam, LATER)


def test_a_status_is_taken_back_unless_it_turned_again(ticket: Ticket, sam: User, ada: User) -> None:
    set_status(ticket, "pending", sam, LATER)
    undo(Act.objects.get(kind="ticket.status"), sam, LATER)
    ticket.refresh_from_db()
    assert ticket.status == "new"
    set_status(ticket, "pending", sam, LATER)
    done = Act.objects.filter(kind="ticket.status").latest("pk")
    set_status(ticket, "solved", ada, LATER)
    undone = undo(done, sam, LATER)
    assert (undone.reverted, undone.kept[0].because) == (0, "it has turned again since")
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_who_gets_it_is_told_and_who_cannot_is_refused(ticket: Ticket, sam: User, ada: User) -> None:
    assert assign(ticket, sam, None, ada, LATER)
    assert Notification.objects.get(kind="ticket.assigned").user == sam
    assert not assign(ticket, sam, None, ada, LATER)
    sam.is_active = False
    sam.save()
    with pytest.raises(TicketError, match="no active sign-in"):
        assign(ticket, sam, None, ada, LATER)


def test_files_come_along_and_their_bytes_go_with_them(ticket: Ticket, says: Callable[..., Said]) -> None:
    from django.core.files.storage import default_storage

    from crm.accounts.models import LeftOverFile

    message = hear(ticket, says("See", key="2", files=[Brought("log.txt", b"boom")]), LATER)
    kept = message.files.get()
    assert (kept.name, kept.size, default_storage.open(kept.stored_as).read()) == ("log.txt", 4, b"boom")
    message.delete()
    assert LeftOverFile.objects.filter(stored_as=kept.stored_as).exists()


def test_whoever_may_not_see_the_customer_does_not_see_the_ticket(ticket: Ticket, mira: User, olaf: User) -> None:
    ticket.account.owner = mira
    ticket.account.save()
    assert Ticket.objects.visible_to(mira).exists()
    assert not Ticket.objects.visible_to(olaf).exists()
    assert not TicketMessage.objects.visible_to(olaf).exists()
    ticket.followers.create(user=olaf)
    assert Ticket.objects.visible_to(olaf).exists()


def test_an_unknown_asker_has_a_ticket_of_nobody(db: None, olaf: User) -> None:
    said = Said("Who is our contact?", "email", NOON, name="Reception", handle="desk@bright.example", key="x")
    made = begin(NewTicket("", said), NOON)
    assert (made.subject, made.account, made.requester) == ("Who is our contact?", None, "Reception")
    assert not TimelineEntry.objects.exists()
    assert Ticket.objects.visible_to(olaf).exists()


def test_logged_for_somebody_at_a_customer(sofia: Contact, sam: User) -> None:
    other = factories.account("Kelp")
    made = begin(NewTicket("Called in", Said("They called", "phone", NOON), account=other), NOON, by=sam)
    entry = TimelineEntry.objects.get(kind="ticket.opened")
    assert (made.account, entry.source, entry.actor) == (other, "person", sam)


def test_calling_off_leaves_what_has_turned_since(ticket: Ticket, sam: User, says: Callable[..., Said]) -> None:
    set_status(ticket, "pending", sam, NOON)
    said = write(ticket, Written(uuid4(), "It is lifted.", then="solved"), sam, LATER)
    hear(ticket, says("It is not.", key="second"), LATER)
    assert call_off(said, sam, LATER)
    ticket.refresh_from_db()
    assert ticket.status == "open"  # she waits, whatever it was before

    stays = begin(NewTicket("Another", says(key="another")), NOON)
    set_status(stays, "on_hold", sam, NOON)
    said = write(ticket, Written(uuid4(), "One moment.", then="pending"), sam, LATER)
    merge(ticket, stays, sam, LATER)
    assert call_off(TicketMessage.objects.get(pk=said.pk), sam, LATER)
    stays.refresh_from_db()
    assert stays.status == "on_hold"


def test_only_who_asks_moves_where_answers_leave(ticket: Ticket, says: Callable[..., Said], sofia: Contact) -> None:
    hear(ticket, says("Here, please", key="42:1", channel="telegram", handle="42"), LATER)
    bo = factories.contact(sofia.account, first_name="Bo", last_name="Ek", email="bo@nordwind.example")
    hear(ticket, says("Me too", key="bo@1", contact=bo, handle="bo@nordwind.example"), LATER)
    hear(ticket, says("From our tool", key="tool", channel="api", handle="42"), LATER)
    ticket.refresh_from_db()
    assert (ticket.reply_channel, ticket.requester_handle) == ("telegram", "42")
    Ticket.objects.update(status="closed", closed_at=LATER)
    after = hear(ticket, says("Again", key="tool:2", channel="api", handle="42"), LATER).ticket
    assert (after.channel, after.reply_channel, after.requester_handle) == ("api", "telegram", "42")


def test_a_form_of_somebody_else_is_answered_at_their_own_address(ticket: Ticket, sofia: Contact, sam: User) -> None:
    bo = factories.contact(sofia.account, first_name="Bo", last_name="Ek", email="bo@nordwind.example")
    Ticket.objects.update(channel="form", reply_channel="form")
    choose(ticket, bo, sam, LATER)
    ticket.refresh_from_db()
    assert (ticket.requester_handle, ticket.requester_name) == ("bo@nordwind.example", "Bo Ek")


def test_who_handles_it_is_told_of_a_customer_that_is_not_theirs(
    ticket: Ticket, says: Callable[..., Said], mira: User, olaf: User, ada: User, sofia: Contact
) -> None:  # fmt: skip
    ticket.account.owner = mira
    ticket.account.save()
    assign(ticket, olaf, None, ada, LATER)
    ticket.followers.create(user=mira)
    hear(ticket, says("Still", key="second"), LATER)
    words = f"Sofia Lindqvist wrote in {ticket}"
    told = Notification.objects.filter(kind="ticket.received", text=words)
    assert sorted(told.values_list("user", "account")) == sorted([(olaf.pk, None), (mira.pk, ticket.account_id)])
    assert [one.kind for one in Notification.objects.visible_to(olaf).order_by("pk")] == [
        "ticket.assigned", "ticket.received",
    ]  # fmt: skip
    erase(sofia.pk, ada, LATER)
    assert not Notification.objects.filter(text__contains="Sofia").exists()
