"""What a filter's values mean, without a database: reading them from JSON, folding case, counting calendar days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from crm.web.days import EARLIEST_DAY, LATEST_DAY
from crm.web.rules import local_moment

LONGEST_TEXT = 200  # characters
LONGEST_LIST = 200
LARGEST_NUMBER = Decimal(10**15)
MOST_DAYS = 36_500

_INSTANT = timedelta(microseconds=1)  # Postgres and Python both count in microseconds


def fold(text: str) -> str:
    """Lower case, one character for one, as Postgres' `lower(… COLLATE "pg_c_utf8")` does it.

    `str.lower` on a whole word differs twice: it makes two characters of İ and looks at the neighbours of Σ.
    """
    return text.lower() if text.isascii() else "".join(character.lower()[0] for character in text)


def is_missing(value: Any) -> bool:
    """Blank text is missing, as null is; zero, false and an empty list of tags are not."""
    return value is None or value == ""


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a calendar day, in UTC."""
    return local_moment(day, time.min, zone)


def instants(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last instant of a stretch of days, both of which belong to it."""
    return day_start(first, zone), day_start(last + timedelta(days=1), zone) - _INSTANT


# Reading what JSON says: each returns the value or raises ValueError with what is wrong, in words ------------------


def shown(value: Any) -> str:
    """What was sent, for an error's end: short, and never an error itself."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_NUMBER:
        return "a very large number"
    if isinstance(value, str):
        return f"“{value}”" if len(value) <= 60 else f"“{value[:60]}…”"
    return repr(value)[:60] if isinstance(value, int | float | None) else f"a {type(value).__name__}"


def read_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"must be a number, not {shown(value)}")
    try:
        number = Decimal(value if isinstance(value, int) else str(value))
    except InvalidOperation:
        raise ValueError(f"must be a number, not {shown(value)}") from None
    if not number.is_finite():
        raise ValueError(f"must be a number, not {shown(value)}")
    if abs(number) > LARGEST_NUMBER:
        raise ValueError("is too large a number")
    if number and number.adjusted() < -12:
        raise ValueError("is too small a number")
    return number


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {shown(value)}")
    if not value.strip():
        raise ValueError("must not be blank")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"must have at most {LONGEST_TEXT} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("holds a character that no text can have")
    return value


def read_day(value: Any) -> date:
    if type(value) is date:
        day = value
    else:
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError(f"must be a date such as 2026-06-01, not {shown(value)}") from None
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(f"must be a date from {EARLIEST_DAY} to {LATEST_DAY}")
    return day


def read_stretch(value: Any) -> tuple[date, date]:
    """“2026-03-31..2026-06-30”: after the first of these days, up to the last."""
    first, dots, last = value.partition("..") if isinstance(value, str) else ("", "", "")
    if not dots:
        raise ValueError(f"must be two dates such as 2026-03-31..2026-06-30, not {shown(value)}")
    return read_day(first), read_day(last)


def read_days(value: Any) -> int:
    number = read_number(value)
    if number != int(number) or not 0 <= number <= MOST_DAYS:
        raise ValueError(f"must be a whole number of days from 0 to {MOST_DAYS}")
    return int(number)


def read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {shown(value)}")
    return value


def read_pair(value: Any) -> tuple[Decimal, Decimal]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("must be a list of two numbers")
    low, high = read_number(value[0]), read_number(value[1])
    if low > high:
        raise ValueError("must name the smaller number first")
    return low, high


def read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of at least one text")
    if len(value) > LONGEST_LIST:
        raise ValueError(f"must have at most {LONGEST_LIST} entries")
    return tuple(read_text(entry) for entry in value)


def read_id(value: Any) -> int:
    """The number of a row, also as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and text == str(int(text))):
        raise ValueError(f"must be the number of a segment, not {shown(value)}")
    return int(text)


def read_nothing(value: Any) -> None:
    if not is_missing(value):
        raise ValueError("is not expected: this operator takes none")


def revive(kind: str, value: Any) -> Any:
    """A field's value again after it has been through JSON, where dates and money are text."""
    if not isinstance(value, str) or is_missing(value):
        return value
    if kind == "number":
        return Decimal(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "datetime":
        return datetime.fromisoformat(value)
    return value
