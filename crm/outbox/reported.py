"""Which of our messages somebody outside speaks of, who may say anything."""

from __future__ import annotations

from crm.outbox.models import OutboundMessage


def reported(name: str, address: str) -> OutboundMessage | None:
    """Locked. `name` is its Message-ID, with or without brackets, or the provider's own id of it.

    None: no message of ours has gone to that address under it, so that nobody can suppress others' addresses by
    reports that they make up.
    """
    rows = OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
    bare = name.strip("<>")
    if not bare:
        return None
    found = rows.filter(message_id=f"<{bare}>").first()
    found = found or rows.filter(channel=OutboundMessage.MAIL, provider_id=bare).first()
    same = found and found.to_address and found.to_address.lower() == address.lower()
    return found if same else None
