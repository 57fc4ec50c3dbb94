"""When a webhook is tried again, and when nobody calls any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.webhooks import rules
from tests.conftest import NOON

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def test_ten_tries_fill_three_days_and_no_more() -> None:
    rests = [rules.backoff(tries, 0) for tries in range(1, rules.MAX_TRIES + 1)]
    assert rests[:4] == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), 2 * HOUR]
    assert (len(rests), rests[-1]) == (10, None)
    longest = sum(filter(None, rests), timedelta(0))
    assert timedelta(days=3) - HOUR < longest < timedelta(days=3)
    shortest = sum(filter(None, (rules.backoff(tries, 0.999999) for tries in range(1, 10))), timedelta(0))
    assert longest * 0.9 < shortest < longest


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0), (2, 0), (3, 30), (4, 60), (5, 120), (7, 480), (8, 600), (5000, 600)]
)
def test_breaks_grow_up_to_ten_minutes(failures: int, seconds: int) -> None:
    assert rules.pause(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "since", "gives_up"),
    [
        (5, NOON - 24 * HOUR, True), (5, NOON - 24 * HOUR + TICK, False), (4, NOON - 240 * HOUR, False),
        (500, None, False),
    ],
)  # fmt: skip
def test_an_endpoint_is_given_up_after_a_day_and_five_failures(failures: int, since: object, gives_up: bool) -> None:
    assert rules.gives_up(failures, since, NOON) is gives_up  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), (" 7 ", 7), ("", 0), (None, 0), ("soon", 0), ("-5", 0), ("1.5", 0), ("٣", 0), ("9" * 40, 86400),
        ("Mon, 01 Jun 2026 12:01:30 GMT", 90), ("Mon, 01 Jun 2026 11:00:00 GMT", 0),
        ("Mon, 01 Jun 2026 12:00:10 -0000", 10), ("Thu, 01 Jan 2099 00:00:00 GMT", 86400), ("Mon, 99 Jun 2026", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int) -> None:
    assert rules.rest_asked(header, NOON) == timedelta(seconds=seconds)
