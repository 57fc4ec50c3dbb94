"""A letter of one of ours to themselves, which shows that mail leaves and arrives, also while all else is on hold.

Whoever sets the place up has to see it before going live. Whatever stops everything stops this too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from crm.outbox import stopping
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.slots import Explanation
from crm.team.models import User


def write_to_oneself(
    user: User, key: str, text: tuple[str, str], now: datetime, facts: Mapping[str, Any], sender: Sender | None = None
) -> int:
    """Plan it, subject and body being templates; returns its id. A known key keeps its old one."""
    draft = Draft(
        key, OutboundMessage.Category.TRANSACTIONAL, template(*text), now, user_id=user.pk, facts=facts,
        sender_id=sender.pk if sender else None, origin=OutboundMessage.TEST, origin_id=user.pk,
    )  # fmt: skip
    return enqueue([draft], now=now)[key]


def outlook(user: User, sender: str = Sender.DEFAULT) -> str:
    """What becomes of such a letter, as a sentence: where it goes, or why it waits."""
    stops = stopping.now_thrown()
    if why := stops.against_test(sender):
        return f"It waits. {why}"
    if stops.mode == MailPolicy.Mode.REDIRECT:
        return f"It leaves within seconds. {stops.mode_reason}"
    if stops.mode == MailPolicy.Mode.HOLD:
        return f"It goes to {user.email} within seconds, though other mail is on hold: nobody else gets it."
    return f"It goes to {user.email} within seconds."


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why it exists; each origin is the user who asked for it."""
    lines = [
        ("Asked for by", "its reader, to see whether mail leaves and arrives"),
        ("While mail is on hold", "it leaves all the same, since nobody else gets it"),
    ]
    return {pk: Explanation("A letter to oneself", reverse("senders:list"), lines) for pk in ids}
