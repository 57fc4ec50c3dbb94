"""Answers leave by mail: to whom, under which headers, and with what; and how the house acknowledges."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest
from django.db import connection

from crm.accounts.models import Contact
from crm.correspondence.models import MailIdentity
from crm.inbox.models import InboxSettings
from crm.outbox import journal, settling
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.bouncing import bounced
from crm.outbox.models import MailPolicy, OutboundMessage, Suppression
from crm.outbox.sending import hand_over as handing
from crm.outbox.suppressing import turn_of
from crm.privacy.erasing import erase
from crm.slots import explainers
from crm.team.models import User
from crm.tickets import acknowledging, delivering
from crm.tickets.actions.answering import Written, call_off, write
from crm.tickets.actions.saying import TicketError
from crm.tickets.models import ServiceLevel, Ticket, TicketMessage, TicketSettings
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.tickets.mails import DESK, OWN, Post, asks, come

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(seconds=10)


@pytest.fixture(autouse=True)
def desk(settings: object) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"  # type: ignore[attr-defined]
    InboxSettings.objects.create(pk=1, address=OWN)
    TicketSettings.objects.create(pk=1, addresses=[DESK], acknowledges=False)
    MailPolicy.objects.update_or_create(pk=1, defaults={"mode": "live"})


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def asked(sofia: Contact) -> Ticket:
    come(asks("The export stops.\r\nSince noon.", Cc="boss@nordwind.example"))
    return Ticket.objects.get()


def body(mail: EmailMessage, kind: str = "plain") -> str:
    return str(mail.get_body((kind,)).get_content()).replace("\r\n", "\n")  # type: ignore[union-attr]


# Answers --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_answer_as_it_reaches_its_readers(asked: Ticket, sofia: Contact, sam: User, post: Post) -> None:
    MailIdentity.objects.create(user=sam, signature="Sam, Support")
    Ticket.objects.update(subject="A name of ours")
    said = write(asked, Written(uuid4(), "It is **lifted**."), sam, NOON)
    assert post.leaves(NOON) == []
    first, copy = post.leaves(SOON)

    assert post.to == ["sofia@nordwind.example", "boss@nordwind.example"]
    assert (first["To"], first["Cc"]) == ("Sofia Lindqvist <sofia@nordwind.example>", "boss@nordwind.example")
    assert (copy["To"], copy["Cc"]) == ("boss@nordwind.example", "sofia@nordwind.example")
    assert first["Subject"] == copy["Subject"] == "Re: Export times out"
    assert first["Reply-To"] == f"inbox+s{asked.token}@crm.example"
    assert first["In-Reply-To"] == first["References"] == "<first@nordwind.example>"
    assert first["Message-ID"] != copy["Message-ID"]
    assert (first["Auto-Submitted"], str(first["From"]).split(" <")[0]) == (None, "Sam")
    quoted = "On 1 Jun 2026 Sofia Lindqvist wrote:\n> The export stops.\n> Since noon.\n"
    assert body(first).split("\n\n") == ["It is **lifted**.", "Sam, Support", quoted]
    assert "<strong>lifted</strong>" in body(first, "html")

    entry = TimelineEntry.objects.get(kind="ticket.replied")
    assert (entry.contact, entry.actor, entry.payload["note"]) == (sofia, sam, "It is **lifted**.")
    assert not TimelineEntry.objects.filter(kind="email.sent").exists()
    why = explainers["ticket"]([said.pk])[said.pk]
    assert why.title == "Sam answered a ticket"
    assert not any(journal.verify(SOON + timedelta(hours=2)).values())

    # Both of them come home, by whichever letter they have.
    home = [
        come(asks("ok", sender=who, message_id=f"{n}@x", to="sales@crm.example", In_Reply_To=mail["Message-ID"]))
        for n, (who, mail) in enumerate([("boss@nordwind.example", copy), ("sofia@nordwind.example", first)])
    ]
    assert {TicketMessage.objects.get(payload=one).ticket for one in home} == {asked}
    write(Ticket.objects.get(), Written(uuid4(), "Good."), sam, NOON + timedelta(minutes=1))
    second = post.leaves(NOON + timedelta(minutes=2))[0]
    assert str(second["References"]).split()[0] == "<first@nordwind.example>"
    assert first["Message-ID"] in second["References"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "heads",
    [
        {"subject": "=?utf-8?q?Hi=0D=0ABcc:_evil@bad.example?="},
        {"sender": '"Sofia\\\r\n Bcc: evil@bad.example" <sofia@nordwind.example>'},
        {"message_id": "a@b\r\n\tBcc: evil@bad.example"},
        {"References": "<x@y>\r\n\t<Bcc: evil@bad.example>" + " <r@y>" * 3000},
        {"Reply-To": "=?utf-8?q?x=0ABcc:?= <sofia@nordwind.example>, evil@bad.example\x0b"},
        {"Cc": "=?utf-8?q?Boss=0D=0ABcc:_evil@bad.example?= <boss@nordwind.example>"},
    ],
)  # fmt: skip
def test_what_a_sender_writes_into_headers_stays_words_in_our_answer(
    heads: dict[str, str], sofia: Contact, sam: User, post: Post
) -> None:
    payload = come(asks(**heads))
    assert (payload.state, payload.error) == ("done", "")
    write(Ticket.objects.get(), Written(uuid4(), "It is lifted."), sam, NOON)
    post.leaves(SOON)
    assert post.raw
    for raw, mail in zip(post.raw, post.mails, strict=True):
        assert "Bcc" not in mail
        assert len(mail.get_all("To", [])) == len(mail.get_all("Subject", [])) == 1
        assert all(len(line) <= 998 for line in raw.splitlines())
    assert "evil@bad.example" not in post.to


def test_files_go_along_and_a_stranger_is_answered(sam: User, post: Post) -> None:
    from django.core.files.base import ContentFile

    come(asks(sender="Reception <desk@bright.example>"))
    write(Ticket.objects.get(), Written(uuid4(), "See", files=[ContentFile(b"a,b", "log.csv")]), sam, NOON)
    (mail,) = post.leaves(SOON)
    assert mail["To"] == "desk@bright.example"
    assert [(one.get_filename(), one.get_content()) for one in mail.iter_attachments()] == [("log.csv", "a,b")]
    assert OutboundMessage.objects.get().state == "sent"
    assert not TimelineEntry.objects.exists()


def test_called_off_no_copy_leaves_either(asked: Ticket, sam: User) -> None:
    said = write(asked, Written(uuid4(), "Wait"), sam, NOON)
    copy = OutboundMessage.objects.exclude(pk=said.outbound_id).get()
    OutboundMessage.objects.filter(pk=copy.pk).update(state="claimed")
    assert not call_off(said, sam, NOON)  # it is leaving for one of them
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"due", "claimed"}
    OutboundMessage.objects.filter(pk=copy.pk).update(state="due")
    assert call_off(said, sam, NOON)
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"cancelled"}


def test_what_stands_against_an_answer_is_said(asked: Ticket, sam: User, settings: object) -> None:
    Suppression.objects.create(address="sofia@nordwind.example", reason="Mail came back.")
    with pytest.raises(TicketError, match="gets no mail any more: Mail came back"):
        write(asked, Written(uuid4(), "x"), sam, NOON)
    Suppression.objects.all().delete()
    with pytest.raises(TicketError, match="A mail takes 100,000 characters"):
        write(asked, Written(uuid4(), "x" * 100_001), sam, NOON)
    assert "18.0" in delivering.refusal(asked, NOON, "x", [18 * 1024 * 1024, 1])
    assert delivering.refusal(asked, NOON, "x", [18 * 1024 * 1024]) == ""
    Ticket.objects.update(requester_handle="", contact=None)
    with pytest.raises(TicketError, match="No address"):
        write(asked, Written(uuid4(), "x"), sam, NOON)
    settings.EMAIL_URL = ""  # type: ignore[attr-defined]
    with pytest.raises(TicketError, match="EMAIL_URL"):
        write(asked, Written(uuid4(), "x"), sam, NOON)
    assert not OutboundMessage.objects.exists()


# Addresses of nobody on record ----------------------------------------------------------------------------------------


def to(address: str, **more: object) -> OutboundMessage:
    facts = {"key": f"k:{address}:{len(more)}", "category": "reply", "due_at": NOON} | more
    draft = Draft(template_id=template("Hello", "You"), addressed_to=address, **facts)  # type: ignore[arg-type]
    return OutboundMessage.objects.get(pk=enqueue([draft], now=NOON)[draft.key])


@pytest.mark.django_db(transaction=True)
def test_what_it_is_addressed_to_counts(sofia: Contact, post: Post) -> None:
    plain, given = to("x@bright.example"), to("private@sofia.example", contact_id=sofia.pk)
    refused, gone = to("x@y.example", category="service"), to("gone@bright.example")
    Suppression.objects.create(address="gone@bright.example", reason="Gone.")
    account = to("z@bright.example", account_id=sofia.account_id, category="transactional")
    post.leaves(NOON)
    assert sorted(post.to) == ["private@sofia.example", "x@bright.example", "z@bright.example"]
    for row in (plain, given, refused, gone, account):
        row.refresh_from_db()
    assert (plain.state, plain.to_address, plain.contact, str(plain.reader)) == (
        "sent", "x@bright.example", None, "x@bright.example",
    )  # fmt: skip
    assert (account.contact, given.state) == (None, "sent")
    assert (refused.state, refused.guard) == ("skipped", "consent")
    assert (gone.state, gone.guard) == ("skipped", "suppression")
    assert bounced(plain.message_id.strip("<>"), "X@bright.example", "5.1.1", SOON, no_mailbox=True) == plain
    assert settling.suppression_of(plain).address == "x@bright.example"  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["suppressed", "merged", "turn"])
def test_what_changes_after_the_clearing_is_noticed(
    sofia: Contact, post: Post, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:  # fmt: skip
    message = to("x@bright.example", contact_id=sofia.pk if what == "merged" else None)
    real = handing.hand_over
    times = []

    def meanwhile(letter: object, moment: datetime) -> bool:
        times.append(moment)
        if len(times) > 1:
            return real(letter, moment)  # type: ignore[arg-type]
        if what == "suppressed":
            Suppression.objects.create(address="x@bright.example", reason="Now.")
        elif what == "merged":
            Contact.objects.filter(pk=sofia.pk).update(title="CEO")
        else:
            other = connection.copy()
            with other.cursor() as cursor:  # somebody suppresses it just now
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [turn_of("X@bright.example")])
                try:
                    return real(letter, moment)  # type: ignore[arg-type]
                finally:
                    other.close()
        return real(letter, moment)  # type: ignore[arg-type]

    monkeypatch.setattr("crm.outbox.sending.loop.hand_over", meanwhile)
    post.leaves(NOON)
    post.leaves(NOON)
    message.refresh_from_db()
    state = {"suppressed": "skipped", "merged": "sent", "turn": "due"}[what]
    assert (message.state, len(post.to)) == (state, what == "merged")
    assert len(times) == (2 if what == "merged" else 1)


def test_an_erased_person_leaves_what_was_addressed_to_them(
    asked: Ticket, sofia: Contact, ada: User, sam: User
) -> None:  # fmt: skip
    stray = to("sofia@nordwind.example")
    other = to("x@bright.example")
    said = write(asked, Written(uuid4(), "Hello Sofia"), sam, NOON)
    OutboundMessage.objects.filter(origin="ticket").update(state="sent", rendered_body="Hello Sofia")
    erase(sofia.pk, ada, SOON)
    stray.refresh_from_db()
    assert (stray.addressed_to, stray.state, stray.facts) == ("", "cancelled", {})
    mails = OutboundMessage.objects.filter(origin="ticket", origin_id=said.pk).order_by("pk")
    assert [(one.addressed_to, one.rendered_body, one.facts) for one in mails] == [
        ("", "", {}), ("boss@nordwind.example", "", {}),
    ]  # fmt: skip
    other.refresh_from_db()
    assert (other.addressed_to, other.state) == ("x@bright.example", "due")


def test_the_page_of_such_a_message_says_to_whom(sofia: Contact, ada: User, client: object) -> None:
    client.force_login(ada)  # type: ignore[attr-defined]
    plain, given = to("x@bright.example"), to("private@sofia.example", contact_id=sofia.pk)
    for row, shown in ((plain, "to x@bright.example<"), (given, "Sofia Lindqvist &lt;private@sofia.example&gt;")):
        assert shown in client.get(f"/mail/{row.pk}/").content.decode()  # type: ignore[attr-defined]


# Acknowledgements -----------------------------------------------------------------------------------------------------


@pytest.fixture
def acknowledging_desk(db: None) -> None:
    TicketSettings.objects.update(acknowledges=True)


def acknowledged() -> list[TicketMessage]:
    return list(TicketMessage.objects.filter(kind="auto").order_by("pk"))


@pytest.mark.django_db(transaction=True)
def test_it_is_acknowledged_at_once(acknowledging_desk: None, sofia: Contact, post: Post) -> None:
    ServiceLevel.objects.create(name="All", targets={"normal": {"answer": 60}}, always=True)
    come(asks())
    ticket = Ticket.objects.get()
    (mail,) = post.leaves(NOON)
    told = (mail["To"], mail["Subject"])
    assert told == ("Sofia Lindqvist <sofia@nordwind.example>", f"We have your message (#{ticket.pk})")
    assert (mail["Auto-Submitted"], mail["In-Reply-To"]) == ("auto-replied", "<first@nordwind.example>")
    assert mail["Reply-To"] == f"inbox+s{ticket.token}@crm.example"
    assert "Hello Sofia" in body(mail)
    assert f"Its number is **#{ticket.pk}**. You have our answer by Monday, 1 June, 13:00 (UTC)" in body(mail)
    (said,) = acknowledged()
    assert (said.outbound.category, said.ticket.answered_at) == ("transactional", None)  # type: ignore[union-attr]
    assert explainers["ticket"]([said.pk])[said.pk].title == "The desk wrote it by itself"
    come(asks("More", message_id="2@x", References="<first@nordwind.example>"))
    assert len(acknowledged()) == 1


def test_words_of_a_sender_go_along_only_where_the_mailbox_vouches_for_them(
    acknowledging_desk: None, sofia: Contact
) -> None:
    TicketSettings.objects.update(acknowledgement="On {{ ticket.subject }}")
    InboxSettings.objects.update(trusts_senders=True)
    come(asks())
    mail = OutboundMessage.objects.get()
    assert (mail.facts["subject"], mail.facts["text"]) == ("Re: Export times out", "On Export times out")


def test_its_text_is_what_admins_wrote_and_never_fails(acknowledging_desk: None, sofia: Contact) -> None:
    TicketSettings.objects.update(acknowledgement="Got #{{ ticket.number }}, {{ contact.name }}.")
    come(asks())
    assert acknowledged()[0].text == f"Got #{Ticket.objects.get().pk}, Sofia Lindqvist."
    TicketSettings.objects.update(acknowledgement="{% broken")
    come(asks(sender="a@b.example", message_id="2@x"))
    assert acknowledged()[1].text.startswith("Hello,\n\nwe have your message.")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"List_Id": "<l.example>"},
        {"Return_Path": "<>"}, {"X_Auto_Response_Suppress": "All"}, {"sender": "MAILER-DAEMON@x.example"},
        {"sender": "no-reply@x.example"}, {"sender": "help+x@crm.example"}, {"sender": "inbox@crm.example"},
        {"sender": "sam@example.com"}, {"sender": "hello@localhost.example"}, {"sender": ""},
        {"Date": "Fri, 29 May 2026 11:59:59 +0000"},
    ],
)  # fmt: skip
def test_nothing_answers_machines_lists_bounces_and_ourselves(
    acknowledging_desk: None, sam: User, settings: object, headers: dict[str, str]
) -> None:  # fmt: skip
    settings.DEFAULT_FROM_EMAIL = "Holdfast <hello@localhost.example>"  # type: ignore[attr-defined]
    come(asks(**headers))
    assert Ticket.objects.count() == 1
    assert not acknowledged()
    assert not OutboundMessage.objects.exists()


def test_nobody_is_acknowledged_twice_an_hour_nor_six_times_a_day(acknowledging_desk: None, sofia: Contact) -> None:
    def ask(after: timedelta) -> int:
        now = NOON + after
        come(asks(message_id=f"{after.total_seconds()}@x", Date=f"{now:%a, %d %b %Y %H:%M:%S} +0000"), now)
        return len(acknowledged())

    hour = timedelta(hours=1)
    assert [ask(timedelta(0)), ask(hour - timedelta(seconds=1)), ask(hour)] == [1, 1, 2]
    assert [ask(n * hour) for n in (2, 3, 4, 5, 23)] == [3, 4, 5, 5, 5]
    assert ask(24 * hour) == 6


def test_it_does_not_leave_when_it_has_become_stale(acknowledging_desk: None, sofia: Contact, post: Post) -> None:
    come(asks())
    assert OutboundMessage.objects.get().expires_at == NOON + acknowledging.KEEPS


def test_no_way_out_is_no_reason_to_fail(acknowledging_desk: None, settings: object) -> None:
    settings.EMAIL_URL = ""  # type: ignore[attr-defined]
    assert come(asks()).state == "done"
    assert not acknowledged()


def test_own_mail_that_comes_back_under_another_id_is_nothing(sofia: Contact) -> None:
    from crm.tickets.letters import own_loop

    payload = come(asks(X_Holdfast_Loop=own_loop()))
    assert (payload.state, payload.note) == ("ignored", "It is one of our own, come back by another way.")
    come(asks(message_id="2@x", X_Holdfast_Loop="another installation's"))
    assert Ticket.objects.count() == 1
