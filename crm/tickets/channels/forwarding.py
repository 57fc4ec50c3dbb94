"""What a colleague forwards: who had written it, and what. As mail programs write it above what they forward."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parseaddr

from crm.correspondence.reading.mail import Attached

#: Lines that are looked at, and characters of each: no header that programs write is longer.
_LINES, _LONGEST = 400, 300

_SUBJECT = re.compile(r"\s*(fwd?|wg|tr|i|rv|enc|vb|doorst)\s*:", re.I)
_MARK = re.compile(
    r"[-_* >]{0,40}(begin forwarded message|forwarded (message|by)|weitergeleitete|message transféré|doorgestuurd"
    r"|mensaje reenviado|messaggio inoltrato|vidarebefordrat|anfang der weitergeleiteten)",
    re.I,
)
_KEYS = {
    "from": "from|von|de|da|van|från|fra|od", "date": "date|sent|datum|gesendet|envoyé|enviado|fecha|data|inviato",
    "to": "to|an|à|para|a|aan|till", "subject": "subject|betreff|objet|asunto|oggetto|onderwerp|ämne|assunto",
    "cc": "cc|kopie|copie|reply-to",
}  # fmt: skip
_NAMED = "|".join(f"(?P<{name}>{words})" for name, words in _KEYS.items())
_HEADER = re.compile(rf"[* ]{{0,3}}(?:{_NAMED})\s?:\*{{0,2}}\s?(?P<value>.*)", re.I)
_MAILTO = re.compile(r"[\[(<]mailto:([^\])>]{3,254})[\])>]", re.I)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """`above` is what the colleague wrote themselves. The address is in lower case."""

    name: str
    address: str
    subject: str
    text: str
    above: str = ""
    html: str = ""
    files: list[Attached] = field(default_factory=list)


def forwarded(subject: str, text: str) -> Forwarded | None:
    """The mail below a forwarding; None where nothing is forwarded, or nobody can tell whose it was.

    An answer may quote with the same header, so the subject or a line of the program must say that it is a forwarding.
    """
    lines = text.split("\n")[:_LINES]
    plain = [_unquoted(line)[:_LONGEST] for line in lines]
    marked = next((at for at, line in enumerate(plain) if _MARK.match(line)), None)
    if marked is None and not _SUBJECT.match(subject[:_LONGEST]):
        return None
    for at in range(marked or 0, len(plain)):
        found, end = _header(plain, at)
        name, address = parseaddr(_MAILTO.sub(r"<\1>", found.get("from", "")))
        if "@" in address and len(found) > 1:
            below = text.split("\n")[end:]
            quoted = lines[at].lstrip().startswith(">")
            said = "\n".join(_unquoted(line) for line in below) if quoted else "\n".join(below)
            return Forwarded(
                name.strip()[:120], address.strip().lower()[:254], found.get("subject", ""), said.strip(),
                _above(lines[: at if marked is None else min(marked, at)]),
            )  # fmt: skip
    return None


def _header(lines: list[str], at: int) -> tuple[dict[str, str], int]:
    """The header that begins at a line, by what its lines say, and where the text below it begins."""
    found: dict[str, str] = {}
    while at < len(lines) and (match := _HEADER.match(lines[at])):
        key = next(name for name in _KEYS if match[name])
        found.setdefault(key, match["value"].strip().strip("*").strip())
        at += 1
        # A long line goes on in the next one.
        while at < len(lines) and lines[at].startswith((" ", "\t")) and lines[at].strip():
            found[key] = f"{found[key]} {lines[at].strip()}"[:_LONGEST]
            at += 1
    return found, at


def _unquoted(line: str) -> str:
    stripped = line.lstrip()
    return stripped[1:].removeprefix(" ") if stripped.startswith(">") else line


def _above(lines: list[str]) -> str:
    """Without the rule that programs draw above what they forward."""
    while lines and not lines[-1].strip("-_=* >\t"):
        lines = lines[:-1]
    return "\n".join(lines).strip()
