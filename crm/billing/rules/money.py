"""Amounts as billing systems write them, and what comes of a price in a month."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

#: Currencies whose amounts Stripe writes in whole units, and those with thousandths. All others have hundredths, and so
#: has ISK there, although nobody pays in fractions of it.
NO_DECIMALS = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])

_CENT = Decimal("0.01")
#: So many of an interval are in a month: a year has twelve, of 365 days and 52 weeks.
_IN_A_MONTH = {"day": Decimal(365) / 12, "week": Decimal(52) / 12, "month": Decimal(1), "year": Decimal(1) / 12}


class UnknownInterval(ValueError):
    """A price that is due at times nobody here knows of."""


def units(minor: Decimal | int | str, currency: str) -> Decimal:
    """An amount of minor units, not rounded: 1999 USD is 19.99, 500 JPY is 500, 5120 KWD is 5.12."""
    code = currency.upper()
    return Decimal(minor) / (1 if code in NO_DECIMALS else 1000 if code in THREE_DECIMALS else 100)


def cents(amount: Decimal) -> Decimal:
    """As the ledger keeps it: two decimals, halves to the even one, in whatever currency."""
    return amount.quantize(_CENT, ROUND_HALF_EVEN)


def monthly(amount: Decimal, interval: str, count: int) -> Decimal:
    """What an amount that is due each `count` intervals brings a month, not rounded."""
    if interval not in _IN_A_MONTH or count < 1:
        raise UnknownInterval(f"Each {count} {interval or 'of nothing'} is no interval of a price.")
    return amount * _IN_A_MONTH[interval] / count
