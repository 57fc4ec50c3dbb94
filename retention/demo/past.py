"""The last weeks as the real engine made them: the clock walks, workflows run, mail leaves, people act."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from crm import slots
from crm.accounts.models import Contact
from crm.outbox.channels import Accepted, Outcome, Refused, Unknown
from crm.outbox.channels.email import Folder
from crm.outbox.mime import Envelope
from crm.outbox.models import OutboundMessage
from crm.outbox.sending import send
from crm.outbox.unsubscribing import unsubscribe
from crm.team.models import User
from crm.timeline.actions import record
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.todos.models import Task
from crm.web import clock
from retention.demo import filling, story, support
from retention.demo.automation import Automation
from retention.demo.chronicle import Event, Visit
from retention.demo.filling import Told
from retention.demo.house import House, on_a_page
from retention.workflows import engine, matching, triggers
from retention.workflows.rules import EARLIEST_DAWN

#: Kinds of work that fall due within a day because of what else happens on it; the others are asked each morning.
_LIVELY = ("workflows", "outbox", "ledger")
_DAY, _EPOCH = timedelta(days=1), datetime(2000, 1, 1, tzinfo=UTC)
#: At this hour the next day begins somewhere.
_DAWN = 24 - EARLIEST_DAWN // timedelta(hours=1)
#: The bell rings at most so often: what is due at nine leaves at nine in most zones, and at ten in the others.
BELL = timedelta(hours=2)
#: What the feed begins with.
LATEST = timedelta(days=4)
#: On this day nobody could reach the mail server until late in the evening.
OUTAGE_AGO, OUTAGE_ENDS = 14, 21
#: What real servers also answer, by a customer's trouble.
_ANSWERS: dict[str, Outcome] = {
    "bounces": Refused(False, "The mail server answered RCPT: 550 no such mailbox", bounced=True),
    "unclear": Unknown("The mail server got the text but gave no answer: timed out"),
}
#: How long a reader with trouble thinks before unsubscribing, and mail that waits is paused from now on.
_SECOND_THOUGHTS, _WAITS = timedelta(minutes=25), timedelta(hours=30)


class Mailbox(Folder):
    """A folder that keeps letters with the date they left, and has an answer of its own for some first letters."""

    def __init__(self, folder: Path, answers: dict[str, Outcome]) -> None:
        super().__init__(folder)
        self.answers = answers  # by address, each given once
        self.took: list[str] = []  # the addresses of a slice

    def send(self, envelope: Envelope) -> Outcome:
        self.took.append(envelope.to_address)
        if answer := self.answers.pop(envelope.to_address, None):
            return answer
        outcome = super().send(envelope)
        if isinstance(outcome, Accepted):
            left = envelope.date.timestamp()
            os.utime(self.folder / outcome.provider_id, (left, left))
        return outcome


class Past:
    """The walk of one demo from the day the recipes were switched on to the present."""

    def __init__(self, everybody: Sequence[Told], ours: dict[str, int], folder: Path, now: datetime) -> None:
        self.everybody, self.ours, self.now = everybody, ours, now
        self.start = now - story.ENGINE_SPAN
        troubled = {one.customer.people[0].email: one.customer.trouble for one in everybody if one.customer.trouble}
        answers = {address: _ANSWERS[trouble] for address, trouble in troubled.items() if trouble in _ANSWERS}
        self.mailbox, self.rng = Mailbox(folder, answers), Random(11)
        self.fed_up = {address for address, trouble in troubled.items() if trouble == "unsubscribes"}
        self.waiting = [address for address, trouble in troubled.items() if trouble == "waits"]
        self.users = User.objects.in_bulk(list(ours.values()))
        self.house = House(ours)
        self.automation = Automation(self.house.users, set(troubled))
        self.kinds = [(name, kind) for name, kind in slots.work.items() if not name.startswith(support.LATER)]
        self.known: dict[str, datetime | None] = {}  # when each kind falls due, as far as it was asked
        self.asked_on: date | None = None
        self.looked = (self.start.date(), False, False)
        said = self._queue([(t, e) for t in everybody for e in t.events])
        self.latest = [pair for pair in said if _is_latest(pair[1], now)]
        self.events: deque[tuple[Told, Event]] = deque(pair for pair in said if not _is_latest(pair[1], now))
        self.visits: deque[tuple[Told, Visit]] = self._queue([(t, v) for t in everybody for v in t.visits])

    def _queue[T: (Event, Visit)](self, pairs: list[tuple[Told, T]]) -> deque[tuple[Told, T]]:
        return deque(sorted((p for p in pairs if p[1].at >= self.start), key=lambda pair: pair[1].at))

    def live(self, told: Callable[[float], None]) -> None:
        """`told` hears each morning which share of the walk is done."""
        with clock.travelling(self.start):
            self.automation.begin(self.start)
        self.house.settle_in(self.start)
        Contact.objects.filter(email__in=self.waiting).update(automation_paused_until=self.now + _WAITS)
        moment, due, day = self.start, set(slots.work.names()), self.start.date()
        while True:
            with clock.travelling(moment):
                new_day, day = moment.date() != day, moment.date()
                self._happen(moment, counted=new_day or moment == self.now)
                if new_day:
                    told((moment - self.start) / (self.now - self.start))
                    ago = (self.now.date() - day).days
                    self.house.morning(ago, moment)
                    self.automation.morning(ago, moment)
                    self._morning(moment)
                self._ring(moment, due)
                if moment >= self.now:
                    return
                moment, due = self._next_stop(moment)

    def _next_stop(self, moment: datetime) -> tuple[datetime, set[str]]:
        """The next bell behind something that falls due, at the latest in a day; and what is due."""
        rung = moment - (moment - _EPOCH) % BELL
        self._ask(moment)
        known = {name: at for name, at in self.known.items() if at and at > moment}
        soonest = min([*known.values(), rung + _DAY])
        stop = min(rung + max(-(-(soonest - rung) // BELL), 1) * BELL, self.now)
        due = set(slots.work.names()) if stop == self.now else {name for name, at in known.items() if at <= stop}
        return stop, due

    def _ask(self, moment: datetime) -> None:
        """Each kind when it falls due next: what has come and what moves by the hour always, the others once a day."""
        for name, kind in self.kinds:
            at = self.known.get(name)
            if name in _LIVELY or self.asked_on != moment.date() or (at and at <= moment):
                self.known[name] = self._work_due(moment) if name == "workflows" else kind.next_due(moment)
        self.asked_on = moment.date()

    def _ring(self, moment: datetime, due: set[str]) -> None:
        """A slice of what is due, which at this size is all of it; what workflows plan may leave at once."""
        down = moment.date() == (self.now - timedelta(days=OUTAGE_AGO)).date() and moment.hour < OUTAGE_ENDS
        for name, kind in self.kinds:
            if name not in due or (name == "outbox" and down):
                continue
            if name == "workflows":
                due |= {name, "outbox"} if self._move(moment) else set()
            elif name == "outbox":
                if OutboundMessage.objects.waiting().filter(due_at__lte=moment).exists():
                    self._send(moment)
            elif kind.run(moment):
                due |= {name, "outbox"}
                while name == "ledger" and kind.run(moment):
                    pass

    def _move(self, moment: datetime) -> int:
        """The workflows' slice. Dates and silences are looked for when the day begins, here and where it begins first,
        which is soon enough for a story.
        """
        looked, self.looked = self.looked, (moment.date(), moment.hour >= _DAWN, moment == self.now)
        moved = matching.match(moment) + (triggers.sweep(moment) if looked != self.looked else 0)
        return moved + engine.advance(moment)

    def _work_due(self, moment: datetime) -> datetime | None:
        """As the workflows say, but for what sweeps find."""
        dawn = moment.replace(hour=_DAWN, minute=0, second=0, microsecond=0)
        dawn += timedelta(days=int(dawn <= moment))
        return min(at for at in (matching.next_due(moment), engine.next_due(moment), dawn) if at)

    def _send(self, moment: datetime) -> None:
        """The outbox's slice; only the answers are the demo's."""
        self.mailbox.took.clear()
        send(self.mailbox, moment)
        for address in self.fed_up.intersection(self.mailbox.took):
            self.fed_up.remove(address)
            with on_a_page(None, moment + _SECOND_THOUGHTS):
                unsubscribe(Contact.objects.get(email=address), moment + _SECOND_THOUGHTS)

    # What customers and colleagues do -----------------------------------------------------------------------------

    def _happen(self, moment: datetime, *, counted: bool) -> None:
        """Tell what has happened since the last stop; use is counted once a day, as a nightly file would."""
        if told := _until(self.events, moment):
            record(filling.facts(told, self.ours), now=told[-1][1].at)
        if counted:
            filling.use(_until(self.visits, moment), moment)

    def last_days(self) -> None:
        """What was said and done lately: told last, so that the feed of what happens now begins with it."""
        record(filling.facts(self.latest, self.ours), now=self.latest[-1][1].at)

    def _morning(self, moment: datetime) -> None:
        """Yesterday's work: tasks that got done, and new ones that people gave each other."""
        for task in Task.objects.open().filter(due_at__lt=moment).select_related("owner").order_by("id"):
            done_at = min(task.due_at, moment) - timedelta(minutes=self.rng.randint(5, 400))
            late = self.rng.random() < (0.5 if task.owner_id == self.ours["mira"] else 0.2)
            recent = moment > self.now - timedelta(days=4)
            if not late and not (recent and task.owner_id == self.ours["mira"]) and done_at > task.created_at:
                todos.complete(task, task.owner or self.users[self.ours["ada"]], done_at)
        if moment.weekday() < 5:
            todos.create([self._new_task(moment) for _ in range(3)], now=moment)

    def _new_task(self, moment: datetime) -> NewTask:
        told = self.rng.choice([one for one in self.everybody if one.customer.rhythm and one.customer.people])
        sentence = self.rng.choice(told.chronicle.words["task"])
        by, owner = self.rng.choice(["ines", "sam", "ben"]), told.customer.owner
        due = moment.replace(hour=self.rng.choice([9, 10, 14, 15]), minute=0) + timedelta(days=self.rng.randint(1, 12))
        return NewTask(
            told.chronicle.fill(sentence, told.customer.people[0]), due, told.account_id, told.contact_ids[0],
            owner_id=self.ours[owner] if owner else None, created_by_id=self.ours[by],
        )  # fmt: skip


def _is_latest(event: Event, now: datetime) -> bool:
    """Whether workflows can do without it until the end of the story."""
    return event.at > now - LATEST and not event.kind.startswith("contract.")


def _until[T: (Event, Visit)](queue: deque[tuple[Told, T]], moment: datetime) -> list[tuple[Told, T]]:
    taken = []
    while queue and queue[0][1].at <= moment:
        taken.append(queue.popleft())
    return taken
