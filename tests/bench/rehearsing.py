"""A rehearsal of thirty days over everybody: how long, how much memory, and what the live engine feels of it.

The floor is the bare loop of the engine's bench, for as many as enter: it writes the same rows, to be seen by all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from retention.workflows import definition
from retention.workflows.rehearsal.actions import ask
from retention.workflows.rehearsal.models import Rehearsal
from tests.bench import engine
from tests.bench.figures import Figure
from tests.bench.imports import environment, peak
from tests.bench.population import Population, say

SLUG = "bench-rehearsal"
#: One in ten falls silent in thirty days: a mail in their morning, and a task.
_WHO = {"all": [
    {"field": "lifecycle", "op": "in", "value": ["customer"]},
    {"field": "industry", "op": "in", "value": ["Software", "Retail"]},
]}  # fmt: skip
PLAN: dict[str, Any] = {
    "name": "Bench",
    "trigger": {"when": "silence", "days": engine.DAYS + 1, "where": _WHO},
    "steps": [
        {"id": "morning", "do": "wait", "until": {"time": "09:00"}},
        *engine.PLAN["steps"],
    ],
}  # fmt: skip


def asked(now: datetime) -> Rehearsal:
    Rehearsal.objects.filter(slug=SLUG).delete()
    return ask(SLUG, definition.parse(PLAN), "the bench", Rehearsal.Span.AHEAD, None, now)


def measure(population: Population) -> list[Figure]:
    anchor = population.anchor
    with population.entered():
        try:
            command = [sys.executable, "-m", "tests.bench.rehearser", anchor.isoformat()]
            seconds, megabytes = peak(command)
            entered = int(Rehearsal.objects.get(slug=SLUG).result["entered"])
            say(f"  rehearsal of {entered:,}: {seconds:.1f} s, {megabytes:.0f} MB")
            alone, beside = _beside(command, entered, anchor)
        finally:
            Rehearsal.objects.filter(slug=SLUG).delete()
    sizes = f"{population.accounts:,} accounts, {entered:,} enter in 30 days, a mail and a task each"
    floor = entered / alone.floor.per_second
    return [
        Figure("rehearsal", "rehearsal of 30 days", seconds, floor, "s", sizes),
        Figure("rehearsal.memory", "rehearsal of 30 days, peak", megabytes, None, "MB", sizes),
        Figure("rehearsal.beside", "engine beside a rehearsal, and alone", beside, alone.ours.per_second,
               "enrollments/s", f"{entered:,} enrollments, one worker"),
    ]  # fmt: skip


def _beside(command: list[str], due: int, now: datetime) -> tuple[engine.Compared, float]:
    """The live engine's work alone, with its floor, and how many a second it does beside a rehearsal."""
    alone = engine.measure_engine(due, 1, now)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        time.sleep(1)  # its stage is being set
        beside = engine.measure_ours(due, now)
        other.kill()
    say(f"  engine alone {alone.ours.per_second:,.0f}/s, beside a rehearsal {beside.per_second:,.0f}/s")
    return alone, beside.per_second
