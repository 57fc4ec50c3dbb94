"""The pages: composing, conversations, what nobody could place, one's own mail; and other people's records."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from crm.accounts.actions import files
from crm.accounts.models import Account, AccountFile, Alias, Contact
from crm.correspondence import rules
from crm.correspondence.models import IgnoredSender, Mail, MailIdentity, MailThread
from crm.inbox.models import InboundPayload
from crm.outbox.actions import work
from crm.outbox.models import OutboundMessage, Suppression
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.html import SANDBOX
from tests import factories
from tests.conftest import NOON
from tests.crm.correspondence.conftest import Come, mail


@pytest.fixture
def desk(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def letter(anna: Contact, **fields: Any) -> dict[str, Any]:
    return {"bundle": uuid4(), "people": [anna.pk], "subject": "Seats", "text": "Two more?"} | fields


def test_a_letter_from_the_customers_page(desk: Client, anna: Contact, mira: User, own: str) -> None:
    MailIdentity.objects.create(user=mira, signature="**Mira** of ours")
    page = desk.get(f"/accounts/{anna.account_id}/mail/").content.decode()
    assert "**Mira** of ours" in page
    assert "<strong>Mira</strong> of ours" in page  # as readers see it
    assert "no cap and no quiet hours" in page
    assert "Answers come home here" in page

    upload = SimpleUploadedFile("plan.txt", b"the plan")
    answer = desk.post(f"/accounts/{anna.account_id}/mail/", letter(anna, upload=upload))

    row = Mail.objects.get()
    assert answer["Location"] == f"/conversations/{row.thread_id}/"
    message = OutboundMessage.objects.get()
    assert (message.category, message.due_at, message.contact) == ("reply", NOON + rules.UNDO_FOR, anna)
    assert row.files.get().file == AccountFile.objects.get()
    shown = desk.get(answer["Location"]).content.decode()
    assert "leaves in a moment" in shown
    assert "plan.txt" in shown


def test_calling_it_off_gives_the_text_back(desk: Client, anna: Contact) -> None:
    given = letter(anna)
    desk.post(f"/accounts/{anna.account_id}/mail/", given)

    answer = desk.post(f"/letters/{given['bundle']}/cancellation/")

    assert OutboundMessage.objects.get().state == "cancelled"
    assert answer["Location"] == f"/accounts/{anna.account_id}/mail/?again={Mail.objects.get().pk}"
    page = desk.get(answer["Location"]).content.decode()
    assert "Two more?" in page
    assert "Called off. Nothing has left" in page


@pytest.mark.parametrize(
    ("off", "words", "said"), [(True, "Two more?", "was called off"), (False, "Three?", "with other words")]
)
def test_a_page_that_the_browser_brings_back_loses_no_letter(
    desk: Client, anna: Contact, off: bool, words: str, said: str
) -> None:
    given, page = letter(anna), f"/accounts/{anna.account_id}/mail/"
    desk.post(page, given)
    assert desk.post(page, given).status_code == 302  # a double click
    if off:
        desk.post(f"/letters/{given['bundle']}/cancellation/")

    again = desk.post(page, given | {"text": words})

    assert again.status_code == 422
    assert said in again.content.decode()
    assert Mail.objects.count() == 1
    bundle = again.context["form"]["bundle"].value()
    assert bundle in again.content.decode()
    assert desk.post(page, given | {"text": words, "bundle": bundle}).status_code == 302
    assert Mail.objects.filter(outbound__state="due", text=words).count() == 1


def test_calling_off_too_late_says_so(desk: Client, anna: Contact, server: Any) -> None:
    given = letter(anna)
    desk.post(f"/accounts/{anna.account_id}/mail/", given)
    with clock.travelling(NOON + timedelta(minutes=1)):
        work(clock.now())
        answer = desk.post(f"/letters/{given['bundle']}/cancellation/")

    assert "Too late: it has left already." in desk.get(answer["Location"]).content.decode()
    assert OutboundMessage.objects.get().state == "sent"


def test_what_stops_a_letter_is_said_before_it_is_planned(desk: Client, anna: Contact) -> None:
    Contact.objects.update(do_not_contact=True)
    page = desk.post(f"/accounts/{anna.account_id}/mail/", letter(anna))
    assert page.status_code == 422
    assert "Anna Berg is marked “do not contact”" in page.content.decode()

    Contact.objects.update(do_not_contact=False)
    Suppression.objects.create(address="anna@kelp.example", reason="It bounced.")
    page = desk.post(f"/accounts/{anna.account_id}/mail/", letter(anna))
    assert "Anna Berg gets no mail any more: It bounced." in page.content.decode()
    assert not Mail.objects.exists()
    assert not OutboundMessage.objects.exists()


def test_only_people_and_files_of_the_customer_can_be_chosen(desk: Client, anna: Contact, mira: User) -> None:
    eve = factories.contact(factories.account("Other"))
    assert desk.post(f"/accounts/{anna.account_id}/mail/", letter(eve)).status_code == 422
    assert not Mail.objects.exists()


def test_an_answer_quotes_what_it_answers(desk: Client, anna: Contact, come: Come, copies_to: str) -> None:
    come(mail(Delivered_To=copies_to))
    thread = MailThread.objects.get()

    page = desk.get(f"/conversations/{thread.pk}/reply/").content.decode()
    assert 'value="Re: Seats"' in page
    assert "Anna Berg wrote:\n&gt; Two more, please." in page
    timeline = desk.get(f"/accounts/{anna.account_id}/").content.decode()
    assert f'href="/conversations/{thread.pk}/reply/">Answer</a>' in timeline
    desk.post(f"/conversations/{thread.pk}/reply/", letter(anna, subject="Re: Seats"))
    assert thread.mails.count() == 2


def test_what_came_is_shown_as_text(desk: Client, anna: Contact, come: Come, copies_to: str) -> None:
    come(mail(Delivered_To=copies_to, subject="<script>alert(1)</script>", text="<img src=x onerror=alert(2)>\n> old"))
    page = desk.get(MailThread.objects.get().get_absolute_url()).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(2)&gt;" in page
    assert "What it quotes" in page


def test_html_is_shown_in_a_frame_of_its_own(
    client: Client, desk: Client, anna: Contact, olaf: User, come: Come, copies_to: str
) -> None:
    html = "<p onclick='x()'>Two <b>more</b>.</p><img src='https://t.example/p.gif'><blockquote>old</blockquote>"
    come(mail(Delivered_To=copies_to, text=html, Content_Type="text/html"))
    come(mail(Delivered_To=copies_to, message_id="plain"))
    first, plain = Mail.objects.order_by("pk")
    pages = [desk.get(f"/conversations/{one.thread_id}/").content.decode() for one in (first, plain)]
    assert [f'data-foreign sandbox="{" ".join(SANDBOX)}" src="/letters/' in page for page in pages] == [True, False]
    assert ["Two more, please." in page for page in pages] == [False, True]

    frame = desk.get(f"/letters/{first.pk}/html/")
    assert "<p>Two <b>more</b>.</p>" in frame.content.decode()
    assert "t.example" not in frame.content.decode()
    assert "sandbox allow-same-origin allow-popups" in frame["Content-Security-Policy"]
    assert "img-src 'none'" in frame["Content-Security-Policy"]
    shown = desk.get(f"/letters/{first.pk}/html/?images=1")
    assert "t.example/p.gif" in shown.content.decode()
    assert "img-src https: http:" in shown["Content-Security-Policy"]
    assert desk.get(f"/letters/{plain.pk}/html/").status_code == 404
    client.force_login(olaf)
    assert client.get(f"/letters/{first.pk}/html/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_twice_at_once_brings_its_file_once(
    anna: Contact, mira: User, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, put = letter(anna), files.put

    def put_slowly(*given: Any) -> AccountFile:
        time.sleep(0.3)
        return put(*given)

    monkeypatch.setattr("crm.correspondence.views.composing.files.put", put_slowly)

    def send() -> None:
        with clock.travelling(NOON):
            desk = Client()
            desk.force_login(mira)
            upload = SimpleUploadedFile("plan.txt", b"the plan")
            assert desk.post(f"/accounts/{anna.account_id}/mail/", given | {"upload": upload}).status_code == 302
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(2)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert (AccountFile.objects.count(), Mail.objects.count()) == (1, 1)


def test_unmatched_mail_is_filed_added_and_ignored(desk: Client, anna: Contact, come: Come, own: str) -> None:
    for sender in ("anna@kelp.example", "Ben Ode <ben@kelp.example>", "shop@news.example"):
        come(mail(sender, message_id=sender))
    page = desk.get("/unmatched-mail/").content.decode()
    assert "File at Anna Berg, Kelp &amp; Co" in page
    assert '<span class="n">3</span>' in desk.get("/mail/").content.decode()
    first, second, third = Mail.objects.order_by("pk")

    desk.post(f"/unmatched-mail/{first.pk}/link/", {"email": "anna@kelp.example"})
    desk.post(f"/unmatched-mail/{second.pk}/person/", {"account": "Kelp & Co", "first_name": "Ben", "last_name": "Ode"})
    desk.post(f"/unmatched-mail/{third.pk}/ignoring/", {"always": "1"})

    assert not Mail.objects.unmatched().exists()
    assert TimelineEntry.objects.filter(kind="mail.received").count() == 2
    assert Contact.objects.get(email="ben@kelp.example").name == "Ben Ode"
    desk.post(f"/unmatched-mail/{third.pk}/heeding/")
    assert Mail.objects.unmatched().get() == third
    come(mail("shop@news.example", message_id="more"))
    desk.post(f"/unmatched-mail/{third.pk}/ignoring/", {"always": "1"})
    assert not Mail.objects.unmatched().exists()
    desk.post(f"/unmatched-mail/{third.pk}/heeding/")
    assert Mail.objects.unmatched().count() == 2


def test_mail_is_linked_to_nobody_whom_one_may_not_see(
    client: Client, olaf: User, anna: Contact, come: Come, own: str
) -> None:
    come(mail("x@y.example"))
    client.force_login(olaf)
    row = Mail.objects.get()

    client.post(f"/unmatched-mail/{row.pk}/link/", {"email": "anna@kelp.example"})

    row.refresh_from_db()
    assert row.account is None


def test_whom_a_colleague_wrote_to_is_not_everybodys(
    client: Client, olaf: User, anna: Contact, come: Come, copies_to: str
) -> None:
    come(mail("mira@example.com", "doctor@private.example", Bcc=copies_to, subject="Private"))
    client.force_login(olaf)

    assert "Private" not in client.get("/unmatched-mail/").content.decode()
    assert client.post(f"/unmatched-mail/{Mail.objects.get().pk}/ignoring/").status_code == 404


@pytest.mark.parametrize("known_by", ["address", "former address", "conversation"])
def test_what_says_that_it_is_of_others_customers_is_theirs(
    client: Client, olaf: User, mira: User, anna: Contact, come: Come, own: str, known_by: str
) -> None:
    if known_by == "former address":
        Alias.objects.create(subject="contact", kind="email", value="x@y.example", contact=anna)
    thread = MailThread.objects.create(account=anna.account, contact=anna, subject="Seats")
    to = rules.with_token(own, "t", thread.token) if known_by == "conversation" else own
    come(mail("anna@kelp.example" if known_by == "address" else "x@y.example", to, subject="Our secret"))
    row = Mail.objects.get()
    assert row.account is None
    client.force_login(olaf)

    assert "Our secret" not in client.get("/unmatched-mail/").content.decode()
    for verb in ("link", "person", "ignoring", "heeding"):
        assert client.post(f"/unmatched-mail/{row.pk}/{verb}/", {"always": "1"}).status_code == 404
    assert not IgnoredSender.objects.exists()
    client.force_login(mira)
    assert "Our secret" in client.get("/unmatched-mail/").content.decode()


def test_ones_own_address_is_made_and_made_anew(desk: Client, mira: User, own: str) -> None:
    assert "Make my address" in desk.get("/me/mail/").content.decode()
    assert not MailIdentity.objects.exists()
    desk.post("/me/mail/address/")
    first = MailIdentity.objects.get().token
    assert f"inbox+u{first}@crm.example" in desk.get("/me/mail/").content.decode()

    desk.post("/me/mail/address/")
    assert MailIdentity.objects.get().token != first
    desk.post("/me/mail/", {"signature": "Mira <b>x</b>", "addresses": " Mira@Home.example, "})
    assert MailIdentity.objects.get().addresses == ["mira@home.example"]
    page = desk.post("/me/mail/", {"signature": "", "addresses": "nonsense"})
    assert page.status_code == 422


def test_an_erasure_reaches_mail_and_raw_payloads(
    anna: Contact, ada: User, mira: User, come: Come, copies_to: str
) -> None:
    ben = factories.contact(anna.account, email="ben@kelp.example", first_name="Ben", last_name="Ode")
    come(mail(Delivered_To=copies_to))
    said = "<p>Anna Berg said so.</p><p><b>A</b>nna</p>"
    come(mail("ben@kelp.example", message_id="ben", text=said, Delivered_To=copies_to, Content_Type="text/html"))
    come(mail("x@y.example", message_id="x", text="Ask anna@kelp.example.", to="inbox@crm.example"))
    waits = InboundPayload.objects.create(
        source="imap", kind="none", external_key="w", body=mail(), size=1, due_at=NOON + timedelta(days=1)
    )

    erase(anna.pk, ada, NOON)

    assert not Mail.objects.filter(message_id="seats@kelp.example").exists()
    kept_of_ben = Mail.objects.get(message_id="ben")
    assert (kept_of_ben.text, kept_of_ben.html) == ("Erased person said so.\n\nAnna", "")
    assert kept_of_ben.contact == ben
    assert Mail.objects.get(message_id="x").text == "Ask Erased person."
    waits.refresh_from_db()
    assert (bytes(waits.body), waits.state, waits.raw_kept) == (b"", "ignored", False)
    kept = [bytes(row.body) for row in InboundPayload.objects.all()]
    assert not any(b"From: Anna Berg" in body for body in kept)
    assert Account.objects.count() == 1


def test_the_inbox_of_admins(client: Client, ada: User, mira: User, come: Come, own: str) -> None:
    payload = InboundPayload.objects.create(
        source="imap", kind="none", external_key="w", body=b"<script>raw</script>", size=1, due_at=NOON, state="failed",
        error="ValueError: no", tries=5,
    )  # fmt: skip
    client.force_login(ada)
    assert "ValueError: no" in client.get("/settings/inbox/").content.decode()
    page = client.get(f"/settings/inbox/{payload.pk}/").content.decode()
    assert "&lt;script&gt;raw" in page

    client.post(f"/settings/inbox/{payload.pk}/discarding/", {"reason": ""})
    payload.refresh_from_db()
    assert payload.state == "failed"
    client.post(f"/settings/inbox/{payload.pk}/discarding/", {"reason": "A test"})
    client.post(f"/settings/inbox/{payload.pk}/replay/")
    payload.refresh_from_db()
    assert (payload.state, payload.tries, payload.note) == ("new", 0, "Read again for Ada.")
    answer = client.post("/settings/inbox/address/", {"address": "a+b@x.example", "raw_days": 400})
    assert answer.status_code == 422
    client.post("/settings/inbox/address/", {"address": "In@X.example", "raw_days": 14})
    assert "in@x.example" in client.get("/settings/inbox/").content.decode()
