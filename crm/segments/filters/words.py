"""A filter's values as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from crm.slots import FilterField
from crm.web import clock, wording


def said(field: FilterField, takes: str, operand: Any) -> str:
    """The operand of a sentence, such as `€ 500`, `30 days`, `1 Jun 2026` or `“Berlin” or “Bonn”`."""
    match takes:
        case "number":
            return _number(operand, field.unit)
        case "numbers":
            return " and ".join(_number(end, field.unit) for end in operand)
        case "days":
            return _days(operand)
        case "day":
            return wording.day(operand)
        case "flag":
            return "yes" if operand else "no"
        case "choice" | "choices":
            labels = dict(field.choices)
            return _either([labels.get(code, code) for code in _listed(operand)])
        case "text" | "texts":
            return _either([f"“{text}”" for text in _listed(operand)])
    return ""


def value(field: FilterField, seen: Any) -> str:
    """What a field says of one row, such as `€ 500`, `3 days`, `“Berlin”`; what is missing is `not set`."""
    if seen is None or seen == "":
        return "not set"
    if isinstance(seen, bool):
        return "yes" if seen else "no"
    if isinstance(seen, list | tuple):
        labels = dict(field.choices)
        return wording.listed(f"“{labels.get(one, one)}”" for one in seen) if seen else "none"
    if isinstance(seen, datetime):
        local = seen.astimezone(clock.zone())
        return f"{wording.day(local.date())}, {local:%H:%M}"
    if isinstance(seen, date):
        return wording.day(seen)
    if isinstance(seen, int | float | Decimal):
        return _number(Decimal(str(seen)), field.unit)
    return f"“{seen}”" if field.kind == "text" else str(dict(field.choices).get(seen, seen))


def shown_argument(field: FilterField, argument: str) -> str:
    """What stands behind the colon: a name as it is, days as people read them."""
    if field.argument == "name":
        return argument
    return " to ".join(wording.day(date.fromisoformat(day)) for day in argument.split(".."))


def _listed(operand: str | Sequence[str]) -> Sequence[str]:
    return (operand,) if isinstance(operand, str) else operand


def _either(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _days(count: int | str) -> str:
    return f"{count} day{'' if str(count) == '1' else 's'}"


def _number(number: Decimal, unit: str) -> str:
    if unit == "money":
        return wording.money(number, settings.CURRENCY)
    plain = number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
    return _days(f"{plain:,f}") if unit == "days" else f"{plain:,f}"
