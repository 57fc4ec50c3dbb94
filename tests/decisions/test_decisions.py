"""Whatever comes in whatever order: nothing is decided twice, nothing lost, nobody written to against a rule."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.decisions.machine import Machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_time]


def live(machine: type[Machine], number: int, steps: int) -> None:
    """Two lives of so many steps, the same for the same number, so that a failure stays one.

    A failure is printed when it is seen and not made smaller: that would take minutes.
    """
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=2, stateful_step_count=steps, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        ),
    )  # fmt: skip


def test_whatever_comes_in_whatever_order(machine: type[Machine]) -> None:
    live(machine, 1, steps=20)


@pytest.mark.long
@pytest.mark.parametrize("number", range(2, 52))
def test_whatever_comes_for_thousands_of_steps(machine: type[Machine], number: int) -> None:
    live(machine, number, steps=50)
