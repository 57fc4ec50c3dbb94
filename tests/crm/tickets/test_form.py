"""Public forms of the support desk: what is sent becomes a ticket; and what admins set about the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.forms import answers
from crm.forms.models import Asked, FormEntry, PublicForm
from crm.inbox.models import InboundPayload
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import acknowledging
from crm.tickets.models import BlockedSender, Ticket, TicketCategory, TicketMessage, TicketSettings
from tests.conftest import NOON
from tests.crm.forms.conftest import send as fill_in
from tests.crm.forms.conftest import work

pytestmark = pytest.mark.django_db
GIVEN = {
    "contact.name": "Sofia Lindqvist", "contact.email": "Sofia@nordwind.example", "ticket.subject": "No login",
    "message": "It says 403.", "account.name": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def desk(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    TicketSettings.objects.create(pk=1, addresses=["help@crm.example"])
    caches["default"].clear()


@pytest.fixture
def help_form() -> PublicForm:
    category = TicketCategory.objects.create(name="Access")
    asked = [
        Asked("contact.name", "Your name"), Asked("contact.email", "E-mail", required=True),
        Asked("ticket.subject", "Subject"), Asked("ticket.category", "What is it about?"),
        Asked("message", "Your message", required=True), Asked("ticket.files", "Files"),
    ]  # fmt: skip
    return PublicForm.objects.create(
        name="Ask us", title="Ask us", slug="help", outcome="ticket", fields=[one.kept() for one in asked],
        outcome_settings={"category": category.pk, "team": None},
    )  # fmt: skip


@pytest.fixture
def anybody() -> Client:
    """Without a cookie, and with all of Django's checks of where a form comes from."""
    return Client(enforce_csrf_checks=True)


def send(client: Client, **given: Any) -> Any:
    return fill_in(client, "help", given=GIVEN | given)


def test_what_anybody_sends_becomes_a_ticket(help_form: PublicForm, sofia: Contact, anybody: Client) -> None:
    people = Contact.objects.count()
    answer = send(anybody, **{"ticket.files": [SimpleUploadedFile("log.csv", b"a,b")]})
    assert (answer.status_code, answer["Location"]) == (302, "/f/help/thanks/")
    payload = InboundPayload.objects.get()
    assert (payload.kind, payload.state, Ticket.objects.count()) == ("form", "new", 0)

    work()
    ticket = Ticket.objects.get()
    told = (ticket.subject, ticket.contact, ticket.channel, str(ticket.category))
    assert told == ("No login", sofia, "form", "Access")
    message = ticket.messages.get(kind="in")
    assert (message.text, message.proven, message.files.get().name) == ("It says 403.", False, "log.csv")
    mail = OutboundMessage.objects.get()
    told = (mail.addressed_to, mail.facts["subject"])
    assert told == ("sofia@nordwind.example", f"We have your message (#{ticket.pk})")
    entry = FormEntry.objects.get()
    assert (entry.words, entry.url, entry.contact) == (f"Ticket #{ticket.pk}", ticket.get_absolute_url(), sofia)

    InboundPayload.objects.update(state="new", due_at=NOON, tries=0)
    work()
    assert (Ticket.objects.count(), TicketMessage.objects.filter(kind="auto").count()) == (1, 1)
    assert Contact.objects.count() == people


def test_whoever_asks_is_made_no_customer(help_form: PublicForm, anybody: Client) -> None:
    other = TicketCategory.objects.create(name="Billing")
    send(anybody, **{"ticket.category": str(other.pk), "ticket.subject": ""})
    work()
    ticket = Ticket.objects.get()
    assert (ticket.requester_name, ticket.category, ticket.subject) == ("Sofia Lindqvist", other, "It says 403.")
    assert (Account.objects.count(), Contact.objects.count()) == (0, 0)


def test_what_anybody_wrote_is_mailed_to_nobody(help_form: PublicForm, anybody: Client) -> None:
    """Whoever fills it in can name the address of somebody else."""
    TicketSettings.objects.update(acknowledgement="{{ contact.name }} {{ contact.first_name }} on {{ ticket.subject }}")
    send(anybody, **{
        "contact.name": "Win Now", "ticket.subject": "Cheap pills at https://spam.example", "message": "Buy",
        "contact.email": "third@party.example",
    })  # fmt: skip
    work()
    mail = OutboundMessage.objects.get()
    assert mail.addressed_to == "third@party.example"
    sent = f"{mail.facts['subject']} {mail.facts['text']}"
    assert sent == f"We have your message (#{Ticket.objects.get().pk}) on Your message"


