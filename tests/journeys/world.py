"""The stage of the desk's journeys: everybody's mail server, the time that passes there, and one of ours at pages."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

from django.test import Client

from crm.inbox import actions as inbox
from crm.inbox.channels import imap
from crm.outbox import actions as outbox
from crm.team.models import User
from crm.tickets.models import Ticket
from crm.web import clock
from tests.conftest import NOON
from tests.crm.inbox.test_channels import Imap
from tests.journeys.stage import AnyPort


class World:
    """The mail server of everybody: what is for us lies in a mailbox that is read by IMAP, all else with its reader."""

    def __init__(self) -> None:
        self.ours, self.theirs = Imap(), dict[str, list[EmailMessage]]()
        self.smtp = AnyPort(self, hostname="127.0.0.1", port=0)
        self.smtp.start()
        self.now = NOON

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        for to in envelope.rcpt_tos:
            if to.endswith("@crm.example"):
                self.ours.mails[len(self.ours.mails) + 1] = envelope.original_content
            else:
                self.theirs.setdefault(to, []).append(message)  # type: ignore[arg-type]
        return "250 taken"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp.port}"

    def send(self, sender: str, to: str, text: str, subject: str, **headers: str) -> None:
        mail = EmailMessage()
        named = {"From": sender, "To": to, "Subject": subject, "Message-ID": f"<{uuid4().hex}@x.example>",
                 "Date": f"{self.now:%a, %d %b %Y %H:%M:%S} +0000"}  # fmt: skip
        for name, value in (named | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            mail[name] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp.port) as client:
            client.send_message(mail)

    def pass_by(self, seconds: int = 11) -> None:
        """So much time in which all workers do their work."""
        self.now += timedelta(seconds=seconds)
        imap.look(self.now)
        while inbox.work(self.now):
            pass
        while outbox.work(self.now):
            pass
        while outbox.work_chats(self.now):
            pass

    def close(self) -> None:
        self.smtp.stop()
        self.ours.close()


class Desk:
    """One of ours at the pages of the desk, by the world's clock."""

    def __init__(self, world: World, user: User) -> None:
        self.world, self.client = world, Client()
        self.client.force_login(user)

    def shows(self, url: str) -> Any:
        with clock.travelling(self.world.now):
            return self.client.get(url)

    def does(self, ticket: Ticket, what: str, **fields: Any) -> None:
        with clock.travelling(self.world.now):
            answer = self.client.post(f"/tickets/{ticket.pk}/{what}/", fields)
        assert answer.status_code == 302

    def answers(self, ticket: Ticket, text: str, then: str = "pending") -> None:
        self.does(ticket, "messages", kind="answer", bundle=str(uuid4()), text=text, then=then)

    @property
    def figures(self) -> Any:
        return self.shows("/tickets/insight/").context["total"]
