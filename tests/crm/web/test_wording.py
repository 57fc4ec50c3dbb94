"""How times, days and money read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.templatetags import ui
from crm.web import wording
from tests.conftest import NOON

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (0 * SECOND, "just now"),
        (59 * SECOND, "just now"),
        (MINUTE, "1 min ago"),
        (HOUR - SECOND, "59 min ago"),
        (HOUR, "1 h ago"),
        (12 * HOUR, "12 h ago"),
        (12 * HOUR + SECOND, "yesterday"),
        (36 * HOUR, "yesterday"),
        (36 * HOUR + SECOND, "Sat 23:59"),
        (6 * DAY, "Tue 12:00"),
        (7 * DAY, "25 May"),
        (NOON - datetime(2026, 1, 1, tzinfo=UTC), "1 Jan"),
        (NOON - datetime(2025, 12, 31, tzinfo=UTC), "31 Dec 2025"),
        (-30 * SECOND, "in 1 min"),
        (-3 * HOUR, "in 3 h"),
        (-24 * HOUR, "tomorrow 12:00"),
        (-2 * DAY, "Wed 12:00"),
        (-7 * DAY, "8 Jun"),
    ],
)
def test_how_long_ago(passed: timedelta, words: str) -> None:
    assert wording.ago(NOON - passed, NOON) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-2, "2 days ago"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (2, "in 2 days"),
        (27, "in 27 days"),
        (99, "in 99 days"),
        (100, "in 3 months"),
        (-271, "8 months ago"),
        (729, "in 23 months"),
        (-730, "2 years ago"),
        (1094, "in 2 years"),
        (1095, "in 3 years"),
    ],
)
def test_days_from_today(days: int, words: str) -> None:
    assert wording.in_days(days) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("3200", "EUR", "€\u202f3,200"),
        ("3200.00", "EUR", "€\u202f3,200"),
        ("0.5", "EUR", "€\u202f0.50"),
        ("-80", "GBP", "−£\u202f80"),
        ("1234567.89", "CHF", "CHF\u202f1,234,567.89"),
    ],
)
def test_money(amount: str, currency: str, words: str) -> None:
    assert wording.money(Decimal(amount), currency) == words


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from([*wording.SIGNS, "CHF"]))
def test_postgres_says_money_alike(db: None, amount: Decimal, currency: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wording.money_sql('%(amount)s::numeric', '%(currency)s::text')}",
                       {"amount": amount, "currency": currency})  # fmt: skip
        assert cursor.fetchone()[0] == wording.money(amount, currency)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Nordwind Logistics", "NL"), ("Ökobau", "ÖK"), ("Jean-Luc van Picard", "JP"), ("…", "?"), ("a", "A")],
)
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_times_carry_the_exact_moment() -> None:
    said = Template("{{ moment|ago }}").render(Context({"moment": NOON - 2 * HOUR}))

    assert said == '<time datetime="2026-06-01T10:00:00+00:00" title="Mon 1 Jun 2026, 10:00 UTC">2 h ago</time>'


def test_a_changed_query_starts_at_the_first_page() -> None:
    request = RequestFactory().get("/x/?sort=mrr&owner=me&cursor=abc")

    def said(tag: str) -> str:
        return Template(tag).render(Context({"request": request}))

    assert said("{% query sort='name' owner=None %}") == "?sort=name"
    assert said("{% query cursor='def' %}") == "?sort=mrr&amp;owner=me&amp;cursor=def"
    assert said("{% query sort=None owner=None %}") == "/x/"
