"""Bridges of one's own: what is sent goes to their URL as a signed webhook, under an id that stays the same."""

from __future__ import annotations

import json
from datetime import timedelta

from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.channels.calling import Caller
from crm.outbox.mime import Envelope
from crm.web import clock
from crm.web.bridges import Bridge, bridges, signed
from crm.web.outgoing import Answer

#: Characters of a text.
LONGEST = 20_000


class Bridges(Caller):
    """All of them: a handle begins with the name of its bridge."""

    name = "The bridge"
    #: Standard Webhooks asks receivers to know an id again.
    idempotent_for = timedelta(hours=24)

    def send(self, envelope: Envelope) -> Outcome:
        name, _, handle = envelope.to_address.partition(":")
        bridge = bridges().get(name)
        if bridge is None or not bridge.url:
            return Refused(False, f"BRIDGES names no bridge {name or 'of that name'} that takes what is sent.")
        if envelope.files:
            return Refused(False, "Files cannot be sent by a bridge.")
        key = envelope.message_id.strip("<>").partition("@")[0]
        data = {"id": key, "to": handle, "subject": envelope.subject, "text": envelope.text.strip()}
        answer = self._post(bridge, key, "message.send", data)
        if not isinstance(answer, Answer):
            return answer
        return Accepted(key) if answer.ok else self.failed(answer, answer.body[:200].decode("utf-8", "replace"))

    def _post(self, bridge: Bridge, key: str, kind: str, data: dict[str, str]) -> Answer | Outcome:
        now = clock.now()
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()
        return self.post(bridge.url, body, signed(bridge.secrets[0], key, now, body))

    def probe(self) -> str:
        """Whether each takes a ping, in a sentence. Raises ValueError with what is wrong."""
        taking = [bridge for bridge in bridges().values() if bridge.url]
        for bridge in taking:
            answer = self._post(bridge, f"ping-{clock.now():%Y%m%d%H%M%S%f}", "ping", {})
            if not isinstance(answer, Answer):
                raise ValueError(f"{bridge.name}: {getattr(answer, 'reason', '')}")
            if not answer.ok:
                raise ValueError(f"{bridge.name} answered {answer.status} to a ping.")
        return f"{', '.join(bridge.name for bridge in taking)} took a ping." if taking else "No bridge takes anything."
