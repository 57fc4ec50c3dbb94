"""What people decide in the engine room about several messages at once: uncertain ones, and those that failed."""

from __future__ import annotations

from functools import partial

from django.urls import reverse

from crm.outbox import settling
from crm.outbox.models import OutboundMessage
from crm.slots import Finder, Repair, Trouble, Verb, one_by_one

_each = partial(one_by_one, impossible=settling.NotPossible)


def _find(state: str) -> Finder:
    def find(limit: int, below: int | None = None) -> list[Trouble]:
        rows = OutboundMessage.objects.filter(state=state).for_list().order_by("-id")
        return [
            Trouble(
                row.pk, row.title, reverse("outbox:detail", args=[row.pk]), row.reason,
                row.settled_at or row.sending_at, f"to {row.reader or 'nobody'}",
            )
            for row in (rows.filter(pk__lt=below) if below else rows)[:limit]
        ]  # fmt: skip

    return find


UNCERTAIN = Repair(
    "Uncertain mail", "Handed over, but nobody knows whether it was taken. Ask the mail server or the reader.",
    "uncertain", "outbox", _find(OutboundMessage.State.UNCERTAIN),
    {
        "sent": Verb(
            "It did leave", "Counted as sent", _each(settling.settle_as_sent), tone="primary",
            asks="It counts as sent and is not sent again. If it did not leave after all, its reader never gets it.",
        ),
        "again": Verb(
            "Send once more", "Queued again", _each(settling.resend),
            asks="Whoever did get it gets it a second time. What has been sent cannot be called back.",
        ),
    },
    order=10,
)  # fmt: skip

FAILED = Repair(
    "Failed mail", "Refused for good, or given up. Mend the cause first: what is tried again has five attempts.",
    "failed", "outbox", _find(OutboundMessage.State.FAILED),
    {
        "again": Verb("Try again", "Tried again", _each(settling.requeue), tone="primary"),
        "discard": Verb("Discard", "Discarded", _each(settling.dismiss), undo="restore", tone="danger"),
        "restore": Verb("Restore", "Restored", _each(settling.restore), offered=False),
    },
    order=20,
)  # fmt: skip
