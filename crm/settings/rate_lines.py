"""Rates as people paste them: a currency, a day and a number on each line, in whatever order a spreadsheet has them."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal, InvalidOperation

from crm.ledger.actions.rates import NewRate
from crm.web.days import EARLIEST_DAY, LATEST_DAY

MOST = 2_000
_CODE, _DAY = re.compile(r"[A-Za-z]{3}"), re.compile(r"\d{4}-\d\d-\d\d")
#: What a rate may be: eight digits behind the point are kept, ten before it.
SMALLEST, LARGEST = Decimal("0.00000001"), Decimal("9999999999")


class LineError(ValueError):
    """What is wrong, with the line that it is in."""


def read(text: str, reporting: str, otherwise: date) -> list[NewRate]:
    """`otherwise` is the day of lines that name none. A first line without a number is a heading. Raises LineError."""
    lines = [line for line in text.replace("\0", "").splitlines() if line.strip()]
    if len(lines) > MOST:
        raise LineError(f"There are {len(lines):,} lines. Paste at most {MOST:,} at once.")
    if lines and not any(char.isdigit() for char in lines[0]):
        lines = lines[1:]
    found = [_line(number, line, reporting, otherwise) for number, line in enumerate(lines, 1)]
    for number, one in enumerate(found, 1):
        if any(
            (one.code, one.valid_from) == (e.code, e.valid_from) and e.rate != one.rate for e in found[: number - 1]
        ):
            raise LineError(f"Line {number}: {one.code} has another rate from {one.valid_from} further up.")
    return found


def _line(number: int, line: str, reporting: str, otherwise: date) -> NewRate:
    separator = next((mark for mark in "\t;," if mark in line), " ")
    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator)) if cell.strip()]
    codes = [cell.upper() for cell in cells if _CODE.fullmatch(cell)]
    days = [cell for cell in cells if _DAY.fullmatch(cell)]
    numbers = [cell for cell in cells if not _CODE.fullmatch(cell) and not _DAY.fullmatch(cell)]
    if len(codes) != 1 or len(days) > 1 or len(numbers) != 1:
        raise LineError(f"Line {number}: “{line.strip()[:60]}” is not understood. Write it like USD, 2026-01-01, 0.92.")
    if codes[0] == reporting:
        raise LineError(f"Line {number}: {reporting} is the reporting currency; it is always worth 1.")
    return NewRate(codes[0], _day(number, days[0]) if days else otherwise, _rate(number, numbers[0]))


def _day(number: int, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise LineError(f"Line {number}: {text} is no day of the calendar.") from None
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise LineError(f"Line {number}: days lie between {EARLIEST_DAY.year} and {LATEST_DAY.year}.")
    return day


def _rate(number: int, text: str) -> Decimal:
    try:
        rate = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise LineError(f"Line {number}: “{text[:30]}” is no number. Write it like 0.92.") from None
    if not rate.is_finite() or not SMALLEST <= rate <= LARGEST:
        raise LineError(f"Line {number}: a rate lies between {SMALLEST:f} and {LARGEST:,f}.")
    return rate.quantize(SMALLEST)
