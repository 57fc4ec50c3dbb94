"""WhatsApp's Cloud API: free text for a day after the customer wrote, later only templates that Meta has approved. A
file is handed over first, and then sent by the id that it got."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from crm.outbox.channels import Accepted, Outcome, Refused, Unknown
from crm.outbox.channels.calling import Caller, form, only_file
from crm.outbox.mime import Envelope, clean
from crm.web.outgoing import Answer, NoAnswer, NotSent, call

#: Characters of a text, of what a template takes in, and of what stands beside a file.
LONGEST, LONGEST_PARAMETER, LONGEST_CAPTION = 4096, 1024, 1024
#: What is shown as a picture; all else is a document.
_PICTURES = ("image/jpeg", "image/png")
#: The header of an envelope that names the template it leaves as: “name:language”.
TEMPLATE = "template"

#: Error codes by what they say: our key is wrong; too much at once; the day is over.
_KEY = frozenset({0, 3, 10, 190, *range(200, 300)})
_TOO_MUCH = frozenset({4, 80007, 130429, 131048, 131056, 131064})
CLOSED = frozenset({"131047"})
WINDOW_IS_OVER = "WhatsApp takes free text for 24 hours after the customer's last message only."


class WhatsApp(Caller):
    name = "WhatsApp"

    def send(self, envelope: Envelope) -> Outcome:
        said, longest = _said(envelope)
        if len(envelope.text.strip()) > longest:
            return Refused(False, f"WhatsApp takes {longest:,} characters here; these are {len(envelope.text):,}.")
        if envelope.files:
            held = self._held(envelope)
            if not isinstance(held, dict):
                return held
            said = held
        # A number, or the id of somebody who hides theirs.
        to = {"to" if envelope.to_address.isdecimal() else "recipient": envelope.to_address}
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", **to, **said,
                "biz_opaque_callback_data": envelope.message_id}  # fmt: skip
        answer = self.post(f"{_url()}/messages", body, _authorised())
        if not isinstance(answer, Answer):
            return answer
        taken = answer.said.get("messages") or [{}]
        if answer.ok and taken[0].get("id"):
            return Accepted(str(taken[0]["id"]))
        return self._refused(answer)

    def _held(self, envelope: Envelope) -> dict[str, Any] | Outcome:
        """The message with its file, which WhatsApp has then. Until here nobody was written to: it may be repeated."""
        if envelope.headers.get(TEMPLATE):
            return Refused(False, f"{WINDOW_IS_OVER} A template takes no file.")
        text = envelope.text.strip()
        one = only_file(envelope, LONGEST_CAPTION, len(text), self.name)
        if isinstance(one, Refused):
            return one
        file, _ = one
        body, kind = form({"messaging_product": "whatsapp", "type": file.content_type}, "file", *one)
        answer = self.post(f"{_url()}/media", body, {"Content-Type": kind, **_authorised()})
        if not isinstance(answer, Answer):
            return Refused(True, answer.reason) if isinstance(answer, Unknown) else answer
        if not (answer.ok and answer.said.get("id")):
            refused = self._refused(answer)
            return Refused(True, refused.reason) if isinstance(refused, Unknown) else refused
        about = {"id": str(answer.said["id"])} | ({"caption": text} if text else {})
        if file.content_type in _PICTURES:
            return {"type": "image", "image": about}
        return {"type": "document", "document": about | {"filename": clean(file.name)}}

    def _refused(self, answer: Answer) -> Outcome:
        error = answer.said.get("error") or {}
        code, details = error.get("code"), (error.get("error_data") or {}).get("details")
        words = f"{details or error.get('message') or ''}"[:200]
        if 400 <= answer.status < 500:
            if code in _KEY:
                return Refused(True, f"WhatsApp does not accept WHATSAPP_TOKEN: {words}", unreachable=True)
            if code in _TOO_MUCH:
                return Refused(True, f"WhatsApp asks to wait: {words}")
            if str(code) in CLOSED:
                return Refused(False, f"{WINDOW_IS_OVER} Use a template, or answer by mail.")
        return self.failed(answer, words)

    def probe(self) -> str:
        """Which number answers, in a sentence. Raises ValueError with what is wrong."""
        try:
            answer = call("GET", f"{_url()}?fields=display_phone_number,verified_name", headers=_authorised())
        except (NotSent, NoAnswer) as error:
            raise ValueError(f"WhatsApp cannot be reached: {error}") from error
        if number := answer.said.get("display_phone_number"):
            return f"{number} ({answer.said.get('verified_name', '')}) is ours."
        said = str((answer.said.get("error") or {}).get("message", ""))[:200]
        raise ValueError(f"WhatsApp answered {answer.status}: {said or 'nothing'}")


def _said(envelope: Envelope) -> tuple[dict[str, Any], int]:
    """What the message is, and how long its text may be."""
    name, _, language = envelope.headers.get(TEMPLATE, "").partition(":")
    text = envelope.text.strip()
    if not name:
        return {"type": "text", "text": {"preview_url": False, "body": text}}, LONGEST
    # A parameter may hold no line breaks.
    parameters = [{"type": "text", "text": " ".join(text.split())}]
    template = {"name": name, "language": {"code": language or "en"}}
    return {
        "type": "template",
        "template": template | {"components": [{"type": "body", "parameters": parameters}]},
    }, LONGEST_PARAMETER


def _url() -> str:
    return f"{settings.WHATSAPP_API_URL}/{settings.WHATSAPP_PHONE_ID}"


def _authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.WHATSAPP_TOKEN}"}
