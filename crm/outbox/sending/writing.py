"""A letter that may leave is written: facts into the template, headers, address."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from crm import slots
from crm.outbox import mime, saying, unsubscribing
from crm.outbox.channels.whatsapp import TEMPLATE
from crm.outbox.mime import Attachment, Envelope
from crm.outbox.models import OutboundMessage
from crm.outbox.sending.letters import Letter

Category = OutboundMessage.Category


def write(letter: Letter) -> Envelope:
    """Fill in the template, and keep on the message what was written. Raises TemplateError, ValueError.

    What went out before, with no answer, goes again as it was: the other side compares.
    """
    message, facts = letter.message, _facts(letter)
    if message.resend_until:
        subject, text = message.rendered_subject, message.rendered_body
    else:
        subject, text = message.worded(facts)
        text = _framed(letter, text, facts) if message.is_mail else text
    message.to_address = address_of(letter)
    origin = slots.letter_origins.get(message.origin)
    enclosed = origin.enclose(message) if origin else slots.Enclosed()
    if not message.is_mail:
        return _chat(letter, subject, text, enclosed)
    envelope = mime.envelope(
        key=message.key, message_id=_message_id(message, letter.sender.address),
        from_header=_from(letter.sender.address, enclosed.from_name),
        to_name="" if letter.redirected else str(letter.reader or ""), to_address=message.to_address, subject=subject,
        text=text, date=letter.moment, headers=_headers(letter, facts, enclosed),
        formatted=enclosed.formatted, files=tuple(Attachment(*file) for file in enclosed.files),
    )  # fmt: skip
    message.message_id, message.rendered_subject = envelope.message_id, envelope.subject
    # A way to sign in is for its reader alone: the row keeps no copy of it.
    message.rendered_body = "" if message.is_secret else text
    if letter.redirected:
        letter.seen |= {"redirected": True, "meant_for": letter.address}
    return envelope


def _chat(letter: Letter, subject: str, text: str, enclosed: slots.Enclosed) -> Envelope:
    """What is no mail has no headers of mail; the facts may name a template of the provider's that it leaves as."""
    message = letter.message
    message.message_id, message.rendered_subject = f"<{message.to_hash()}@{message.channel}>", subject
    message.rendered_body = text
    files = tuple(Attachment(*file) for file in enclosed.files)
    named = {TEMPLATE: str(message.facts["template"])} if message.facts.get("template") else {}
    return Envelope(
        key=message.key, message_id=message.message_id, from_header="", to_name=str(letter.reader or ""),
        to_address=message.to_address, subject=subject, text=text, html="", date=letter.moment, headers=named,
        files=files,
    )  # fmt: skip


def address_of(letter: Letter) -> str:
    """Where it really goes."""
    return letter.policy.redirect_to if letter.redirected else letter.address


def _framed(letter: Letter, text: str, facts: dict[str, Any]) -> str:
    """The text with the way out below it, and above it whom it was meant for if it is redirected."""
    if "unsubscribe_url" in facts and letter.careful and facts["unsubscribe_url"] not in text:
        text += f"\n--\n{_foot(letter)} {facts['unsubscribe_url']}\n"
    if not letter.redirected:
        return text
    meant_for = mime.clean(f"{letter.reader or ''} <{letter.address}>")
    return f"Redirected by Holdfast. This was meant for {meant_for}\n\n{text}"


def _foot(letter: Letter) -> str:
    """In the language of the page that it leads to."""
    spoken = saying.language_of(*(one.language for one in (letter.contact, letter.account) if one))
    return saying.WORDS[spoken]["foot"]


def _facts(letter: Letter) -> dict[str, Any]:
    facts = letter.message.known_facts()
    if letter.contact is None:
        return facts
    # Whoever tries things out must not unsubscribe a customer.
    url = unsubscribing.dead_url() if letter.redirected else unsubscribing.url_for(letter.contact.pk)
    return facts | {"unsubscribe_url": url}


def _headers(letter: Letter, facts: dict[str, Any], enclosed: slots.Enclosed) -> dict[str, str]:
    headers = {} if letter.message.category == Category.REPLY else {"Auto-Submitted": "auto-generated"}
    if letter.careful and letter.contact and not letter.redirected:
        headers["List-Unsubscribe"] = f"<{facts['unsubscribe_url']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    headers |= enclosed.headers
    if letter.redirected:  # whoever tries things out must not answer to customers
        headers.pop("Cc", None)
    return headers


def _from(sender: str, name: str) -> str:
    """The sender's address under the name of whoever wrote it."""
    return mime.mailbox(name, parseaddr(sender)[1]) if name else sender


def _message_id(message: OutboundMessage, from_header: str) -> str:
    domain = mime.clean(from_header).rstrip("> ").rpartition("@")[2] or "localhost"
    return f"<{message.to_hash()}@{domain}>"
