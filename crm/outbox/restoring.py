"""After a restore: what the installation did after its backup, nobody here knows."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.outbox import policy
from crm.outbox.models import OutboundMessage
from crm.outbox.sending.mark import doubt

#: Messages in one transaction.
_SLICE = 500
_OPEN = (OutboundMessage.State.DUE, OutboundMessage.State.CLAIMED, OutboundMessage.State.SENDING)


def hold_and_doubt(taken: str, now: datetime) -> int:
    """Hold all mail, and take each message that was due by now for uncertain: it may have left after the backup.

    A person says of each whether it did. Returns how many there are. Nothing else may run meanwhile.
    """
    policy.hold(f"Restored from a backup of {taken}: look at the uncertain mail, then let mail go live.")
    reason = f"This installation was restored from a backup of {taken}; the message may have left after that."
    doubted = 0
    while slice_ := _slice(now):
        with transaction.atomic():
            for message in slice_:
                doubt(message, reason, now)
        doubted += len(slice_)
    return doubted


def _slice(now: datetime) -> list[OutboundMessage]:
    rows = OutboundMessage.objects.filter(state__in=_OPEN, due_at__lte=now).select_related("contact")
    return list(rows.order_by("due_at", "id")[:_SLICE])
