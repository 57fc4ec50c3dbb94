"""What counts as a touch before a sale: what somebody of theirs or of ours said to the other."""

from __future__ import annotations

from collections.abc import Mapping

#: Kinds of the timeline, in words.
KINDS: Mapping[str, str] = {
    "call.logged": "Call", "meeting.logged": "Meeting", "interview.logged": "Interview",
    "email.sent": "E-mail to them", "mail.sent": "E-mail to them, by hand", "email.received": "E-mail from them",
    "mail.received": "E-mail from them", "message.received": "Message from them", "form.submitted": "Form filled in",
    "ticket.opened": "Ticket opened", "ticket.received": "They wrote in a ticket",
    "ticket.replied": "We answered a ticket", "ticket.rated": "They rated an answer",
}  # fmt: skip
#: Channels that the kind does not say already, as the end of its words.
_CHANNELS: Mapping[str, str] = {
    "email": "by e-mail", "form": "through a form", "chat": "by chat", "telegram": "on Telegram",
    "whatsapp": "on WhatsApp", "instagram": "on Instagram", "bridge": "through a bridge", "api": "through the API",
}  # fmt: skip
_SAID = frozenset({"", "phone"})


def words(kind: str, channel: str) -> str:
    """“Ticket opened by chat”."""
    name = KINDS.get(kind, kind)
    if channel in _SAID or (channel == "email" and "mail" in name) or (channel == "form" and kind == "form.submitted"):
        return name
    return f"{name} {_CHANNELS.get(channel, f'({channel})')}"
