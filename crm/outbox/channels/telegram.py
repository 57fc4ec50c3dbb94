"""Telegram: one call is one message, with at most one file. It knows no message again, so a lost answer stays open."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings

from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.channels.calling import Caller, rest
from crm.outbox.mime import Attachment, Envelope, clean
from crm.web.outgoing import Answer, NoAnswer, NotSent, call

#: As Telegram counts: in UTF-16, so that most smileys are two.
LONGEST, LONGEST_CAPTION = 4096, 1024
#: Bytes of a file: what goes through within the time that a call may take.
LARGEST_FILE = 5 * 1024 * 1024


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Telegram(Caller):
    name = "Telegram"

    def send(self, envelope: Envelope) -> Outcome:
        if envelope.files:
            return self._send_file(envelope)
        text = envelope.text.strip()
        if length(text) > LONGEST:
            return Refused(False, f"Telegram takes {LONGEST:,} characters; these are {length(text):,}.")
        return self._outcome(self.post(_url("sendMessage"), {"chat_id": envelope.to_address, "text": text}))

    def _send_file(self, envelope: Envelope) -> Outcome:
        file, text = envelope.files[0], envelope.text.strip()
        if len(envelope.files) > 1 or length(text) > LONGEST_CAPTION:
            return Refused(False, f"Telegram takes one file with up to {LONGEST_CAPTION:,} characters beside it.")
        try:
            content = file.content()
        except ValueError as error:
            return Refused(False, str(error))
        if len(content) > LARGEST_FILE:
            return Refused(False, f"{file.name} is larger than {LARGEST_FILE // 1024**2} MB.")
        body, kind = _form({"chat_id": envelope.to_address, "caption": text}, file, content)
        return self._outcome(self.post(_url("sendDocument"), body, {"Content-Type": kind}))

    def _outcome(self, answer: Answer | Outcome) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        said = answer.said
        if answer.ok and said.get("ok") is True:
            return Accepted(str(said.get("result", {}).get("message_id", "")))
        words = str(said.get("description") or "")[:200]
        match answer.status:
            case 401 | 404:
                return Refused(True, "Telegram does not know the bot: TELEGRAM_TOKEN is another.", unreachable=True)
            case 403:
                return Refused(False, f"Telegram delivers nothing to them: {words}", bounced=True)
            case 429:
                asked = rest((said.get("parameters") or {}).get("retry_after"))
                return Refused(True, f"Telegram asks to wait: {words}", rest=asked)
        return self.failed(answer, words)

    def probe(self) -> str:
        """Who the bot is, in a sentence. Raises ValueError with what is wrong."""
        try:
            me = call("GET", _url("getMe")).said
            hook = call("GET", _url("getWebhookInfo")).said
        except (NotSent, NoAnswer) as error:
            raise ValueError(f"Telegram cannot be reached: {error}") from error
        if not me.get("ok"):
            raise ValueError("Telegram does not know the bot: TELEGRAM_TOKEN is another.")
        known = hook.get("result", {})
        if known.get("url") != f"{settings.BASE_URL}/hooks/telegram/":
            raise ValueError("The bot answers, but it posts what people write elsewhere. Call setWebhook as shown.")
        if trouble := known.get("last_error_message"):
            raise ValueError(f"The bot answers, but could not post what people wrote: {str(trouble)[:200]}")
        return f"@{me['result'].get('username', 'the bot')} is ours."


def _url(method: str) -> str:
    return f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_TOKEN}/{method}"


def _form(fields: dict[str, str], file: Attachment, content: bytes) -> tuple[bytes, str]:
    """multipart/form-data (RFC 7578), and its content type."""
    boundary = secrets.token_hex(16)
    name = clean(file.name).replace('"', "'").replace("\\", "_")
    parts: list[Any] = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="document"; filename="{name}"\r\nContent-Type: {file.content_type}'
    parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
