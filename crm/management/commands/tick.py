"""Run what is due in this process, without Celery: the same work, in the same order, on a clock that can travel."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm import slots
from crm.web import clock
from crm.web.models import Pulse

#: Far more slices than one moment can hold and far more idle stops than a walk can have: beyond, a kind of work is
#: broken and would keep the command busy for ever.
MOST_ROUNDS = 100_000
MOST_IDLE_STOPS = 10_000

#: Work that looks around by the minute may have looked at the last tick's moment before something was imported or
#: switched on at it; workers would see that at their next look, and so must a walk.
NEXT_LOOK = timedelta(minutes=1)

#: Where the clock can stand: work looks years ahead and back, and the calendar has an end on both sides.
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2999, 12, 31, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Runs all that is due, mail included. With --now the clock walks from the last tick to T and stops at each "
        "due moment, so that one tick of 60 days does what hourly ticks do. Exit codes: 0 done, 1 a kind of work makes "
        "no progress, 2 refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", metavar="T", help="ISO 8601, UTC without an offset; never before the last tick")
        parser.add_argument("--until-idle", action="store_true", help="go on until nothing is due (implied by --now)")

    def handle(self, *args: Any, now: str | None, until_idle: bool, **options: Any) -> None:
        last = _last_tick()
        end = _moment(now)
        if last and end < last:
            raise CommandError(
                f"The last tick stood at {last.isoformat()}, and time does not go back: "
                f"give --now {last.isoformat()} or later.",
                returncode=2,
            )
        walk = Walk()
        if now:
            walk.to(end, start=last or end)
        elif until_idle:
            walk.until_idle(end)
        else:
            walk.one_round(end)
        _remember(end)
        with clock.travelling(end):
            for watch in slots.watchers:
                watch(end)
        for name, _ in walk.kinds:
            self.stdout.write(f"{name}: {walk.moved[name]}")
        self.stderr.write(f"The clock stands at {end.isoformat()}.")


class Walk:
    """One walk along the clock. `moved` counts rows by kind of work."""

    def __init__(self, *, without: str = "") -> None:
        self.moved: Counter[str] = Counter()
        self.kinds = [(name, kind) for name, kind in slots.work.items() if name != without]

    def to(self, end: datetime, start: datetime) -> None:
        """From `start` to `end`, both included. A killed walk goes on where it stopped."""
        moment, idle_stops = start, 0
        while True:
            idle_stops = 0 if self.until_idle(moment) else idle_stops + 1
            if moment == end:
                return
            if idle_stops == MOST_IDLE_STOPS:
                raise CommandError(
                    f"At {moment.isoformat()}, after {MOST_IDLE_STOPS} stops at which nothing was due: "
                    "a kind of work keeps naming moments at which it does nothing.",
                    returncode=1,
                )
            _remember(moment)
            moment = min(self._next_stop(moment, end), start + NEXT_LOOK if moment == start else end)

    def until_idle(self, moment: datetime) -> int:
        """Rounds until one of all kinds moves no row. Returns the rows moved.

        Between two such rounds only those go on that moved something: what takes many slices keeps nobody else busy.
        """
        before, kinds = self.moved.total(), self.kinds
        for _ in range(MOST_ROUNDS):
            round_moved = self._round(moment, kinds)
            if round_moved:
                kinds = [(name, kind) for name, kind in kinds if name in round_moved]
            elif kinds is self.kinds:
                return self.moved.total() - before
            else:
                kinds = self.kinds
        busy = ", ".join(round_moved or [name for name, _ in kinds])
        raise CommandError(
            f"At {moment.isoformat()}, after {MOST_ROUNDS} rounds: {busy} says that rows move and never ends.",
            returncode=1,
        )

    def one_round(self, moment: datetime) -> Counter[str]:
        """One slice of each kind of work. Returns the rows moved, by kind; empty when nothing was due."""
        return self._round(moment, self.kinds)

    def _round(self, moment: datetime, kinds: list[tuple[str, slots.Work]]) -> Counter[str]:
        with clock.travelling(moment):
            rows = Counter({name: moved for name, kind in kinds if (moved := kind.run(moment))})
        self.moved += rows
        return rows

    def _next_stop(self, moment: datetime, end: datetime) -> datetime:
        with clock.travelling(moment):
            known = [due for _, kind in self.kinds if (due := kind.next_due(moment))]
        # What claims to be due now was asked until it moved nothing: waiting for it would stop the clock.
        return min((due for due in known if moment < due < end), default=end)


def _moment(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        moment = clock.parse(text)
    except (ValueError, OverflowError) as error:
        raise CommandError(
            f"--now {text!r} is no moment: write it as 2026-06-01T12:00 or 2026-06-01T12:00+02:00.", returncode=2
        ) from error
    if not FIRST <= moment <= LAST:
        raise CommandError(
            f"--now {text!r} is out of reach: name a moment from {FIRST.isoformat()} to {LAST.isoformat()}.",
            returncode=2,
        )
    return moment


def _last_tick() -> datetime | None:
    return Pulse.objects.filter(name="tick").values_list("ran_at", flat=True).first()


def _remember(moment: datetime) -> None:
    """Forward only, also when two ticks run side by side."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_pulse (name, ran_at) VALUES ('tick', %s)"
            " ON CONFLICT (name) DO UPDATE SET ran_at = greatest(crm_pulse.ran_at, excluded.ran_at)",
            [moment],
        )