def test_files_have_a_limit(help_form: PublicForm, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_BYTES", 10)
    many = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)]
    large = [SimpleUploadedFile("a.txt", b"x" * 11)]
    for files, words in ((many, "5 files are the most"), (large, "10 bytes are the most")):
        answer = send(anybody, **{"ticket.files": files})
        assert (answer.status_code, words in answer.content.decode().replace("\xa0", " ")) == (422, True)
    assert not InboundPayload.objects.exists()


def test_the_blocked_are_not_heard_until_they_are(help_form: PublicForm, anybody: Client) -> None:
    BlockedSender.objects.create(channel="email", handle="@nordwind.example", at=NOON)
    send(anybody)
    work()
    assert (InboundPayload.objects.get().state, Ticket.objects.count()) == ("ignored", 0)
    BlockedSender.objects.all().delete()
    InboundPayload.objects.update(state="new", due_at=NOON, tries=0)
    work()
    assert (FormEntry.objects.get().state, Ticket.objects.count()) == ("done", 1)


# The settings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def admins(ada: User, client: Client) -> Client:
    client.force_login(ada)
    return client


def test_admins_set_how_the_desk_behaves(admins: Client) -> None:
    given = {"addresses": "Help@crm.example\nhelp@crm.example, sales@crm.example", "acknowledges": "on",
             "acknowledgement": "Got {{ ticket.number }}", "closes_after_days": 3, "rates_every_days": 0}  # fmt: skip
    assert admins.post("/settings/desk/", given).status_code == 302
    row = TicketSettings.objects.get()
    assert (row.addresses, row.closes_after_days, row.asks_for_rating) == (
        ["help@crm.example", "sales@crm.example"], 3, False,
    )  # fmt: skip
    for name, wrong in {"addresses": "nobody", "acknowledgement": "{% if", "closes_after_days": 366}.items():
        answer = admins.post("/settings/desk/", given | {name: wrong})
        assert (answer.status_code, TicketSettings.objects.get().closes_after_days) == (422, 3)
    shown = admins.post("/settings/desk/preview/", {"acknowledgement": "No. **{{ ticket.number }}**"})
    assert "No. <strong>4211</strong>" in shown.content.decode()
    assert "line 1" in admins.post("/settings/desk/preview/", {"acknowledgement": "{% if"}).content.decode()


def test_admins_block_and_hear_again(admins: Client, sam: User) -> None:
    assert admins.post("/settings/desk/blocked/", {"handle": "@Spam.example"}).status_code == 302
    row = BlockedSender.objects.get()
    assert (row.channel, row.handle) == ("email", "@spam.example")
    admins.post("/settings/desk/blocked/", {"handle": "nonsense"})
    assert "@spam.example" in admins.get("/settings/desk/").content.decode()
    admins.post(f"/settings/desk/blocked/{row.pk}/removal/")
    assert not BlockedSender.objects.exists()


def test_solved_tickets_close_by_themselves(sofia: Contact) -> None:
    from crm.tickets import closing
    from crm.tickets.actions.hearing import NewTicket, begin
    from crm.tickets.actions.saying import Said
    from crm.tickets.actions.turning import set_status
    from crm.tickets.models import TicketRating

    rows = [begin(NewTicket(f"No {n}", Said("x", "email", NOON, sofia, handle="a@b.example")), NOON) for n in range(3)]
    set_status(rows[0], "solved", None, NOON)
    set_status(rows[1], "solved", None, NOON + timedelta(hours=1))
    ratings = TicketRating.objects.count()
    due = NOON + timedelta(days=7)
    assert (closing.next_due(NOON), closing.work(due - timedelta(seconds=1))) == (due, 0)
    assert [closing.work(due), closing.work(due)] == [1, 0]
    rows[0].refresh_from_db()
    assert (rows[0].status, rows[0].closed_at, rows[0].solved_at) == ("closed", due, NOON)
    assert [(one.status, one.ended_at) for one in rows[0].spells.order_by("pk")] == [
        ("new", NOON), ("solved", due), ("closed", None),
    ]  # fmt: skip
    assert TicketRating.objects.count() == ratings
    TicketSettings.objects.update(closes_after_days=0)
    assert (closing.next_due(due), closing.work(due + timedelta(days=90))) == (None, 0)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Zoë O’Neill-Berg", "Zoë"), ("J. R. Tolkien", "J."), ("Sofia", ""), ("[Won](https://evil.example) now", ""),
        ("evil.example won", ""), ("https://evil.example x", ""),
    ],
)  # fmt: skip
def test_whom_a_channel_vouches_for_is_called_by_what_may_be_a_name(name: str, first: str) -> None:
    ticket = Ticket(pk=1, requester_name=name)
    told = [acknowledging.facts_of(ticket, TicketMessage(proven=proven))["contact"] for proven in (True, False)]
    assert [one["first_name"] for one in told] == [first, ""]
