"""The page of a ticket: what it says, what is written there, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Contact
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import rules
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.hearing import hear
from crm.tickets.actions.saying import Said, put
from crm.tickets.models import Macro, ServiceLevel, Ticket, TicketCategory, TicketDraft, TicketMessage, TicketPresence
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_leaves")]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def desk(sam: User, client: Client) -> Client:
    client.force_login(sam)
    return client


def sent(desk: Client, ticket: Ticket, **fields: Any) -> Any:
    data = {"kind": "answer", "bundle": str(uuid4()), "text": "It is lifted."} | fields
    return desk.post(f"/tickets/{ticket.pk}/messages/", data, headers={"HX-Request": "true"})


def test_notes_and_answers_cannot_be_taken_for_each_other(
    desk: Client, ticket: Ticket, says: Callable[..., Said], sam: User
) -> None:
    write(ticket, Written(uuid4(), "Their **renewal** is near", is_note=True), sam, NOON)
    hear(ticket, says("Fresh words\n\n> <script>old</script>", key="2", folded_at=13), LATER)
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    assert 'class="msg note"' in html
    assert "Note to the team" in html
    assert "<strong>renewal</strong>" in html
    assert "&lt;script&gt;old" in html
    assert "<script>old" not in html
    assert html.count("data-form=") == 2


def test_an_answer_is_sent_and_called_off(desk: Client, ticket: Ticket, sam: User) -> None:
    answer = sent(desk, ticket, then="pending", files=[SimpleUploadedFile("a.txt", b"facts")])
    assert answer.status_code == 200
    assert "leaves in 10 seconds" in answer.content.decode()
    said = TicketMessage.objects.get(kind="out")
    assert (said.files.get().name, OutboundMessage.objects.get().state) == ("a.txt", "due")
    ticket.refresh_from_db()
    assert ticket.status == "pending"
    back = desk.post(f"/tickets/{ticket.pk}/messages/{said.pk}/calling-off/", follow=True)
    assert "It is lifted.</textarea>" in back.content.decode()
    assert OutboundMessage.objects.get().state == "cancelled"


def test_the_same_form_twice_is_one_and_an_empty_one_none(desk: Client, ticket: Ticket) -> None:
    bundle = str(uuid4())
    assert [sent(desk, ticket, bundle=bundle).status_code for _ in range(2)] == [200, 200]
    assert sent(desk, ticket, text="  ").status_code == 422
    assert sent(desk, ticket, kind="shout").status_code == 422
    assert TicketMessage.objects.filter(kind="out").count() == 1


def test_overtaken_it_keeps_the_text_and_shows_what_came(
    desk: Client, ticket: Ticket, says: Callable[..., Said]
) -> None:
    seen = ticket.messages.get().pk
    hear(ticket, says("One more file.", key="2"), LATER)
    answer = sent(desk, ticket, seen=seen, after=seen)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "has written meanwhile" in html
    assert "It is lifted.</textarea>" in html
    assert html.count("One more file.") == 2  # in the warning, and in the conversation
    assert not OutboundMessage.objects.exists()


def test_a_draft_is_kept_and_not_after_it_was_sent(desk: Client, ticket: Ticket) -> None:
    here, bundle = f"/tickets/{ticket.pk}/draft/", str(uuid4())
    assert desk.post(here, {"kind": "answer", "text": "Dear So", "bundle": bundle}).json() == {"kept": "12:00"}
    desk.post(here, {"kind": "answer", "text": "Dear Sofia", "bundle": bundle})
    desk.post(here, {"kind": "note", "text": "She is cross", "bundle": str(uuid4())})
    assert sorted(TicketDraft.objects.values_list("is_note", "text")) == [(False, "Dear Sofia"), (True, "She is cross")]
    assert "Dear Sofia</textarea>" in desk.get(f"/tickets/{ticket.pk}/").content.decode()
    sent(desk, ticket, bundle=bundle)
    assert desk.post(here, {"kind": "answer", "text": "Dear Sofia", "bundle": bundle}).json() == {"kept": ""}
    desk.post(here, {"kind": "note", "text": "", "bundle": str(uuid4())})
    assert not TicketDraft.objects.exists()


def test_a_macro_is_filled_in_and_sets_what_it_says(desk: Client, ticket: Ticket, mira: User) -> None:
    category = TicketCategory.objects.create(name="Export")
    sets = {"status": "pending", "priority": 3, "category": category.pk, "tags": ["export"]}
    body = "Hello {{ contact.first_name }}, see #{{ ticket.number }}"
    macro = Macro.objects.create(name="Lifted", body=body, sets=sets)
    private = Macro.objects.create(name="Hers", body="x", owner=mira)
    said = desk.get(f"/tickets/{ticket.pk}/canned/{macro.pk}/").json()
    assert said["text"] == f"Hello Sofia, see #{ticket.pk}"
    assert said["sets"] == ["Status: Pending", "Priority: High", "Category: Export", "Tag: export"]
    assert desk.get(f"/tickets/{ticket.pk}/canned/{private.pk}/").status_code == 404
    assert sent(desk, ticket, macro=private.pk).status_code == 422
    bundle = str(uuid4())
    assert sent(desk, ticket, macro=macro.pk, text="Hello Sofia", bundle=bundle).status_code == 200
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.category, ticket.tags) == ("pending", 3, category, ["export"])
    Ticket.objects.update(priority=1)
    assert sent(desk, ticket, macro=macro.pk, text="Hello Sofia", bundle=bundle).status_code == 200  # once more
    assert Ticket.objects.get().priority == 1


def test_calling_off_gives_back_what_a_macro_set_and_the_macro(desk: Client, ticket: Ticket) -> None:
    macro = Macro.objects.create(name="Lifted", body="x", sets={"status": "solved", "priority": 3, "tags": ["export"]})
    Ticket.objects.update(tags=["vip"])
    sent(desk, ticket, macro=macro.pk, text="Hello Sofia")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.tags) == ("solved", 3, ["vip", "export"])
    Ticket.objects.update(priority=4)  # by somebody, meanwhile
    answer = ticket.messages.get(kind="out")
    for _ in range(2):
        assert desk.post(f"/tickets/{ticket.pk}/messages/{answer.pk}/calling-off/").status_code == 302
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.tags) == ("new", 4, ["vip"])
    assert TicketDraft.objects.get().macro == macro
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    assert f'name="macro" value="{macro.pk}"' in html
    assert html.count("Priority: High") == 1
    Macro.objects.update(archived_at=NOON)
    assert "Priority: High" not in desk.get(f"/tickets/{ticket.pk}/").content.decode()


def test_a_macro_stays_with_a_draft_and_with_what_was_refused(desk: Client, ticket: Ticket) -> None:
    macro = Macro.objects.create(name="Lifted", body="x", sets={"priority": 3})
    here, uses = f"/tickets/{ticket.pk}/draft/", f'name="macro" value="{macro.pk}"'
    desk.post(here, {"kind": "answer", "text": "Dear", "bundle": str(uuid4()), "macro": macro.pk})
    assert uses in desk.get(f"/tickets/{ticket.pk}/").content.decode()
    desk.post(here, {"kind": "answer", "text": "Dear", "bundle": str(uuid4()), "macro": ""})
    assert uses not in desk.get(f"/tickets/{ticket.pk}/").content.decode()
    refused = sent(desk, ticket, text="x" * (rules.LONGEST_TEXT + 1), macro=macro.pk)
    assert refused.status_code == 422
    assert uses in refused.content.decode()


def test_who_else_is_here_and_what_is_new(
    desk: Client, ticket: Ticket, says: Callable[..., Said], mira: User, sam: User
) -> None:
    TicketPresence.objects.create(ticket=ticket, user=mira, seen_at=NOON - timedelta(seconds=15), wrote_at=NOON)
    first = ticket.messages.get().pk
    ticket.refresh_from_db()
    asked = {"after": first, "mark": ticket.updated_at.isoformat(), "waiting": "", "writing": "1"}
    url = f"/tickets/{ticket.pk}/presence/"
    assert "Mira is writing" in desk.post(url, asked).content.decode()
    assert TicketPresence.objects.get(user=sam).wrote_at == NOON
    with clock.travelling(NOON + timedelta(seconds=1)):  # a tick later Mira was heard of too long ago
        nobody = desk.post(url, asked | {"others": "Mira is writing"}).content.decode()
        assert nobody.strip() == '<small class="muted" id="others" hx-swap-oob="true"></small>'
    hear(ticket, says("Another file", key="2"), LATER)
    html = desk.post(url, asked).content.decode()
    assert html.count('<li class="msg in"') == 1
    assert "Another file" in html
    assert "textarea" not in html
    known = {"after": TicketMessage.objects.latest("pk").pk, "mark": LATER.isoformat(), "others": "Mira is writing"}
    assert desk.post(url, asked | known).content.decode().strip() == ""


def test_what_left_shows_what_became_of_it(desk: Client, ticket: Ticket, sam: User) -> None:
    said = write(ticket, Written(uuid4(), "It is lifted."), sam, NOON)
    ticket.refresh_from_db()
    asked = {"after": said.pk, "mark": ticket.updated_at.isoformat(), "waiting": str(said.pk)}
    OutboundMessage.objects.update(state="failed", reason="The mailbox is full.")
    for html in (
        desk.post(f"/tickets/{ticket.pk}/presence/", asked).content.decode(),
        desk.get(f"/tickets/{ticket.pk}/").content.decode(),
    ):
        assert "The mailbox is full." in html
        assert f'href="/mail/{said.outbound_id}/"' in html


def test_files_are_things_to_keep(desk: Client, ticket: Ticket, olaf: User, sofia: Contact, mira: User) -> None:
    file = put(ticket.messages.get(), ContentFile(b"<script>alert(1)</script>", "x.html"))
    answer = desk.get(f"/tickets/{ticket.pk}/files/{file.pk}/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].endswith("sandbox")
    sofia.account.owner = mira
    sofia.account.save()
    desk.force_login(olaf)
    assert desk.get(f"/tickets/{ticket.pk}/files/{file.pk}/").status_code == 404


def test_fields_are_changed_in_their_place(desk: Client, ticket: Ticket, mira: User) -> None:
    def change(name: str, value: Any) -> Any:
        url = f"/tickets/{ticket.pk}/facts/{name}/"
        html = desk.get(url, headers={"HX-Request": "true"}).content.decode()
        version = html.partition('name="version" value="')[2].partition('"')[0]
        return desk.post(url, {name: value, "version": version}, headers={"HX-Request": "true"})

    assert change("subject", "Export stops").status_code == 200
    assert change("priority", 4).status_code == 200
    assert change("tags", "vip, export").status_code == 200
    assert change("assignee", mira.pk).status_code == 200
    assert change("copied", "nobody").status_code == 422
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.priority, ticket.tags) == ("Export stops", 4, ["vip", "export"])
    assert (ticket.assignee, ticket.copied) == (mira, [])
    assert ticket.assigned_because
    assert "Sam gave it to Mira" in desk.get(f"/tickets/{ticket.pk}/").content.decode()


def test_long_tickets_are_read_backwards(desk: Client, ticket: Ticket) -> None:
    said = {"ticket": ticket, "kind": "in", "channel": "email"}
    TicketMessage.objects.bulk_create(
        TicketMessage(**said, text=f"Line {n}.", occurred_at=NOON + timedelta(minutes=n // 3)) for n in range(1, 120)
    )
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    seen = [n for n in range(1, 120) if f"<p>Line {n}.</p>" in html]
    assert seen == list(range(70, 120))
    while "?cursor=" in html:
        cursor = html.partition("?cursor=")[2].partition('"')[0]
        html = desk.get(f"/tickets/{ticket.pk}/?cursor={cursor}", headers={"HX-Request": "true"}).content.decode()
        seen = [n for n in range(1, 120) if f"<p>Line {n}.</p>" in html] + seen
    assert seen == list(range(1, 120))
    assert "The export stops." in html


def test_how_its_time_is_counted_is_a_part_of_its_page_or_one_alone(desk: Client, ticket: Ticket, mira: User) -> None:
    part = desk.get(f"/tickets/{ticket.pk}/clock/", headers={"HX-Request": "true"}).content.decode()
    alone = desk.get(f"/tickets/{ticket.pk}/clock/").content.decode()
    assert "<html" not in part
    assert part.strip() in alone
    assert f'href="/tickets/{ticket.pk}/"' in alone


def test_what_stands_beside_it(desk: Client, ticket: Ticket, sofia: Contact, kept_standing: None) -> None:
    contract = factories.contract(sofia.account, date(2025, 5, 29), date(2026, 5, 29), mrr=3200)
    contract.terms.create(starts_on=date(2026, 5, 29), ends_on=date(2027, 5, 29), mrr=3200)
    Contact.objects.filter(pk=sofia.pk).update(timezone="Europe/Berlin", title="Operations")
    desk.get(f"/tickets/{ticket.pk}/")
    with CaptureQueriesContext(connection) as asked:
        html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    for words in ("renewed 3 days ago", "Operations", "14:00, Berlin", "paused", "Nordwind Logistics"):
        assert words in html, words
    # Whose contract it is needs no scrolling.
    assert html.index('id="about-ticket"') < html.index('id="about-customer"') < html.index('id="about-person"')
    assert len(asked) <= 12


def test_a_ticket_that_one_may_see_shows_nothing_of_a_customer_that_one_may_not(
    desk: Client, ticket: Ticket, sofia: Contact, olaf: User, mira: User
) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    factories.contract(sofia.account, date(2026, 1, 1), date(2027, 1, 1), plan="Enterprise")
    desk.force_login(olaf)
    assert desk.get(f"/tickets/{ticket.pk}/").status_code == 404
    Ticket.objects.update(assignee=olaf)
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "The export stops." in html
    assert "but not its customer" in html
    assert "Enterprise" not in html


def test_what_we_write_by_ourselves_reads_as_it_is_sent_and_channels_keep_their_names(
    desk: Client, ticket: Ticket
) -> None:
    Ticket.objects.update(channel="whatsapp", reply_channel="telegram")
    TicketMessage.objects.create(
        ticket=ticket, kind="auto", channel="telegram", text="Its number is **#1**.", occurred_at=NOON
    )
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "<strong>#1</strong>" in html
    assert "by WhatsApp" in html
    assert "<dd>Telegram" in html


def test_words_of_no_mood_do_not_stand_out(desk: Client, ticket: Ticket) -> None:
    said = {"ticket": ticket, "kind": "in", "channel": "email", "occurred_at": NOON}
    TicketMessage.objects.create(**said, text="It works so far", mood=5, mood_words=["works"])
    TicketMessage.objects.create(**said, text="We are fed up", mood=-80, mood_words=["fed up"])
    html = desk.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "<mark>works" not in html
    assert "<mark>fed up</mark>" in html


def test_after_send_and_solve_the_head_offers_to_open_it_again(desk: Client, ticket: Ticket) -> None:
    assert 'data-key="s"' in desk.get(f"/tickets/{ticket.pk}/").content.decode()
    page = f"http://testserver/tickets/{ticket.pk}/?from=view%3Dopen"
    data = {"kind": "answer", "bundle": str(uuid4()), "text": "It is lifted.", "then": "solved"}
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    html = desk.post(f"/tickets/{ticket.pk}/messages/", data, headers=headers).content.decode()
    head = html.partition('id="turning" hx-swap-oob="true"')[2]
    assert "Open again" in head
    assert 'data-key="s"' not in head
    assert f'value="/tickets/{ticket.pk}/?from=view%3Dopen"' in head


def test_a_limit_that_passed_is_overdue_and_not_a_time_of_an_answer(desk: Client, ticket: Ticket) -> None:
    level = ServiceLevel.objects.create(name="Gold")
    by = clock.now() - timedelta(minutes=28)
    Ticket.objects.update(level=level, status="open", due_by=by, answer_by=by)
    assert "Answer overdue 28 min" in desk.get(f"/tickets/{ticket.pk}/").content.decode()
