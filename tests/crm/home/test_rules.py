"""The arithmetic of Today."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from crm.home import rules
from crm.home.rules import Need


@pytest.mark.parametrize(("days", "urgency"), [(90, 0.0), (45, 0.25), (0, 1.0)])
def test_a_renewal_grows_urgent_as_it_comes_near(days, urgency):
    assert rules.renewal_urgency(days) == urgency


def test_a_near_renewal_outranks_one_far_off_of_several_times_its_revenue():
    near, far = rules.renewal_urgency(12), rules.renewal_urgency(64)
    assert rules.priority(Decimal(100), near) > rules.priority(Decimal(800), far)


@pytest.mark.parametrize(("days", "urgency"), [(45, 0.5), (90, 1.0)])
def test_silence_grows_urgent_as_it_lasts(days, urgency):
    assert rules.silence_urgency(days) == urgency


def test_reasons_stand_by_customer_the_most_urgent_first():
    first, second, equal = Need(1, "a", 0.2, "Call"), Need(1, "b", 0.9, "Write"), Need(1, "c", 0.9, "Wait")
    other = Need(2, "d", 0.0, "Call")
    assert rules.by_customer([first, second, equal, other]) == {1: [second, equal, first], 2: [other]}


@pytest.mark.parametrize(
    ("untouched", "sentence", "urgency"),
    [
        (None, "Renewal in 45 days, nobody has been in touch yet", 0.25),
        (0, "Renewal in 45 days, last touch today", 0.1),
        (7, "Renewal in 45 days, last touch 7 days ago", 0.1),
        (8, "Renewal in 45 days, no touch for 8 days", 0.25),
    ],
)
def test_a_touch_makes_a_renewal_less_urgent(untouched, sentence, urgency):
    assert rules.renewal_need(45, untouched) == (sentence, urgency)
    assert rules.renewal_need(0, None)[0] == "Renewal today, nobody has been in touch yet"


def test_priority_is_yearly_revenue_times_urgency():
    assert rules.priority(Decimal("100.50"), 0.5) == 603.0


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (4, "Good evening"),
        (5, "Good morning"),
        (11, "Good morning"),
        (12, "Good afternoon"),
        (17, "Good afternoon"),
        (18, "Good evening"),
        (23, "Good evening"),
    ],
)
def test_greeting(hour, words):
    assert rules.greeting(datetime(2026, 6, 1, hour, 59)) == words
