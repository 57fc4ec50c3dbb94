"""The types of fields: how each reads what is written, and how it says what is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from crm.fields.rules.definition import BLANK, TYPES, Definition, FieldError, FieldType, Option
from crm.web import wording
from crm.web.days import EARLIEST_DAY, LATEST_DAY

LONGEST_TEXT, LONGEST_TEXTS, LONGEST_URL = 200, 5_000, 500
LARGEST = Decimal(10**12)
MOST_DECIMALS = 6


def _same(value: Any, of: Definition) -> Any:
    return value


# Text -----------------------------------------------------------------------------------------------------------------


def _words(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise FieldError("is no text", "Write it as text.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldError("holds half a character", "Write it again.") from None
    if len(value) > longest:
        raise FieldError(f"has {len(value):,} characters; {longest:,} fit", "Shorten it.")
    return value


def _read_line(value: Any, of: Definition) -> str:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        value = str(value)
    return _words(" ".join(value.split()) if isinstance(value, str) else value, LONGEST_TEXT)


def _read_lines(value: Any, of: Definition) -> str:
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _words(value, LONGEST_TEXTS)


_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\.]+(\.[^@\s<>()\[\],;:\"\\.]+)+")


def _read_email(value: Any, of: Definition) -> str:
    address = _words(value, 254).lower()
    if not _EMAIL.fullmatch(address) or ".." in address:
        raise FieldError("is not an e-mail address", "Write one address, such as anna@example.com.")
    return address


_NO_LINK = FieldError("is not an address on the web", "Write one such as https://example.com/page.")


def _read_url(value: Any, of: Definition) -> str:
    text = _words(value, LONGEST_URL)
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _NO_LINK from None
    if parts.scheme.lower() not in ("http", "https") or re.search(r"[\s<>\"\\^`{|}]", text):
        raise _NO_LINK
    if not re.fullmatch(r"[^\s.:@/]+(\.[^\s.:@/]+)+", host) or len(text) > LONGEST_URL:
        raise _NO_LINK
    return text


def _read_phone(value: Any, of: Definition) -> str:
    text = _words(str(value) if isinstance(value, int) and not isinstance(value, bool) else value, 40)
    try:
        number = phonenumbers.parse(text, of.region.upper() or None)
        if not phonenumbers.is_possible_number(number):
            raise FieldError("is no phone number", "Write it with its country, such as +49 30 1234567.")
    except phonenumbers.NumberParseException:
        raise FieldError("is no phone number", "Write it with its country, such as +49 30 1234567.") from None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


# Numbers: kept as text, to their last digit ---------------------------------------------------------------------------

_PLAIN, _GROUPED = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,20})?"), re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d{1,20}")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str):
        text = re.sub(r"[\s'\u2019\u202f\u00a0]", "", value).replace("\u2212", "-")
        if text.isascii() and _GROUPED.fullmatch(text):
            return Decimal(text.replace(",", ""))
        if _EITHER.fullmatch(text):
            raise FieldError("could be either of two numbers", "Write it without a comma, such as 1250 or 1.25.")
        if text.isascii() and _PLAIN.fullmatch(text):
            return Decimal(text.replace(",", "."))
    raise FieldError("is not a number", "Write digits, such as 1250.50.")


def _read_number(value: Any, of: Definition) -> str:
    number = _decimal(value)
    if not number.is_finite() or abs(number) > LARGEST:
        raise FieldError("is too large", f"Numbers go up to {LARGEST:,}.")
    rounded = round(number, of.decimals)
    if rounded != number:
        fit = "none fit" if not of.decimals else f"{of.decimals} fit"
        raise FieldError(f"has more decimals than fit: {fit}", "Round it.")
    return f"{abs(rounded) if rounded == 0 else rounded:.{of.decimals}f}"


def _said_number(value: Any, of: Definition) -> str:
    return f"{Decimal(value):,f}".replace("-", "−")


def _said_money(value: Any, of: Definition) -> str:
    return wording.money(Decimal(value), of.currency)


# Days and answers -----------------------------------------------------------------------------------------------------


def _read_day(value: Any, of: Definition) -> str:
    day = value if type(value) is date else None
    try:
        if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", value, re.ASCII)):
            day = date(int(found[3]), int(found[2]), int(found[1]))
        elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            day = date.fromisoformat(value)
    except ValueError:
        raise FieldError("is not a day of the calendar", _DAY) from None
    if day is None:
        raise FieldError("is not a date", _DAY)
    if not EARLIEST_DAY < day < LATEST_DAY:
        raise FieldError(f"must lie between {EARLIEST_DAY} and {LATEST_DAY}", _DAY)
    return day.isoformat()


_DAY = "Write year, month and day, such as 2026-03-31."
_ANSWERS = dict.fromkeys(("yes", "y", "true", "t", "1", "x", "on"), True) | dict.fromkeys(
    ("no", "n", "false", "f", "0", "off"), False
)


def _read_answer(value: Any, of: Definition) -> bool:
    answer = value if isinstance(value, bool) else _ANSWERS.get(str(value).lower())
    if answer is None:
        raise FieldError("is neither yes nor no", "Write yes or no, or leave it blank.")
    return answer


def _said_answer(value: Any, of: Definition) -> str:
    return "yes" if value else "no"


# Choices: kept as codes -----------------------------------------------------------------------------------------------


def _option(value: Any, of: Definition) -> Option:
    """Named by its code, its label or its other word."""
    text = " ".join(str(value).split())
    words = text.casefold()
    found = of.by_code.get(text)
    if found is None or found.gone:
        named = [o for o in of.offered if words in (o.label.casefold(), o.also.casefold(), o.code)]
        found = named[0] if named else None
    if found is None:
        offered = of.offered[:10]
        more = " and others" if len(of.offered) > len(offered) else ""
        remedy = (
            f"Choose one of {', '.join(o.label for o in offered)}{more}." if offered else "There is none to choose."
        )
        raise FieldError(f"“{text[:60]}” is not one of the choices", remedy)
    return found


def _read_choice(value: Any, of: Definition) -> str:
    if isinstance(value, (list, dict)):
        raise FieldError("is more than one", "Choose one.")
    return _option(value, of).code


def _read_choices(value: Any, of: Definition) -> list[str] | None:
    parts: Sequence[Any] = re.split("[,;|]", value) if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise FieldError("is no list", "Name the choices in a list.")
    chosen = {_option(part, of).code for part in parts if part not in BLANK and str(part).strip()}
    return [option.code for option in of.options if option.code in chosen] or None


def _label(code: str, of: Definition) -> str:
    return of.by_code[code].label if code in of.by_code else code


def _labels(value: Any, of: Definition) -> str:
    return ", ".join(_label(code, of) for code in value)


def _who(value: Any, of: Definition) -> str:
    option = of.by_code.get(value)
    return option.also or option.label if option else value


def _text(label: str, hint: str, icon: str, read: Callable[[Any, Definition], Any], **more: Any) -> FieldType:
    return FieldType(label, hint, icon, "text", read, _same, _same, _same, **more)


TYPES |= {
    "text": _text("Text", "A few words on one line", "type", _read_line),
    "long": _text("Long text", "Several lines", "text-align-start", _read_lines, sorts=False),
    "number": FieldType("Number", "With as many decimals as you say", "hash", "number", _read_number, _said_number,
                        _same, _same),
    "money": FieldType("Amount", "In the reporting currency", "banknote", "number", _read_number, _said_money, _same,
                       _same),
    "date": FieldType("Date", "A day of the calendar", "calendar", "date", _read_day,
                      lambda value, of: wording.day(date.fromisoformat(value)), _same, _same),
    "yes_no": FieldType("Yes or no", "An answer, or none yet", "toggle-left", "bool", _read_answer, _said_answer,
                        _said_answer, _said_answer, sorts=False),
    "choice": FieldType("One choice", "One of the options that you name", "circle-dot", "choice", _read_choice, _label,
                        _same, _label, sorts=False),
    "choices": FieldType("Several choices", "Any of the options that you name", "list-checks", "options", _read_choices,
                         _labels, _same, _labels, sorts=False),
    "url": _text("Web address", "A link that opens", "link", _read_url),
    "email": _text("E-mail address", "Of somebody who is no contact here", "at-sign", _read_email),
    "phone": _text("Phone number", "As it is dialled from abroad", "phone", _read_phone),
    "user": FieldType("Colleague", "Somebody who signs in here", "user-round", "choice", _read_choice, _label, _same,
                      _who, sorts=False),
}  # fmt: skip

#: Those whose options an admin names.
WITH_OPTIONS = frozenset({"choice", "choices"})
