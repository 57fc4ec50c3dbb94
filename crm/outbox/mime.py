"""From a message that was decided on to the bytes of a mail (RFC 5322)."""

from __future__ import annotations

import re
import secrets
from base64 import encodebytes
from binascii import b2a_qp
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from urllib.parse import quote

from django.core.files.storage import default_storage
from django.template.loader import render_to_string

from crm.outbox.formatting import as_html

#: Characters of a line that is left as it is (RFC 5322 allows 998): folding a long link would encode it, and mailboxes
#: would not read it.
_LONGEST = 900

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_NOT_PLAIN = re.compile(r"[^\t\r\n -~]")

#: Whatever anything might take for the end of a line, and all other control characters.
_BREAKS = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]+")
#: They turn around how the rest is read: a name must not show another address than the one behind it.
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along. Its bytes are read when the mail is handed over, not before."""

    name: str
    content_type: str
    stored_as: str

    def content(self) -> bytes:
        """Raises ValueError when the storage has lost it: the mail must not leave without."""
        try:
            with default_storage.open(self.stored_as) as file:
                found: bytes = file.read()
        except OSError as error:
            raise ValueError(f"The file {self.name} is missing on this server.") from error
        return found


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that a channel needs. Header values are clean: see `clean`."""

    key: str  # the message's own, the same in each attempt
    message_id: str  # with angle brackets
    from_header: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    date: datetime
    headers: dict[str, str] = field(default_factory=dict)
    files: tuple[Attachment, ...] = ()

    @property
    def from_address(self) -> str:
        return parseaddr(self.from_header)[1]

    @property
    def to_header(self) -> str:
        return mailbox(self.to_name, self.to_address)


def clean(value: str) -> str:
    """A header value without line breaks, NUL and marks of direction: the one place where injected headers end."""
    return _TURNS.sub("", _BREAKS.sub(" ", value)).strip()


@lru_cache(maxsize=2048)  # each is asked for three times, and the sender's for every letter
def mailbox(name: str, address: str) -> str:
    """`Name <address>`, quoted as RFC 5322 wants it."""
    name, address = clean(name), clean(address)
    return str(Address(display_name=name, addr_spec=address)) if name and name != address else address


def envelope(
    *, key: str, message_id: str, from_header: str, to_name: str, to_address: str, subject: str, text: str,
    date: datetime, headers: dict[str, str], formatted: bool = False, files: tuple[Attachment, ...] = (),
) -> Envelope:  # fmt: skip
    """A letter with clean header values; a `formatted` text is Markdown.

    Raises ValueError for an address that is none.
    """
    mailbox(to_name, to_address)
    html = as_html(text) if formatted else ""
    return Envelope(
        key=key,
        message_id=clean(message_id),
        from_header=clean(from_header),
        to_name=clean(to_name),
        to_address=clean(to_address),
        subject=clean(subject),
        text=text,
        html=render_to_string("mail/base.html", {"subject": clean(subject), "text": text, "html": html}),
        date=date,
        headers={clean(name): clean(value) for name, value in headers.items()},
        files=files,
    )


def build(envelope: Envelope) -> bytes:
    """The mail as it goes over the wire, 7-bit with CR LF: a text part and an HTML part that say the same, and files.

    Written by hand: the library's writer takes ten times as long, which is most of what a message costs. Raises
    ValueError for a file that is lost.
    """
    boundary = f"=_{secrets.token_hex(16)}"
    headers = {
        "Message-ID": envelope.message_id, "Date": format_datetime(envelope.date),
        "From": _header(*parseaddr(envelope.from_header)), "To": _header(envelope.to_name, envelope.to_address),
        "Subject": _words(envelope.subject), **{clean(k): _words(v) for k, v in envelope.headers.items()},
        "MIME-Version": "1.0",
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    parts = "".join(
        f"--{boundary}\r\n{_part(subtype, text)}\r\n"
        for subtype, text in (("plain", envelope.text), ("html", envelope.html))
    )
    said = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n{parts}--{boundary}--\r\n'
    if not envelope.files:
        return f"{head}{said}".encode("ascii")
    around = f"=_{secrets.token_hex(16)}"
    files = b"".join(f"--{around}\r\n".encode() + _file(one) for one in envelope.files)
    head += f'Content-Type: multipart/mixed; boundary="{around}"\r\n\r\n--{around}\r\n{said}'
    return head.encode("ascii") + files + f"--{around}--\r\n".encode()


def _header(name: str, address: str) -> str:
    """A mailbox as a header has it."""
    if name.isascii() and len(name) < _LONGEST:
        return mailbox(name, address)
    return f"{_words(clean(name))} <{clean(address)}>"


def _words(value: str) -> str:
    """A header's value; what is not ASCII, or too long for one line, as encoded words (RFC 2047)."""
    return value if value.isascii() and len(value) < _LONGEST else Header(value, "utf-8").encode(linesep="\r\n")


def _file(file: Attachment) -> bytes:
    """A part with the file in it, its name as RFC 2231 writes what is not ASCII."""
    name = clean(file.name).replace('"', "'").replace("\\", "_")
    shown = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name, safe='')}"
    head = (
        f"Content-Type: {clean(file.content_type)}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {shown}\r\n\r\n"
    )
    return head.encode("ascii") + encodebytes(file.content()).replace(b"\n", b"\r\n")


def _part(subtype: str, text: str) -> str:
    lines = _LINE_ENDS.split(text.rstrip("\n"))
    encoding, body = "7bit", "\r\n".join(lines)
    if _NOT_PLAIN.search(text) or max(map(len, lines)) > _LONGEST:
        encoding = "quoted-printable"
        body = b2a_qp(body.encode(), istext=True).decode("ascii")
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n'
