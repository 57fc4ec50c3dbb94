"""How times, days and money read, in pages and in sentences. Pure: whoever calls says what time it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

#: Between sign and figure, and wherever a line must not break.
THIN = "\N{NARROW NO-BREAK SPACE}"

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def ago(moment: datetime, now: datetime) -> str:
    """How long since `moment`, or until it. Both in the zone of the reader."""
    if moment > now:
        return _ahead(moment, now)
    passed = now - moment
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if moment.date() == now.date():
        return f"{passed // timedelta(hours=1)} h ago"
    if (now.date() - moment.date()).days == 1:
        return "yesterday"
    return _far(moment, now)


def _ahead(moment: datetime, now: datetime) -> str:
    left = moment - now
    if left < timedelta(hours=1):
        return f"in {max(1, left // timedelta(minutes=1))} min"
    if moment.date() == now.date():
        return f"in {left // timedelta(hours=1)} h"
    if (moment.date() - now.date()).days == 1:
        return f"tomorrow {moment:%H:%M}"
    return _far(moment, now)


def _far(moment: datetime, now: datetime) -> str:
    if abs((now.date() - moment.date()).days) < 7:
        return f"{moment:%a %H:%M}"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else day(moment)


def length(passed: timedelta) -> str:
    """“3 s”, “14 minutes”, “5 hours”, “3 days”: whole units, the largest that fits."""
    if passed < timedelta(minutes=1):
        return f"{max(0, int(passed.total_seconds()))} s"
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if passed >= unit:
            return f"{passed // unit} {name}{'' if passed // unit == 1 else 's'}"
    return ""


def day(value: date) -> str:
    return f"{value.day} {value:%b} {value.year}"


def day_near(value: date, today: date) -> str:
    """“3 June”, with its year if that is not today's."""
    return f"{value.day} {value:%B}" + (f" {value.year}" if value.year != today.year else "")


#: From here on months say more than days, and further on years.
_MONTHS_FROM, _YEARS_FROM = 100, 730


def in_days(days: int) -> str:
    """Whole days from today; negative ones are past. What is far away in whole months or years."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if days in near:
        return near[days]
    far = abs(days)
    if far >= _YEARS_FROM:
        words = f"{far // 365} years"
    elif far >= _MONTHS_FROM:
        words = f"{far * 12 // 365} months"
    else:
        words = f"{far} days"
    return f"in {words}" if days > 0 else f"{words} ago"


def listed(words: Iterable[str]) -> str:
    """“a”, “a and b”, “a, b and c”; blank for none."""
    *before, last = list(words) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def money(amount: Decimal, currency: str) -> str:
    """Sign or code, thin space, thousands; cents only when there are any."""
    figure = f"{abs(amount):,.2f}".removesuffix(".00")
    return f"{'−' if amount < 0 else ''}{SIGNS.get(currency, currency)}{THIN}{figure}"


def money_sql(amount: str, currency: str) -> str:
    """SQL that says what `money` says of two expressions, of at most fifteen digits before the point. It has no %."""
    signs = " ".join(f"WHEN '{code}' THEN '{sign}'" for code, sign in SIGNS.items())
    figure = f"to_char(abs({amount}), 'FM999,999,999,999,990.00')"
    return (
        f"CASE WHEN {amount} < 0 THEN '−' ELSE '' END || CASE {currency} {signs} ELSE {currency} END || '{THIN}'"
        f" || regexp_replace({figure}, '[.]00$', '')"
    )
