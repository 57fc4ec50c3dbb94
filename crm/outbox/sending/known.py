"""All that is known of a message when it is decided whether it leaves, as plain values: what the guards ask.

It is kept with each decision, so that anybody can ask the same guards again later and get the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any, Self

from crm.outbox.models import MailPolicy, OutboundMessage

#: Classes that obey consent, pauses, cap and quiet hours.
CAREFUL = frozenset({OutboundMessage.Category.SERVICE, OutboundMessage.Category.MARKETING})


@dataclass(frozen=True, slots=True)
class Known:
    moment: datetime
    category: str
    due_at: datetime
    planned_for: datetime
    expires_at: datetime | None = None
    waited_for: str = ""  # what moved it last, in words
    mode: str = MailPolicy.Mode.LIVE
    mode_reason: str = ""
    is_test: bool = False
    redirected_chat: str = ""  # the name of its channel, if everything goes to one address and it is no mail
    reader: str = ""  # by name; blank: nobody on record reads it
    is_contact: bool = False
    address: str = ""
    closed: bool = False  # its reader is one of ours, and has left
    suppressed: str | None = None  # why the address gets nothing
    marked: str = ""  # who is marked “do not contact”
    consent: str = ""
    stopped: str = ""  # the switch that is thrown
    stopped_because: str = ""
    paused_until: datetime | None = None
    paused_because: str = ""
    wants_pause_until: datetime | None = None
    refused_topic: str = ""  # the message is about it, and its reader wants to read nothing about that
    topic: str = ""  # what that is called
    got: Sequence[datetime] = ()  # when the reader got other mail that the caps count, the newest first
    caps: Sequence[Sequence[int]] = ()  # so many in so many days: the house's, and what the reader chose
    zone: str = "UTC"
    quiet_from: time = time(0)
    quiet_to: time = time(0)

    @property
    def careful(self) -> bool:
        return self.category in CAREFUL

    @property
    def capped(self) -> bool:
        """The cap is asked before it leaves."""
        return self.careful and self.is_contact

    def kept(self) -> dict[str, Any]:
        """As JSON, without what is as it usually is."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: _plain(value) for name, (value, usual) in values.items() if value != usual}

    @classmethod
    def revived(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept; whatever a later release has added is as usual."""
        values = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        for name in _MOMENTS & set(values):
            values[name] = datetime.fromisoformat(values[name])
        for name in _TIMES & set(values):
            values[name] = time.fromisoformat(values[name])
        if "got" in values:
            values["got"] = [datetime.fromisoformat(at) for at in values["got"]]
        return cls(**values)


_MOMENTS = {"moment", "due_at", "planned_for", "expires_at", "paused_until", "wants_pause_until"}
_TIMES = {"quiet_from", "quiet_to"}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | time):
        return value.isoformat()
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
