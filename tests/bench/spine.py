"""The sweep, the engine and the sending as figures: their measurements stand in engine.py and sending.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management import call_command

from tests.bench import database, engine, sending
from tests.bench.figures import Figure
from tests.bench.imports import measured, peak
from tests.bench.population import Population, say

_SENDING = f"{database.PREFIX}sending"
FORTNIGHT = timedelta(days=engine.DAYS)
#: Most messages of the sending bench, and fewer with fewer accounts.
_MESSAGES = 5_000


def _median(measure: Callable[[], Any], ratio: Callable[[Any], float], times: int = 3) -> Any:
    """The measurement in the middle, by its ratio."""
    return sorted((measure() for _ in range(times)), key=ratio)[times // 2]


def sweep(population: Population, times: int = 3) -> list[Figure]:
    silent = population.accounts // 10
    with population.entered():
        found = _median(lambda: engine.measure_sweep(silent, population.anchor), lambda swept: swept.ratio, times)
    say(f"  sweep: {found.ours.seconds:.2f} s, floor {found.floor.seconds:.2f} s")
    sizes = f"{population.accounts:,} accounts, {silent:,} newly silent"
    more = {"again_s": round(found.again.seconds, 3)}
    return [Figure("sweep", "inactivity sweep", found.ours.seconds, found.floor.seconds, "s", sizes, more)]


def advance(population: Population, times: int = 3) -> list[Figure]:
    """One worker, and what a second one gains beside what a second bare loop gains."""
    due = population.accounts // 10
    with population.entered():
        one, two = (
            _median(partial(engine.measure_engine, due, workers, population.anchor), lambda run: run.ratio, times)
            for workers in (1, 2)
        )
    say(f"  engine: {one.ours.per_second:,.0f}/s, two workers {two.ours.per_second:,.0f}/s")
    sizes = f"{due:,} enrollments, a mail step and a task step each"
    gains = [two.ours.per_second / one.ours.per_second, two.floor.per_second / one.floor.per_second]
    return [
        Figure("engine", "engine, one worker", one.ours.per_second, one.floor.per_second, "enrollments/s", sizes),
        Figure("engine.two", "engine, two workers", two.ours.per_second, two.floor.per_second, "enrollments/s", sizes),
        Figure("engine.second", "what a second worker gains", gains[0], gains[1], "×", sizes),
    ]


def send(population: Population) -> list[Figure]:
    """In a database of its own, since it empties the outbox."""
    messages = min(population.accounts // 10, _MESSAGES)
    database.drop(_SENDING)
    database.create(_SENDING)
    try:
        with database.using(_SENDING):
            call_command("migrate", verbosity=0)
            figures = []
            for workers, words in ((1, "one worker"), (2, "two workers")):
                ours, floor = sending.measure(messages, workers).per_second, sending.measure_floor(messages, workers)
                say(f"  sending, {words}: {ours:,.0f}/s, floor {floor:,.0f}/s")
                key, sizes = f"sending.{workers}", f"{messages:,} messages over SMTP"
                figures.append(Figure(key, f"sending, {words}", ours, floor, "mails/s", sizes))
            return figures
    finally:
        database.drop(_SENDING)


def memory(population: Population) -> list[Figure]:
    """The most that each import and a sweep hold."""
    imports = [figure for figure in measured(population) if figure.key.startswith("memory.")]
    silent, anchor = population.accounts // 10, population.anchor.isoformat()
    with population.entered():
        _, megabytes = peak([sys.executable, "-m", "tests.bench.sweeper", str(silent), anchor])
    sizes = f"{population.accounts:,} accounts, {silent:,} newly silent"
    return [*imports, Figure("memory.sweep", "inactivity sweep, peak", megabytes, None, "MB", sizes)]
