"""Public forms: anybody fills them in without a cookie, and what is sent is stored first and becomes a ticket."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.accounts.models import Contact
from crm.inbox import actions
from crm.inbox.models import InboundPayload
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import acknowledging, public_views
from crm.tickets.models import BlockedSender, Ticket, TicketCategory, TicketForm, TicketMessage, TicketSettings
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
GIVEN = {"name": "Sofia Lindqvist", "email": "Sofia@nordwind.example", "subject": "No login", "text": "It says 403."}


@pytest.fixture(autouse=True)
def desk(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    TicketSettings.objects.create(pk=1, addresses=["help@crm.example"])
    caches["default"].clear()


@pytest.fixture
def help_form() -> TicketForm:
    category = TicketCategory.objects.create(name="Access")
    shown = ["name", "subject", "category", "files"]
    return TicketForm.objects.create(name="Ask us", slug="help", shown=shown, category=category)


@pytest.fixture
def anybody() -> Client:
    """Without a cookie, and with all of Django's checks of where a form comes from."""
    return Client(enforce_csrf_checks=True)


def token_in(page: Any) -> str:
    return re.search(r'name="token" value="([^"]+)"', page.content.decode())[1]  # type: ignore[index]


def send(client: Client, token: str = "", **given: Any) -> Any:
    return client.post("/f/help/", GIVEN | {"token": token or token_in(client.get("/f/help/"))} | given)


def test_what_anybody_sends_becomes_a_ticket(help_form: TicketForm, sofia: Contact, anybody: Client) -> None:
    page = anybody.get("/f/help/")
    assert not page.cookies
    answer = send(anybody, token_in(page), files=[SimpleUploadedFile("log.csv", b"a,b")])
    assert (answer.status_code, answer["Location"]) == (302, "/f/help/thanks/")
    assert "We have your message" in anybody.get("/f/help/thanks/").content.decode()
    payload = InboundPayload.objects.get()
    assert (payload.kind, payload.state, Ticket.objects.count()) == ("form", "new", 0)

    actions.work(NOON)
    ticket = Ticket.objects.get()
    told = (ticket.subject, ticket.contact, ticket.channel, str(ticket.category))
    assert told == ("No login", sofia, "form", "Access")
    message = ticket.messages.get(kind="in")
    assert (message.text, message.proven, message.files.get().name) == ("It says 403.", False, "log.csv")
    mail = OutboundMessage.objects.get()
    told = (mail.addressed_to, mail.facts["subject"])
    assert told == ("sofia@nordwind.example", f"We have your message (#{ticket.pk})")

    InboundPayload.objects.update(state="new", due_at=NOON, tries=0)
    actions.work(NOON)
    assert (Ticket.objects.count(), TicketMessage.objects.filter(kind="auto").count()) == (1, 1)


def test_what_anybody_wrote_is_mailed_to_nobody(help_form: TicketForm, anybody: Client) -> None:
    """Whoever fills it in can name the address of somebody else."""
    TicketSettings.objects.update(acknowledgement="{{ contact.name }} {{ contact.first_name }} on {{ ticket.subject }}")
    send(
        anybody, name="Win Now", subject="Cheap pills at https://spam.example", text="Buy", email="third@party.example"
    )
    actions.work(NOON)
    mail = OutboundMessage.objects.get()
    assert mail.addressed_to == "third@party.example"
    sent = f"{mail.facts['subject']} {mail.facts['text']}"
    assert sent == f"We have your message (#{Ticket.objects.get().pk}) on Your message"


def test_sent_twice_it_is_one(help_form: TicketForm, anybody: Client) -> None:
    token = token_in(anybody.get("/f/help/"))
    assert [send(anybody, token).status_code for _ in range(2)] == [302, 302]
    assert InboundPayload.objects.count() == 1


def test_what_is_missing_is_said_and_what_was_written_stays(help_form: TicketForm, anybody: Client) -> None:
    answer = send(anybody, email="nobody", text="", subject="<b>Kept</b>")
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("This is no e-mail address.", "Tell us what it is about.", "&lt;b&gt;Kept&lt;/b&gt;"):
        assert words in page
    assert not InboundPayload.objects.exists()


