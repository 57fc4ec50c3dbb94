"""Mail about signing in is a message like all other: it waits while the mail server is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.outbox.actions import work
from crm.outbox.models import MailTemplate, OutboundMessage
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.outbox.conftest import state_of


@pytest.fixture
def asked(db: None, mira: User, client: Client) -> OutboundMessage:
    response = client.post(reverse("account_reset_password"), {"email": "mira@example.com"})
    assert response.status_code == 302
    return OutboundMessage.objects.get()


def test_a_new_password_is_a_message_to_the_user(asked: OutboundMessage, mira: User) -> None:
    assert (asked.user, asked.category, asked.account, asked.contact) == (mira, "transactional", None, None)
    assert asked.due_at == NOON
    assert asked.expires_at == NOON + timedelta(days=3)


def test_it_is_not_lost_while_the_mail_server_is_away(asked: OutboundMessage, server: Server, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    now = NOON
    for _ in range(10):
        work(now)
        now += timedelta(minutes=10)
    assert state_of(asked) == "due"

    settings.EMAIL_URL = server.url
    work(now)

    (mail,) = server.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert mail["To"] == "Mira <mira@example.com>"
    assert mail["List-Unsubscribe"] is None
    assert "http://localhost:8000/sign-in/password/" in text
    asked.refresh_from_db()
    assert (asked.state, asked.facts, asked.rendered_body) == ("sent", {}, "")


def test_the_link_is_in_no_template(asked: OutboundMessage) -> None:
    assert list(MailTemplate.objects.values_list("subject", "body")) == [("{{ subject }}", "{{ text }}")]


def test_an_address_of_nobody_gets_nothing(db: None, client: Client) -> None:
    response = client.post(reverse("account_reset_password"), {"email": "stranger@example.com"})

    assert response.status_code == 302  # the same answer as for one of ours
    assert not OutboundMessage.objects.exists()
