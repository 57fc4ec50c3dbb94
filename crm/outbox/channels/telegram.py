"""Telegram: one call is one message, with at most one file. It knows no message again, so a lost answer stays open."""

from __future__ import annotations

from django.conf import settings

from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.channels.calling import Caller, form, only_file, rest
from crm.outbox.mime import Envelope
from crm.web.outgoing import Answer, NoAnswer, NotSent, call

#: As Telegram counts: in UTF-16, so that most smileys are two.
LONGEST, LONGEST_CAPTION = 4096, 1024


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
        text = envelope.text.strip()
        held = only_file(envelope, LONGEST_CAPTION, length(text), self.name)
        if isinstance(held, Refused):
            return held
        body, kind = form({"chat_id": envelope.to_address, "caption": text}, "document", *held)
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
