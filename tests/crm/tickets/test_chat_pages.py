"""What pages say of chats: how each channel stands, and by which ones a person can be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Contact, ContactHandle
from crm.team.models import User
from crm.tickets.models import Ticket
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider
from tests.crm.tickets.chatting import TICK, answer, leave, says

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("other_side")]


def test_the_settings_say_how_each_stands(
    ada: User, sam: User, other_side: Provider, settings: Any, django_assert_max_num_queries: Callable[..., Any],
    kept_standing: Any,
) -> None:  # fmt: skip
    says()
    ticket = Ticket.objects.get()
    other_side.answers = [(400, {"description": "chat not found"})]
    answer(ticket, sam)
    leave(NOON + 10 * TICK)
    settings.INSTAGRAM_TOKEN = ""
    client = Client()
    client.force_login(ada)
    client.get("/settings/channels/")
    with django_assert_max_num_queries(12):
        page = client.get("/settings/channels/").content.decode()
    assert "chat not found" in page
    assert "Hears, but cannot answer" in page
    assert f"{settings.BASE_URL}/hooks/whatsapp/" in page
    assert "1:token" not in page
    assert client.post("/settings/channels/telegram/pause/").status_code == 302
    assert "Paused under Settings, Channels." in client.get("/settings/channels/").content.decode()
    client.post("/settings/channels/telegram/pause/", {"lift": "1"})
    client.post("/settings/channels/bridge/test/")
    assert other_side.got[-1].json["type"] == "ping"
    assert client.post("/settings/channels/nonsense/test/").status_code == 404


def test_a_persons_page_has_their_chats_and_their_link(known: Contact, sam: User) -> None:
    client = Client()
    client.force_login(sam)
    page = client.get(known.get_absolute_url()).content.decode()
    assert "4242" in page
    assert "t.me/holdfast_bot" not in page
    ContactHandle.objects.all().delete()
    page = client.get(known.get_absolute_url()).content.decode()
    assert f"https://t.me/holdfast_bot?start={known.pk}-" in page
