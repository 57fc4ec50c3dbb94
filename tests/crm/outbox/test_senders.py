"""Senders: made, changed, paused and tried by admins."""

from __future__ import annotations

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox import policy
from crm.outbox.actions import next_due, work
from crm.outbox.models import OutboundMessage, Sender, Switch
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.outbox.conftest import Plan, state_of


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


GIVEN = {"name": "care", "from_email": "Kelp Care <care@crm.example>", "per_minute": "30"}


def test_a_sender_is_made_and_changed(admin: Client) -> None:
    admin.post("/settings/senders/new/", GIVEN)
    sender = Sender.objects.get(name="care")
    assert (sender.address, sender.per_minute) == ("Kelp Care <care@crm.example>", 30)

    admin.post(f"/settings/senders/{sender.pk}/", GIVEN | {"name": "other", "per_minute": "60"})
    sender.refresh_from_db()
    assert (sender.name, sender.per_minute) == ("care", 60)
    assert admin.post("/settings/senders/new/", GIVEN).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [{"per_minute": "0"}, {"per_minute": "60001"}, {"from_email": "nobody"}, {"from_email": ""}, {"name": "a:b"},
     {"from_email": "a@b.example\r\nBcc: c@d.example"}],
)  # fmt: skip
def test_what_no_mail_could_leave_by_is_refused(admin: Client, wrong: dict[str, str]) -> None:
    assert admin.post("/settings/senders/new/", GIVEN | wrong).status_code == 422
    assert not Sender.objects.exists()


def test_a_paused_sender_keeps_its_mail(admin: Client, server: Server, anna: Contact, plan: Plan) -> None:
    sender = Sender.objects.create(name="care", from_email="care@crm.example")
    message, other = plan(anna, sender_id=sender.pk), plan(anna)

    admin.post(f"/settings/senders/{sender.pk}/pause/")
    work(NOON)
    assert (state_of(message), state_of(other)) == ("due", "sent")
    assert "paused" in admin.get("/settings/senders/").content.decode()

    admin.post(f"/settings/senders/{sender.pk}/pause/", {"lift": "1"})
    work(NOON)
    assert state_of(message) == "sent"
    assert not Switch.objects.exists()


def test_a_test_leaves_while_all_else_is_on_hold(admin: Client, server: Server, anna: Contact, plan: Plan) -> None:
    sender = Sender.objects.create(name="care", from_email="Care <care@crm.example>")
    policy.hold()
    other = plan(anna)
    page = admin.post(f"/settings/senders/{sender.pk}/test/", follow=True).content.decode()
    assert "It goes to ada@example.com within seconds, though other mail is on hold" in page
    assert "A letter to oneself" in page
    assert work(NOON) == 1
    assert [mail["To"] for mail in server.mails] == ["Ada <ada@example.com>"]
    assert state_of(other) == "due"
    assert (work(NOON), next_due(NOON)) == (0, None)


@pytest.mark.parametrize("scope", ["all", "channel:email", "sender:care"])
def test_what_stops_everything_stops_a_test_too(admin: Client, server: Server, scope: str) -> None:
    sender = Sender.objects.create(name="care", from_email="Care <care@crm.example>")
    policy.hold()
    policy.throw(scope, "Wrong text", NOON)
    page = admin.post(f"/settings/senders/{sender.pk}/test/", follow=True).content.decode()
    assert "It waits. " in page
    assert "Wrong text" in page
    assert (work(NOON), len(server.mails)) == (0, 0)
    policy.lift(scope, NOON)
    assert (work(NOON), len(server.mails)) == (1, 1)


def test_nothing_to_anybody_else_passes_for_a_test(server: Server, anna: Contact, plan: Plan) -> None:
    policy.hold()
    message = plan(anna, origin=OutboundMessage.TEST)
    assert work(NOON) == 0
    assert state_of(message) == "due"


def test_a_test_goes_to_whoever_asks(admin: Client, server: Server) -> None:
    sender = Sender.objects.create(name="care", from_email="Care <care@crm.example>")
    answer = admin.post(f"/settings/senders/{sender.pk}/test/")
    work(NOON)

    assert answer["Location"] == f"/mail/{OutboundMessage.objects.get().pk}/"
    (mail,) = server.mails
    assert (mail["From"], mail["To"]) == ("Care <care@crm.example>", "Ada <ada@example.com>")
