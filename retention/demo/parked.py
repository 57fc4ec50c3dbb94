"""Something that came in and could not be read, so that its page can be understood: a bridge's webhook, cut off."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm import slots
from crm.inbox import rules
from crm.inbox.channels import bridge
from crm.inbox.models import InboundPayload

_AGO = timedelta(hours=3)
_BODY = b'{"type": "message.received", "data": {"id": "urn:li:msg:7", "text": "Is the export back", "from": {"na'


def tell(now: datetime) -> None:
    """With the error that its handler gives."""
    payload = InboundPayload(
        source=bridge.source("linkedin"), kind=bridge.KIND, external_key="hook:msg_cut_off", body=_BODY,
        headers={"webhook-id": "msg_cut_off"}, size=len(_BODY), received_at=now - _AGO, due_at=now - _AGO,
        state=InboundPayload.State.FAILED, tries=rules.MAX_TRIES,
    )  # fmt: skip
    try:
        slots.inbox_handlers[payload.kind](payload.arrived, now)
    except ValueError as error:
        payload.error = f"{type(error).__name__}: {error}"
    payload.save()
