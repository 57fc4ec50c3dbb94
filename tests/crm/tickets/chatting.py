"""Sofia in a chat, the answers she gets, and the time in which they leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from crm.outbox.actions import work_chats
from crm.team.models import User
from crm.tickets.actions.answering import Written, write
from crm.tickets.models import Ticket, TicketMessage
from crm.web import clock
from tests.conftest import NOON
from tests.crm.inbox.chats import from_meta, from_telegram, update, wa_text, whatsapp, work

TICK = timedelta(seconds=1)


def says(text: str = "The export stops.", number: int = 1, at: Any = NOON, **fields: Any) -> None:
    """Sofia, on Telegram."""
    with clock.travelling(at):
        from_telegram(update(number, text, date=int(at.timestamp()), **fields))
        work()


def writes(text: str = "The export stops.", key: str = "wamid.1", at: Any = NOON) -> None:
    """Sofia, on WhatsApp."""
    with clock.travelling(at):
        from_meta("whatsapp", whatsapp(wa_text(key, text, timestamp=str(int(at.timestamp())))))
        work()


def answer(ticket: Ticket, sam: User, text: str = "It is lifted.", at: Any = NOON, **more: Any) -> TicketMessage:
    return write(ticket, Written(uuid4(), text, **more), sam, at)


def leave(at: Any) -> None:
    with clock.travelling(at):
        while work_chats(at):
            pass
