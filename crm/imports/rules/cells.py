"""One cell at a time: from what people and other systems write to what the staging table takes, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Protocol
from zoneinfo import ZoneInfo

from crm.fields.rules import FieldError
from crm.imports.rules import codes

#: Reads a stripped, filled cell into the text that Postgres takes for the column's type. Raises CellError.
Reader = Callable[[str], str]

#: What each kind of column is in the staging table.
SQL_TYPES = {
    "date": "date", "moment": "timestamptz", "money": "numeric", "whole": "bigint", "yes_no": "boolean",
}  # fmt: skip

#: A spreadsheet takes a cell that begins with one of these for a formula, whatever blanks and characters without
#: width precede it. Quotation marks in front are ours, or were there before.
_FORMULA = re.compile("'*(?:[\\s\0\u200b-\u200f\u2060\ufeff]*[=+\\-@＝＋－＠]|[\t\r\n\0])")


class CellError(ValueError):
    """Why a cell cannot be taken, and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


class Column(Protocol):
    """What a reader needs to know of a column."""

    @property
    def kind(self) -> str: ...
    @property
    def max_length(self) -> int: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def check(self) -> Callable[[str], str] | None: ...


@dataclass(frozen=True)
class Conventions:
    """What a file's author took for granted."""

    zones: Collection[str]  # the names of time zones that exist
    zone: str = "UTC"  # where a date without a time begins
    slashes: str = ""  # 3/4/2024 is in March with "month", in April with "day"; blank: it could be either


def reader(column: Column, conventions: Conventions) -> Reader:
    """How cells of this column are read."""
    build = _BUILDERS.get(column.kind)
    if build is None:
        raise LookupError(f"there is no kind of column named {column.kind!r}")
    return build(column, conventions)


