"""What was decided about a message, kept for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.outbox.models import Decision, OutboundMessage
from crm.outbox.rules import MAX_ATTEMPTS


def decision(
    message: OutboundMessage, verdict: str, at: datetime, guard: str, reason: str, facts: Mapping[str, Any],
    by_id: int | None = None,
) -> Decision:  # fmt: skip
    """A decision that is not saved yet, with the facts as JSON."""
    return Decision(
        message_id=message.pk, verdict=verdict, at=at, guard=guard, reason=reason[:300], facts=as_json(facts),
        by_id=by_id,
    )  # fmt: skip


def note(
    message: OutboundMessage, verdict: str, at: datetime, guard: str, reason: str, facts: Mapping[str, Any],
    by_id: int | None = None,
) -> None:  # fmt: skip
    """Keep a decision."""
    decision(message, verdict, at, guard, reason, facts, by_id).save()


def as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    """Also what stands inside: what another room's guard saw is kept within what was asked."""
    if isinstance(value, Mapping):
        return as_json(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def requeued(message: OutboundMessage) -> None:
    """As many attempts again as a new message has; the count itself never goes back."""
    message.attempts_limit = message.attempts + MAX_ATTEMPTS
