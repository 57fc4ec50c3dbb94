"""The virtual clock of a rehearsal: it goes from stop to stop, and at each the engine's own work is done.

Where little is due the clock stops at each due moment, as `tick` does. On a day on which much is due it stops at the
end of each hour that has something: steps count their waits from when they were due and mail is judged at its own
moment, so that an hour looked at at its end comes to the same. Hours end a moment early, so that none belongs to two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Min

from crm.accounts.models import AccountSeen
from crm.outbox.sending.rehearsing import Sending
from crm.segments.models import SegmentMoves
from crm.web import clock
from retention.workflows import engine, matching, triggers
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.rehearsal.scene import Scene
from retention.workflows.triggers.segments import SegmentTrigger
from retention.workflows.triggers.silence import SilenceTrigger

#: A day of more stops than this is walked hour by hour.
MOST_STOPS = 100
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
#: Far more slices than one moment can hold: beyond, a step is broken and would never end.
MOST_ROUNDS = 100_000


class Stuck(RuntimeError):
    """The walk cannot go on; the text is for people."""


class Walk:
    def __init__(self, scene: Scene, told: Callable[[datetime], None]) -> None:
        self.scene, self.told, self.plan = scene, told, scene.plan
        self.sending = Sending()
        self.known_until = self.plan.begin - INSTANT  # facts until then are in the queue
        kind = trigger_kinds[self.plan.definition.trigger.when]
        # Who was swept at the very beginning is not swept again within a minute; see SWEEP_EVERY.
        first = self.plan.begin if self.plan.include_current else self.plan.begin + triggers.SWEEP_EVERY
        self.sweep_at: datetime | None = first if kind.swept else None
        self.sweeps, self.swept_until = kind.swept, self.plan.begin
        self.stops = 0

    def run(self) -> None:
        moment = self.plan.begin
        while moment < self.plan.end:
            end = min(moment + DAY, self.plan.end)
            if self._busy(moment, end):
                self._by_the_hour(moment, end)
            else:
                self._stop_by_stop(moment, end)
            moment = end

    def _stop_by_stop(self, begin: datetime, end: datetime) -> None:
        """At each due moment; `begin` is one."""
        before = self.stops
        moment: datetime | None = begin
        while moment and moment < end:
            self._stop(moment, moment)
            if self.stops - before > 2 * MOST_STOPS:
                self._by_the_hour(moment, end)
                return
            moment = self._next(moment)

    def _by_the_hour(self, begin: datetime, end: datetime) -> None:
        self._stop(begin, begin)
        self._sweep_ahead(end)
        while (due := self._next(begin)) and due < end:
            due = max(due, begin)
            hour = due.replace(minute=0, second=0, microsecond=0)
            until = min(hour + HOUR, end) - INSTANT
            self._stop(max(begin, hour), until)
            begin = until

    def _stop(self, begin: datetime, moment: datetime) -> None:
        """Do all that is due by `moment`, until nothing is. Mail that leaves makes nobody due."""
        self.stops += 1
        self.told(moment)
        fed = self._feed(moment)
        with clock.travelling(moment):
            for _ in range(MOST_ROUNDS):
                entered = self._enter(moment) if fed or (self.sweep_at and self.sweep_at <= moment) else 0
                tried = engine.advance(moment)
                if not entered and tried < engine.FULL_BATCH:
                    self.sending.leave(begin, moment)
                    return
        raise Stuck(f"At {moment:%-d %B %H:%M} UTC something moved again and again and never came to an end.")

    def _feed(self, moment: datetime) -> bool:
        """Let what has happened by now be known, and say whether there is anything to match."""
        if not self.plan.back:
            return False
        self.scene.set_clock(moment)
        fed = self.scene.feed(self.known_until, moment)
        self.known_until = max(self.known_until, moment)
        return bool(fed) or matching.next_due(self.plan.begin) is not None

    def _enter(self, moment: datetime) -> int:
        with self.scene.session.outside(self.scene.whole):
            moved = matching.match(moment) if self.plan.back else 0
            if self.sweep_at and self.sweep_at <= moment:
                moved += self._sweep(moment)
        if moved:
            self.scene.take_in()
        return moved

    def _sweep(self, moment: datetime) -> int:
        """A sweep that failed is only logged, for workers; here somebody waits for its answer."""
        if entered := triggers.sweep(moment):
            return entered
        swept = Workflow.objects.values_list("swept_until", flat=True).get(pk=self.plan.workflow_id)
        if swept is None or moment - swept >= triggers.SWEEP_EVERY:
            raise Stuck("The look for who enters failed; an admin finds the reason in the worker’s log.")
        self.swept_until = swept
        self.sweep_at = swept + triggers.SWEEP_EVERY if swept < moment else None
        return 0

    def _sweep_ahead(self, end: datetime) -> None:
        """Who falls silent in these hours is due at that very moment, so that one look finds them for all of them."""
        if not isinstance(self.plan.definition.trigger, SilenceTrigger):
            return
        until = end - INSTANT
        self.sweep_at = until
        with clock.travelling(until):
            while self._enter(until):
                pass
        self.scene.session.run(
            "UPDATE retention_enrollment SET entered_at = least(entered_at, due_at) WHERE id >= %s AND entered_at = %s",
            [self.scene.first_id, until],
        )

    # Where the clock stops next --------------------------------------------------------------------------------------

    def _next(self, moment: datetime) -> datetime | None:
        self._look_for_sweeps(moment)
        known = [self.sweep_at, engine.next_due(moment), self.sending.next_due()]
        if self.plan.back:
            known += [self._next_fact(), matching.next_due(moment)]
        return min((max(due, moment + INSTANT) for due in known if due), default=None)

    def _look_for_sweeps(self, moment: datetime) -> None:
        if not self.sweeps or moment < self.swept_until:
            return
        trigger = self.plan.definition.trigger
        if isinstance(trigger, SegmentTrigger):
            moves = SegmentMoves.objects.filter(segment=trigger.segment, at__gt=moment)
            due = moves.aggregate(at=Min("at"))["at"]
        else:
            with clock.travelling(moment), self.scene.session.outside(self.scene.whole):
                due = triggers.next_due(moment)
        self.sweep_at = min((each for each in (self.sweep_at, due) if each), default=None)

    def _next_fact(self) -> datetime | None:
        found = self.scene.session.rows("SELECT min(at) FROM feed WHERE at > %s", [self.known_until])
        return found[0][0] if found else None

    def _busy(self, begin: datetime, end: datetime) -> bool:
        """Whether so much is due from `begin` to `end` that it cannot be walked moment by moment."""
        due = Enrollment.objects.filter(workflow_id=self.plan.workflow_id).active().filter(due_at__lt=end)
        counts = due.values("due_at").distinct()[: MOST_STOPS + 1].count()
        counts += self.scene.session.rows(
            "SELECT count(DISTINCT at) FROM (SELECT at FROM feed WHERE at >= %s AND at < %s LIMIT 10000) AS x",
            [begin, end],
        )[0][0]
        trigger = self.plan.definition.trigger
        if isinstance(trigger, SilenceTrigger):
            lasting = timedelta(days=trigger.days)
            silent = AccountSeen.objects.filter(silent_since__gte=begin - lasting, silent_since__lt=end - lasting)
            counts += len(silent.values_list("pk")[: MOST_STOPS + 1])
        return bool(counts > MOST_STOPS)
