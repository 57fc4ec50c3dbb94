"""What chats give to others: handlers of what comes in, ways back, a part of a person's page, and their settings."""

from __future__ import annotations

from crm import slots
from crm.inbox.channels.chat import MEDIUM, MESSAGE, RECEIPT
from crm.outbox.models import CHATS
from crm.tickets.channels import chat, chat_ways, handles, media
from crm.tickets.channels.connecting import register_integrations
from crm.tickets.delivering import ways


def register_chats() -> None:
    register_integrations()
    for channel in CHATS:
        ways.register(channel, chat_ways.way(channel))
    slots.inbox_handlers.register(MESSAGE, chat.receive)
    slots.inbox_handlers.register(RECEIPT, chat.receipt)
    slots.inbox_handlers.register(MEDIUM, media.receive)
    slots.inbox_fetchers.register(MEDIUM, media.fetch)
    slots.send_guards.register("chat window", chat_ways.guard)
    slots.contact_panels.register("chats", slots.Panel("crm/tickets/channels/panel.html", handles.panel, 25))
    slots.settings_pages.register(
        "channels",
        slots.SettingsPage(
            "Channels", "Telegram, WhatsApp, Instagram, bridges: what is set up, and how", "messages-square",
            "channels:list", "Support", 30, keywords="chat telegram whatsapp instagram linkedin bridge webhook bot",
        ),
    )  # fmt: skip