def formula_safe(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula. `unquoted` gives back just what it was."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unquoted(cell: str) -> str:
    """Without the quotation mark that keeps a spreadsheet from computing it: ours, or another system's."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _text(column: Column, conventions: Conventions) -> Reader:
    longest = column.max_length

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellError(
                f"has {len(cell)} characters; {longest} fit",
                "Shorten it. If it holds several lines of the file, a quotation mark is missing.",
            )
        return cell

    return read


_EMAIL = re.compile(
    r"[^@\s<>()\[\],;:\"\\\x00-\x1f]+@[^@\s<>()\[\],;:\"\\\x00-\x1f.]+(\.[^@\s<>()\[\],;:\"\\\x00-\x1f.]+)+"
)


def _email(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        if len(cell) > 254 or not _EMAIL.fullmatch(cell) or ".." in cell:
            raise CellError("is not an e-mail address", "Write one address, such as anna@example.com.")
        return cell.lower()

    return read


def _colleague(column: Column, conventions: Conventions) -> Reader:
    """An address, or a full name: who bears it is looked up later."""
    text, email = _text(column, conventions), _email(column, conventions)
    return lambda cell: email(cell) if "@" in cell else " ".join(text(cell).split())


def _domain(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        name = re.sub(r"^[a-z]+://", "", cell.lower()).split("/")[0].split("?")[0].removeprefix("www.").rstrip(".")
        if len(name) > 253 or not re.fullmatch(r"[^\s.@]+(\.[^\s.@]+)+", name):
            raise CellError("is not a domain", "Write the name alone, such as example.com.")
        return name

    return read


_DATE_REMEDY = "Write year, month and day, such as 2026-03-31."


def _date(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        return _day(cell, conventions).isoformat()

    return read


def _day(cell: str, conventions: Conventions) -> date:
    """A date, or the date of a date and time as written: 2026-03-31, 31.03.2026 and, where said so, 3/31/2026."""
    word = re.split(r"[ T]", cell, maxsplit=1)[0]
    try:
        if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", word):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", word):
            if not conventions.slashes:
                raise CellError("could be either of two dates", _DATE_REMEDY)
            first, second = int(match[1]), int(match[2])
            return date(int(match[3]), *((first, second) if conventions.slashes == "month" else (second, first)))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            return date.fromisoformat(word)
    except CellError:
        raise
    except ValueError as error:
        raise CellError("is not a day of the calendar", _DATE_REMEDY) from error
    raise CellError("is not a date", _DATE_REMEDY)


def _moment(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        clock = re.sub(r"^\S+?[ T]\s*", "", cell) if re.search(r"[ T]", cell) else ""
        day = _day(cell, conventions)
        try:
            if not clock:
                return datetime.combine(day, time.min, ZoneInfo(conventions.zone)).astimezone(UTC).isoformat()
            if match := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AaPp])[Mm]", clock):
                hour = int(match[1]) % 12 + (12 if match[4] in "pP" else 0)
                clock = f"{hour:02}:{match[2]}:{match[3] or '00'}"
            moment = datetime.fromisoformat(f"{day.isoformat()}T{clock}")
            return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()
        except (ValueError, OverflowError) as error:
            raise CellError("is not a moment", "Write it such as 2026-03-31T14:05:00Z.") from error

    return read


def _money(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        if not re.fullmatch(r"[0-9]{1,11}([.,][0-9]{1,2})?", cell):
            if re.fullmatch(r"-[0-9.,]+", cell):
                raise CellError("is negative", "Write an amount of 0 or more.")
            raise CellError(
                "is not an amount", "Write digits with at most two decimals, such as 1250.50, without separators."
            )
        return cell.replace(",", ".")

    return read


def _whole(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        if not re.fullmatch(r"[0-9]{1,9}", cell):
            raise CellError("is not a whole number", "Write digits alone, from 0 to 999999999.")
        return cell

    return read


_ANSWERS = dict.fromkeys(("yes", "y", "true", "t", "1", "x", "on"), "t") | dict.fromkeys(
    ("no", "n", "false", "f", "0", "off"), "f"
)


#: What columns of consent say beside yes and no. Whoever was never asked has said neither: those cells are refused.
_AGREED = dict.fromkeys(("subscribed", "opted in", "opted-in", "opt-in", "granted", "agreed"), "yes") | dict.fromkeys(
    ("unsubscribed", "not subscribed", "opted out", "opted-out", "opt-out", "denied", "refused", "withdrawn"), "no"
)


def _yes_no(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        answer = _ANSWERS.get(cell.lower())
        if answer is None:
            raise CellError("is neither yes nor no", "Write yes or no, or leave it blank.")
        return answer

    return read


def _choice(column: Column, conventions: Conventions) -> Reader:
    named = {choice.lower(): choice for choice in column.choices}
    if named.keys() == {"yes", "no"}:
        named |= {word: "yes" if answer == "t" else "no" for word, answer in _ANSWERS.items()} | _AGREED

    def read(cell: str) -> str:
        chosen = named.get(cell.lower())
        if chosen is None:
            raise CellError("is not one of the choices", f"Write one of {', '.join(column.choices)}.")
        return chosen

    return read


def _zone(column: Column, conventions: Conventions) -> Reader:
    folded = {name.lower(): name for name in conventions.zones}

    def read(cell: str) -> str:
        name = cell if cell in conventions.zones else folded.get(cell.lower().replace(" ", "_"))
        if name is None:
            raise CellError("is not a time zone", _suggestion(cell, folded))
        return name

    return read


def _suggestion(cell: str, folded: dict[str, str]) -> str:
    """The zones whose name, or whose city, looks most like it."""
    word = cell.lower().replace(" ", "_")
    cities = {name.rsplit("/", 1)[-1]: name for name in sorted(folded, reverse=True)}
    near = get_close_matches(word, folded, 3, 0.7) or [cities[city] for city in get_close_matches(word, cities, 3, 0.7)]
    if not near:
        return "Write a name of the tz database, such as Europe/Berlin."
    return f"Did you mean {' or '.join(folded[name] for name in near)}?"


def _code(find: Callable[[str], str], reason: str, remedy: str) -> Callable[[Column, Conventions], Reader]:
    def build(column: Column, conventions: Conventions) -> Reader:
        def read(cell: str) -> str:
            if code := find(cell):
                return code
            raise CellError(reason, remedy)

        return read

    return build


def _tags(column: Column, conventions: Conventions) -> Reader:
    def read(cell: str) -> str:
        tags = dict.fromkeys(tag.strip() for tag in re.split("[,;|]", cell))
        tags.pop("", None)
        if any(len(tag) > column.max_length for tag in tags):
            raise CellError("has a tag that is too long", f"Keep each tag within {column.max_length} characters.")
        quoted = (tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags)
        return "{" + ",".join(f'"{tag}"' for tag in quoted) + "}"

    return read


def _checked(column: Column, conventions: Conventions) -> Reader:
    """What the column's own check makes of a cell."""
    check = column.check
    assert check is not None
    text = _text(column, conventions)

    def read(cell: str) -> str:
        try:
            return check(text(cell))
        except FieldError as error:
            raise CellError(error.reason, error.remedy) from error

    return read


def _checked_day(column: Column, conventions: Conventions) -> Reader:
    day, check = _date(column, conventions), _checked(column, conventions)
    return lambda cell: check(day(cell))


_BUILDERS: dict[str, Callable[[Column, Conventions], Reader]] = {
    "text": _text, "key": _text, "email": _email, "colleague": _colleague, "domain": _domain, "date": _date,
    "moment": _moment, "money": _money, "whole": _whole, "yes_no": _yes_no, "choice": _choice, "zone": _zone,
    "tags": _tags, "checked": _checked, "checked_day": _checked_day,
    "country": _code(codes.of_country, "is not a country", "Write two letters of ISO 3166, or the English name."),
    "currency": _code(codes.of_currency, "is not a currency code", "Write the three letters of ISO 4217, such as EUR."),
}  # fmt: skip
