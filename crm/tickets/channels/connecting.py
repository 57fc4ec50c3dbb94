"""Chats and bridges on the page of integrations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crm import slots
from crm.inbox.channels import bridge
from crm.inbox.connecting import came
from crm.outbox.channels import chats
from crm.outbox.models import CHATS
from crm.slots import Connection, Traffic
from crm.tickets.channels.standing import hears
from crm.tickets.models import Ticket
from crm.web.bridges import bridges

_HINTS = {
    "telegram": "Customers write to your bot", "whatsapp": "Customers write to your number",
    "instagram": "Messages and comments of your account", "bridge": "Networks that your own programs bring here",
}  # fmt: skip


def _says(channel: str, seen: Traffic) -> Connection:
    takes, sends = hears(channel), chats.WAYS[channel].is_set_up()
    if not (takes or sends):
        return Connection("Not set up")
    if seen.trouble or not (takes and sends):
        words = "Has failures" if seen.trouble else "Cannot answer" if takes else "Hears nothing"
        return Connection(words, "warn")
    return Connection(", ".join(sorted(bridges())) if channel == "bridge" else "Set up", "good")


def _look(channel: str) -> Callable[..., object]:
    if channel == "bridge":
        return lambda now: came("source LIKE %s", f"{bridge.source('')}%")
    return lambda now: came("source = %s", channel)


def register_integrations() -> None:
    for order, channel in enumerate(CHATS):
        slots.integrations.register(
            channel,
            slots.Integration(
                CHATS[channel], _HINTS[channel], Ticket.ICONS[channel], "channels:list", _look(channel),  # type: ignore[arg-type]
                partial(_says, channel), test=("channels:test", channel),
                can_be_tested=chats.WAYS[channel].is_set_up, order=20 + order,
            ),
        )  # fmt: skip
