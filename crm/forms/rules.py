"""What a stranger's entry is held to: how quick, how old and how much of an advertisement it is; where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

#: Nobody reads and fills in a form sooner; a page that is older is asked to be sent once more.
QUICKEST, OPEN_FOR = timedelta(seconds=3), timedelta(hours=24)
#: Links in an entry that are nothing unusual.
MOST_LINKS = 2
#: Of where somebody came from; all else is let go.
SOURCES = ("page", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_LONGEST_ADDRESS, _LONGEST_TAG = 500, 120

_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,180}(:[0-9]{1,5})?")


def untimely(made_at: datetime, now: datetime) -> str:
    """Why a page that was made then is not taken now: `quick`, `old`, or blank. Both limits are still in time."""
    if now - made_at < QUICKEST:
        return "quick"
    return "old" if now - made_at > OPEN_FOR else ""


def suspicion(texts: Iterable[str], names: Iterable[str]) -> str:
    """Why a person looks at it first; blank: nobody needs to. `names`: short answers, in which no link belongs."""
    if any(_LINK.search(name) for name in names):
        return "A short answer holds a link"
    links = sum(len(_LINK.findall(text)) for text in texts)
    return f"It holds {links} links" if links > MOST_LINKS else ""


def source_of(given: Mapping[str, str]) -> dict[str, str]:
    """What is kept of an address's parameters: page and referrer if they are addresses, and tags of a campaign."""
    found = {}
    for name in SOURCES:
        value = "".join(filter(str.isprintable, given.get(name, ""))).strip()
        if name in ("page", "referrer") and not origin_of(value):
            continue
        if value:
            found[name] = value[: _LONGEST_TAG if name.startswith("utm_") else _LONGEST_ADDRESS]
    return found


def origin_of(url: str) -> str:
    """Scheme, host and port of an address of the web, in lower case; blank for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = f"{parts.scheme}://{parts.netloc}".lower()
    return plain if _ORIGIN.fullmatch(plain) else ""


def version_of(text: str) -> str:
    """Which words on consent they are: the same words, the same version, whoever wrote them anew."""
    return sha256(text.encode()).hexdigest()[:8] if text else ""


def parts_of(name: str) -> tuple[str, str]:
    """First and last name of a full one: the last word is the last name."""
    first, _, last = " ".join(name.split()).rpartition(" ")
    return (first, last) if first else (last, "")


def same(one: str, other: str) -> bool:
    """Whether two answers say the same, however they are written."""
    plain = ["".join(filter(str.isalnum, text)).casefold() for text in (one, other)]
    return plain[0] == plain[1]