def test_a_program_is_thanked_and_nothing_is_kept(help_form: TicketForm, anybody: Client) -> None:
    assert send(anybody, website="https://spam.example").status_code == 302
    assert not InboundPayload.objects.exists()


@pytest.mark.parametrize("token", ["forged", "other", "old"])
def test_a_token_that_is_not_ours_any_more(help_form: TicketForm, anybody: Client, token: str) -> None:
    TicketForm.objects.create(name="Other", slug="other")
    forged = {"forged": "a:b:c", "other": token_in(anybody.get("/f/other/")), "old": token_in(anybody.get("/f/help/"))}
    if token == "old":
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("crm.tickets.forms.public.OPEN_FOR", -1)
            answer = send(anybody, forged[token])
    else:
        answer = send(anybody, forged[token])
    assert answer.status_code == 422
    assert "had been open for too long" in answer.content.decode()
    assert send(anybody, token_in(answer)).status_code == 302  # as the page stands now
    assert InboundPayload.objects.count() == 1


def test_files_have_a_limit(help_form: TicketForm, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.tickets.forms.public.MOST_BYTES", 10)
    many = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)]
    large = [SimpleUploadedFile("a.txt", b"x" * 11)]
    for files, words in ((many, "5 files are the most"), (large, "10 bytes are the most")):
        answer = send(anybody, files=files)
        assert (answer.status_code, words in answer.content.decode().replace("\xa0", " ")) == (422, True)
    monkeypatch.setattr(public_views, "_LARGEST", 100)
    assert send(anybody).status_code == 413
    assert not InboundPayload.objects.exists()


def test_one_place_sends_so_many_and_no_more(help_form: TicketForm, anybody: Client) -> None:
    answers = [send(anybody) for _ in range(11)]
    assert [one.status_code for one in answers] == [302] * 10 + [429]
    assert "It says 403." in answers[-1].content.decode()
    assert InboundPayload.objects.count() == 10
    assert send(anybody, REMOTE_ADDR="x").status_code == 429
    elsewhere = Client(enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.9")
    assert send(elsewhere).status_code == 302


def test_only_pages_that_it_names_may_frame_it(help_form: TicketForm, anybody: Client) -> None:
    plain = anybody.get("/f/help/")
    assert ("frame-ancestors 'none'" in plain["Content-Security-Policy"], plain["X-Frame-Options"]) == (True, "DENY")
    TicketForm.objects.update(origins=["https://www.nordwind.example"])
    framed = anybody.get("/f/help/")
    assert "frame-ancestors 'self' https://www.nordwind.example" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed


def test_switched_off_it_is_not_there_and_the_blocked_are_not_heard(help_form: TicketForm, anybody: Client) -> None:
    BlockedSender.objects.create(channel="email", handle="@nordwind.example", at=NOON)
    send(anybody)
    actions.work(NOON)
    assert (InboundPayload.objects.get().state, Ticket.objects.count()) == ("ignored", 0)
    TicketForm.objects.update(archived_at=NOON)
    assert anybody.get("/f/help/").status_code == 404


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


def test_admins_make_forms(admins: Client, anybody: Client) -> None:
    given = {"name": "Ask us anything", "shown": ["subject"], "origins": "https://www.crm.example/", "slug": ""}
    assert admins.post("/settings/desk/forms/new/", given).status_code == 302
    row = TicketForm.objects.get()
    assert (row.slug, row.shown, row.origins) == ("ask-us-anything", ["subject"], ["https://www.crm.example"])
    assert admins.post("/settings/desk/forms/new/", given).status_code == 422  # its address is taken
    answer = admins.post(f"/settings/desk/forms/{row.pk}/", given | {"origins": "javascript:alert(1)"})
    assert answer.status_code == 422
    page = anybody.get(row.get_absolute_url()).content.decode()
    assert 'name="subject"' in page
    assert 'name="name"' not in page
    admins.post(f"/settings/desk/forms/{row.pk}/switch/")
    assert anybody.get(row.get_absolute_url()).status_code == 404


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
