"""What DNS records must say so that mail of ours is believed. Texts in, judgements out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parseaddr

#: Names under which DKIM keys usually lie, when nobody has said which.
SELECTORS = (
    "default",
    "google",
    "selector1",
    "selector2",
    "k1",
    "s1",
    "mail",
    "dkim",
    "smtp",
    "pm",
    "mandrill",
    "scph",
)

#: What each record is for, as people read it.
RECORDS = {
    "spf": ("SPF", "says which servers may send mail of your domain"),
    "dkim": ("DKIM", "is the key with which your letters are signed"),
    "dmarc": ("DMARC", "says what receivers do with letters that are neither"),
}


def domain_of(address: str) -> str:
    """Of “Name <a@example.com>”; blank if there is none that the DNS could know."""
    _, plain = parseaddr(address)
    domain = plain.rpartition("@")[2].strip(".").lower()
    return domain if re.fullmatch(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+", domain) else ""


def spf_in(texts: Iterable[str]) -> str:
    """The SPF record among the texts of the domain; blank for none, or for several, which counts as none (RFC 7208)."""
    found = [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
    return found[0] if len(found) == 1 else ""


def dmarc_in(texts: Iterable[str]) -> str:
    """The DMARC record among the texts of `_dmarc.<domain>`; it must name a policy (RFC 7489)."""
    found = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*;", text)]
    return found[0] if len(found) == 1 and re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", found[0]) else ""


def dkim_in(texts: Iterable[str]) -> str:
    """A key among the texts of `<selector>._domainkey.<domain>`; one whose key is empty has been revoked (RFC 6376)."""
    return next((text for text in texts if re.search(r"(^|;)\s*p\s*=\s*[A-Za-z0-9+/]", text)), "")
