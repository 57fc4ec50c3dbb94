"""From a message that was decided on to the bytes of a mail (RFC 5322)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from django.template.loader import render_to_string

#: A header is folded at 990 characters only: folding a long link would encode it, and mailboxes would not read it.
#: 7-bit text passes every server.
_POLICY = SMTP.clone(max_line_length=990, cte_type="7bit")

_BREAKS = re.compile(r"[\r\n\0]+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that a channel needs. Header values are clean: see `clean`."""

    message_id: str  # with angle brackets
    from_header: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    date: datetime
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def from_address(self) -> str:
        return parseaddr(self.from_header)[1]

    @property
    def to_header(self) -> str:
        return mailbox(self.to_name, self.to_address)


def clean(value: str) -> str:
    """A header value without line breaks and NUL: the one place where injected headers end."""
    return _BREAKS.sub(" ", value).strip()


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, quoted as RFC 5322 wants it."""
    name, address = clean(name), clean(address)
    return str(Address(display_name=name, addr_spec=address)) if name and name != address else address


def envelope(
    *, message_id: str, from_header: str, to_name: str, to_address: str, subject: str, text: str, date: datetime,
    headers: dict[str, str],
) -> Envelope:  # fmt: skip
    """A letter with clean header values. Raises ValueError for an address that is none."""
    mailbox(to_name, to_address)
    return Envelope(
        message_id=clean(message_id),
        from_header=clean(from_header),
        to_name=clean(to_name),
        to_address=clean(to_address),
        subject=clean(subject),
        text=text,
        html=render_to_string("mail/base.html", {"subject": clean(subject), "text": text}),
        date=date,
        headers={clean(name): clean(value) for name, value in headers.items()},
    )


def build(envelope: Envelope) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["Message-ID"] = envelope.message_id
    message["Date"] = format_datetime(envelope.date)
    message["From"] = envelope.from_header
    message["To"] = envelope.to_header
    message["Subject"] = envelope.subject
    for name, value in envelope.headers.items():
        message[name] = value
    message.set_content(envelope.text)
    message.add_alternative(envelope.html, subtype="html")
    return message
