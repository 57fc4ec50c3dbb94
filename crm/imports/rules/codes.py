"""Codes of countries and currencies, as files write them. What is none gives a blank."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

#: What people write beside the English names that CLDR knows.
_ALSO = {
    "usa": "US", "united states of america": "US", "uk": "GB", "great britain": "GB", "czech republic": "CZ",
    "the netherlands": "NL", "south korea": "KR", "russia": "RU", "turkey": "TR",
}  # fmt: skip


def of_country(cell: str) -> str:
    """The two letters, from them or from the English name."""
    if len(cell) == 2 and cell.isascii() and cell.isalpha():
        return cell.upper()
    return _codes().get(cell.strip().lower(), "")


def of_currency(cell: str) -> str:
    """The three letters."""
    return cell.upper() if re.fullmatch("[A-Za-z]{3}", cell) else ""


@cache
def _codes() -> dict[str, str]:
    names = Locale("en", "US").territories
    return {str(name).lower(): code for code, name in names.items() if len(code) == 2} | _ALSO
