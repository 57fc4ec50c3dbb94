"""Why something that was said is not in the ledger yet."""

from __future__ import annotations


class Waits(Exception):
    """Something else has to come first, or a person has to decide; the message says what, for people."""


class NoRate(ValueError):
    """A currency is worth nobody knows what: the payload is parked until somebody has said it. Says the remedy."""


def no_rate(currency: str, reporting: str) -> NoRate:
    remedy = "Add it under Settings, Currencies, then have this read again."
    return NoRate(f"{currency} has no rate to {reporting}, the reporting currency. {remedy}")
