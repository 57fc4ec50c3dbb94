"""Who agreed to mail, and who refused it: each word of it, when and how it was said, as the timeline keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from crm.accounts.models import Contact
from crm.team.permissions import allows
from crm.timeline.models import TimelineEntry

#: Kinds of entries that are about consent. Entries are never changed, so the history is append-only.
KINDS = ("contact.consent_changed", "email.unsubscribed", "email.resubscribed")
#: So many are shown on a person's page; an export has all.
SHOWN = 20

_HOW = {"person": "noted by hand", "customer": "by themselves", "automatic": "automatically", "import": "by an import"}
_CHANNELS = {"email": "through the link in a mail", "api": "through the API", "form": "on a public form"}


@dataclass(frozen=True)
class Word:
    """One thing that was said about consent."""

    at: datetime
    text: str
    how: str
    by: str  # one of ours; blank: nobody


def history(contact: Contact, limit: int | None = None) -> list[Word]:
    """All that was said, the latest first."""
    entries = TimelineEntry.objects.filter(contact=contact, kind__in=KINDS).select_related("actor")
    return [
        Word(entry.occurred_at, entry.text, _CHANNELS.get(entry.channel) or _HOW.get(entry.source, ""),
             str(entry.actor or ""))
        for entry in entries.order_by("-occurred_at", "-id")[:limit]
    ]  # fmt: skip


def panel(contact: Any, request: HttpRequest) -> dict[str, Any]:
    """What a person's page says: how it stands, and the last words."""
    words = history(contact, SHOWN)
    may = {"may_merge": allows(request.user, "merge"), "may_export": allows(request.user, "export")}
    return {"words": words, "contact": contact, **may}
