"""Asking the DNS what it says about the domain that mail leaves from. Bounded: nobody waits longer than SECONDS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import dns.exception
import dns.resolver

from crm.settings import rules
from crm.settings.models import DomainLook

#: For each question, and since all are asked at once, for the whole.
SECONDS = 3.0
_WIDTH = 300  # what is kept of a record


class NoAnswer(Exception):
    """Nobody knows; says why."""


def look_up(domain: str, selector: str, now: datetime) -> DomainLook:
    """Ask, and keep the answers. What could not be asked is kept as that, and never as “there is none”."""
    keys = [selector] if selector else rules.SELECTORS
    names = {
        "spf": [domain],
        "dmarc": [f"_dmarc.{domain}"],
        "dkim": [f"{key}._domainkey.{domain}" for key in keys],
    }
    reads = {"spf": rules.spf_in, "dmarc": rules.dmarc_in, "dkim": rules.dkim_in}
    everything = [name for several in names.values() for name in several]
    with ThreadPoolExecutor(max_workers=len(everything)) as pool:
        answers = dict(zip(everything, pool.map(_asked, everything), strict=True))
    found, problems = {}, {}
    for record, read in reads.items():
        given = [answers[name] for name in names[record]]
        known = (read(texts) for texts in given if isinstance(texts, list))
        found[record] = next(filter(None, known), "")[:_WIDTH]
        unknown = [str(answer) for answer in given if isinstance(answer, NoAnswer)]
        if not found[record] and unknown:
            problems[record] = unknown[0]
    look, _ = DomainLook.objects.update_or_create(
        domain=domain, defaults={**found, "problems": problems, "looked_at": now}
    )
    return look


def _asked(name: str) -> list[str] | NoAnswer:
    try:
        return texts_of(name)
    except NoAnswer as error:
        return error


def texts_of(name: str) -> list[str]:
    """The TXT records of a name; none if there is no such name. Raises NoAnswer."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout as error:
        raise NoAnswer(f"no answer within {SECONDS:g} seconds") from error
    except (dns.exception.DNSException, OSError) as error:
        raise NoAnswer("no name server could be asked from here") from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
