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
#: Channels that the kind does not say already.
_SAID = frozenset({"", "phone"})


def words(kind: str, channel: str) -> str:
    """“Ticket opened (chat)”."""
    name = KINDS.get(kind, kind)
    return name if channel in _SAID or (channel == "email" and "mail" in name) else f"{name} ({channel})"
