"""A person as a vCard (RFC 6350), which address books on phones and computers take. Arithmetic of texts."""

from __future__ import annotations

from datetime import UTC, date, datetime

from crm.accounts.rules import YEAR_UNKNOWN

#: Octets of a line, its end not counted; what is longer is folded.
_LINE = 75


def escaped(text: str) -> str:
    """A text as a value, or as a part of one: what would end it stands behind a backslash."""
    for mark in ("\\", ",", ";"):
        text = text.replace(mark, f"\\{mark}")
    return "\\n".join(text.replace("\0", "").splitlines())


def folded(line: str) -> str:
    """Lines of at most 75 octets, each but the first behind a blank; no character is torn apart."""
    lines, width = [""], 0
    for char in line:
        size = len(char.encode())
        if width + size > _LINE:
            lines.append(" ")
            width = 1
        lines[-1] += char
        width += size
    return "\r\n".join(lines)


def _day(birthday: date | None) -> str:
    """Without the year where nobody knows it."""
    if birthday is None:
        return ""
    return f"--{birthday:%m%d}" if birthday.year == YEAR_UNKNOWN else f"{birthday:%Y%m%d}"


def card(
    *, first_name: str, last_name: str, name: str, organisation: str, title: str, email: str, phone: str,
    birthday: date | None, language: str, zone: str, url: str, changed_at: datetime,
) -> str:  # fmt: skip
    """The whole card; what is blank is left out. `url` is the person's page, and what tells the card from others."""
    values = {
        "FN": escaped(name), "N": f"{escaped(last_name)};{escaped(first_name)};;;" if first_name or last_name else "",
        "ORG": escaped(organisation), "TITLE": escaped(title), "EMAIL;TYPE=work": escaped(email),
        "TEL;TYPE=work": escaped(phone), "BDAY": _day(birthday), "LANG": escaped(language),
        "TZ": escaped(zone), "URL": url, "UID": url, "REV": f"{changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
    }  # fmt: skip
    lines = ["BEGIN:VCARD", "VERSION:4.0", *(f"{key}:{value}" for key, value in values.items() if value), "END:VCARD"]
    return "".join(f"{folded(line)}\r\n" for line in lines)
