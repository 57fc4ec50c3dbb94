"""Instagram: answers to people who wrote to our account, for a day after their last message."""

from __future__ import annotations

from django.conf import settings

from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.channels.calling import Caller
from crm.outbox.mime import Envelope
from crm.web.outgoing import Answer, NoAnswer, NotSent, call

#: Bytes of a text in UTF-8.
LONGEST = 1000
WINDOW_IS_OVER = "Instagram takes answers for 24 hours after the customer's last message only."

#: Of errors: the day is over; our key is wrong; too much at once.
_CLOSED = frozenset({2534022, 2018278})
_KEY = frozenset({3, 10, 190, *range(200, 300)})
_TOO_MUCH = frozenset({4, 17, 32, 613, *range(80000, 80015)})


class Instagram(Caller):
    name = "Instagram"

    def send(self, envelope: Envelope) -> Outcome:
        text = envelope.text.strip()
        if envelope.files:
            return Refused(False, "Files cannot be sent by Instagram from here.")
        if len(text.encode()) > LONGEST:
            return Refused(False, f"Instagram takes {LONGEST:,} bytes; these are {len(text.encode()):,}.")
        body = {"recipient": {"id": envelope.to_address}, "message": {"text": text}}
        answer = self.post(f"{_url()}/messages", body, _authorised())
        if not isinstance(answer, Answer):
            return answer
        if answer.ok and answer.said.get("message_id"):
            return Accepted(str(answer.said["message_id"]))
        return self._refused(answer)

    def _refused(self, answer: Answer) -> Outcome:
        error = answer.said.get("error") or {}
        code, words = error.get("code"), str(error.get("message") or "")[:200]
        if 400 <= answer.status < 500:
            if error.get("error_subcode") in _CLOSED:
                return Refused(False, f"{WINDOW_IS_OVER} Answer in Instagram itself, or by mail.")
            if code in _KEY:
                return Refused(True, f"Instagram does not accept INSTAGRAM_TOKEN: {words}", unreachable=True)
            if code in _TOO_MUCH:
                return Refused(True, f"Instagram asks to wait: {words}")
        return self.failed(answer, words)

    def probe(self) -> str:
        """Which account answers, in a sentence. Raises ValueError with what is wrong."""
        try:
            answer = call("GET", f"{_url()}?fields=username", headers=_authorised())
        except (NotSent, NoAnswer) as error:
            raise ValueError(f"Instagram cannot be reached: {error}") from error
        if name := answer.said.get("username"):
            return f"@{name} is ours."
        said = str((answer.said.get("error") or {}).get("message", ""))[:200]
        raise ValueError(f"Instagram answered {answer.status}: {said or 'nothing'}")


def _url() -> str:
    return f"{settings.INSTAGRAM_API_URL}/{settings.INSTAGRAM_ACCOUNT_ID}"


def _authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.INSTAGRAM_TOKEN}"}
