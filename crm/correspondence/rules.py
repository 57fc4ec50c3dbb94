"""Addresses with a token behind a plus, who a mail is between, and how subjects answer one another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

#: So long what was written can be called back.
UNDO_FOR = timedelta(seconds=10)
#: Mail that says it is older starts nothing: a mailbox that is read for the first time holds years of it.
NEWS_FOR = timedelta(days=3)
#: Readers of one letter, and characters of what the timeline shows of a mail.
MOST_READERS, SHOWN = 10, 1500
LONGEST_TEXT = 18_000

#: In mail that we write by ourselves: by it we know it again, whatever became of its Message-ID.
LOOP_HEADER = "X-Holdfast-Loop"

_TOKEN = re.compile(r"([uts])([0-9a-f]{20,40})")
_ANSWERS = re.compile(r"^\s*(re|aw|antw|sv|vs|tr|fwd?|wg)\s*(\[\d{1,3}\])?\s*:\s*", re.I)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What stands behind the plus of our own address: whose copies (u…), which conversation (t…), which ticket (s…)."""

    users: list[str]
    threads: list[str]
    tickets: list[str]


def with_token(address: str, kind: str, token: str) -> str:
    """inbox+u<token>@example.com; `kind` is u, t or s."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{kind}{token}@{domain}"


def tokens_in(addresses: Iterable[str], own: str) -> Tokens:
    """Those of our own address among these, which are in lower case."""
    local, _, domain = own.lower().rpartition("@")
    found: dict[str, list[str]] = {"u": [], "t": [], "s": []}
    for address in addresses if local else ():
        before, _, at = address.rpartition("@")
        if at == domain and before.startswith(f"{local}+") and (token := _TOKEN.fullmatch(before[len(local) + 1 :])):
            found[token[1]].append(token[2])
    return Tokens(found["u"], found["t"], found["s"])


def is_own(address: str, own: str) -> bool:
    """Whether it is the installation's own address, with or without a token."""
    local, _, domain = own.lower().rpartition("@")
    before, _, at = address.lower().rpartition("@")
    return bool(local) and at == domain and (before == local or before.startswith(f"{local}+"))


def bare(subject: str) -> str:
    """Without Re: and the like, as often as they stand there."""
    while match := _ANSWERS.match(subject[:300]):
        subject = subject[match.end() :]
    return subject.strip()


def answer_to(subject: str) -> str:
    return f"Re: {bare(subject)}".strip()


def shown(text: str) -> str:
    """What the timeline shows of a text: its beginning, ended at a word."""
    if len(text) <= SHOWN:
        return text.strip()
    cut = text[:SHOWN]
    return f"{cut[: max(cut.rfind(' '), SHOWN // 2)].rstrip()} …"


def quoted(text: str, who: str, when: str) -> str:
    """A text as one answers to it."""
    lines = "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n")[:200])
    return f"On {when} {who} wrote:\n{lines}"
