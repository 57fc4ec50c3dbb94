"""The machine finds what it is there to find: each of these breaks the product in one place, and it must notice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crm.outbox import rules, unsubscribing
from crm.outbox.sending.letters import Letter
from tests.decisions.machine import Machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_time]


def nothing(*args: Any, **named: Any) -> None:
    return None


def no_cap(patch: pytest.MonkeyPatch) -> None:
    """It is asked twice, when a slice is cleared and at the hand-over: only a message that has none slips through."""
    patch.setattr(rules, "capped_until", nothing)
    patch.setattr(Letter, "capped", property(lambda letter: False))


def no_quiet_hours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "quiet_until", nothing)


def deaf_to_unsubscribing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(unsubscribing, "_set", nothing)


@pytest.mark.parametrize(
    ("mutation", "found"),
    [(no_cap, "got 4 mails"), (no_quiet_hours, "came at"), (deaf_to_unsubscribing, "wants none")],
)
def test_a_broken_product_is_found(
    machine: type[Machine], mutation: Callable[[pytest.MonkeyPatch], None], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the shortest way there is, so that it costs little: no rule of chance, but the same invariants."""
    mutation(monkeypatch)
    with pytest.raises(AssertionError, match=found):
        live_shortly(machine())


def live_shortly(lived: Machine) -> None:
    lived.begin(starts=1, left=30, silent=13)
    lived.unsubscribes(0)
    for _ in range(3):
        lived.deal_won(0, 0)
        lived.deal_won(1, 1)
        lived.pass_time(timedelta(hours=6))
        lived.all_is_well()
