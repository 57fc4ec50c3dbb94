"""What a rehearsal came to, in figures and sentences: how many, on which day, what is held back, whose work it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from crm.web import clock
from crm.web.wording import listed
from retention.workflows.rehearsal.models import Rehearsal

#: Guard → by what it holds back, inside a sentence.
HELD_BY = {
    "cap": "by the cap on how many one person gets",
    "quiet-hours": "by night hours",
    "consent": "for want of consent",
    "suppression": "because their address gets no mail any more",
    "do-not-contact": "by “do not contact”",
    "pause": "while automation is paused for them",
    "late": "because it would come too late",
    "no-address": "because nobody there has an e-mail address",
    "workflow": "because they had left by then",
    "switch": "by a stop on their mail",
    "hours": "by the hours at which its mail may leave",
    "topic": "because they do not want mail about this",
    "rate": "by the sender’s pace",
    "text": "because their text cannot be filled in",
    "holdout": "to measure what it does, as they are held out",
}

#: Outcomes of messages, each with how the chart draws it.
DRAWN = {"sent": "neu", "later": "soft", "skipped": "held", "waiting": "held"}
MESSAGES = tuple(DRAWN)
HELD = ("later", "skipped", "waiting")
#: A message to one of ours is none to a customer.
OURS = ("notify",)


def held_by(guard: str) -> str:
    return HELD_BY.get(guard, f"by “{guard.replace('-', ' ')}”" if guard else "for another reason")


@dataclass
class Day:
    """What would happen on one day, by outcome."""

    day: date
    counts: Counter[str] = field(default_factory=Counter)
    ours: int = 0  # messages to people of ours

    @property
    def entered(self) -> int:
        return self.counts["entered"]

    @property
    def sent(self) -> int:
        return self.counts["sent"] + self.counts["later"]

    @property
    def not_sent(self) -> int:
        return self.counts["skipped"] + self.counts["waiting"]

    @property
    def held(self) -> int:
        return sum(self.counts[outcome] for outcome in HELD)

    @property
    def tasks(self) -> int:
        return self.counts["task"]

    @property
    def left(self) -> int:
        return self.counts["left"] + self.counts["reached"]

    @property
    def messages(self) -> int:
        return self.sent + self.not_sent

    @property
    def cells(self) -> list[tuple[str, int]]:
        """What the page counts of a day, each with what opens its names."""
        return [("entered", self.entered), ("sent", self.sent), ("held", self.held), ("unsent", self.not_sent),
                ("tasks", self.tasks), ("left", self.left)]  # fmt: skip


@dataclass(frozen=True)
class Held:
    guard: str
    words: str
    count: int


class Figures:
    """Of one that was played to its end."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal, result = rehearsal, rehearsal.result
        first = clock.today(rehearsal.begins_at)
        last = clock.today(rehearsal.ends_at)
        self.days = [Day(first + timedelta(days=at)) for at in range((last - first).days + 1)]
        by_day = {day.day: day for day in self.days}
        self.others: Counter[str] = Counter()  # what else steps do, by kind
        held: Counter[str] = Counter()
        self._late: Counter[str] = Counter()  # sent, but later than planned, by guard
        self._unsent: Counter[str] = Counter()
        for iso, outcome, kind, guard, count, _ in result.get("days", []):
            # What is still held back at the end may be planned for a day beyond it.
            day = by_day.get(date.fromisoformat(iso), self.days[-1])
            if outcome in MESSAGES and kind in OURS:
                day.ours += count
                continue
            day.counts[outcome] += count
            if outcome in HELD:
                held[guard] += count
                (self._late if outcome == "later" else self._unsent)[guard] += count
            if outcome == "done":
                self.others[kind] += count
        self.held_by = [Held(guard, held_by(guard), count) for guard, count in held.most_common()]
        self.reached_people: int | None = result.get("reached_people")  # None: played before this was counted
        self.was_in_it: int = result.get("was_in_it", 0)
        self.under_way: int = result.get("under_way", 0)

    def total(self, *outcomes: str) -> int:
        return sum(day.counts[outcome] for day in self.days for outcome in outcomes)

    @property
    def messages(self) -> int:
        return self.total(*MESSAGES)

    @property
    def sent(self) -> int:
        return self.total("sent", "later")

    @property
    def held(self) -> int:
        return self.total(*HELD)

    @property
    def not_sent(self) -> int:
        return self.total("skipped", "waiting")

    @property
    def tasks(self) -> int:
        return self.total("task")

    @property
    def entered(self) -> int:
        return self.total("entered")

    @property
    def left(self) -> int:
        return self.total("left")

    @property
    def reached(self) -> int:
        return self.total("reached")

    @property
    def held_out(self) -> int:
        return self.total("held_out")

    @property
    def failed(self) -> int:
        return self.total("failed")

    @property
    def ours(self) -> int:
        return sum(day.ours for day in self.days)

    @property
    def sentence(self) -> str:
        """“188 messages would be sent to 180 people, 8 of them later than planned, by night hours. 21 more would not be
        sent in this time: 13 by the cap and 8 for want of consent. Nothing was sent.”

        What is held back for good is no message to anybody.
        """
        if not (self.messages or self.tasks or self.entered or self.was_in_it):
            return "Nobody would enter, and nothing would happen. Nothing was sent."
        parts = []
        if self.sent:
            said = f"{_many(self.sent, 'message')} would be sent"
            if self.reached_people is not None:
                said += f" to {_many(self.reached_people, 'person', 'people')}"
            if late := self.total("later"):
                said += f", {late:,} of them later than planned{_causes(self._late)}"
            parts.append(said)
        if self.not_sent:
            count = f"{self.not_sent:,} more" if self.sent else _many(self.not_sent, "message")
            parts.append(f"{count} would not be sent in this time{_causes(self._unsent)}")
        if self.tasks:
            parts.append(_many(self.tasks, "task"))
        return ". ".join([*parts, "Nothing was sent."])


def _causes(held: Counter[str]) -> str:
    """The three that hold back the most, each with its number; a single one goes without."""
    if len(held) == 1:
        return f", {held_by(next(iter(held)))}"
    said = [f"{count:,} {held_by(guard)}" for guard, count in held.most_common(3)]
    if more := held.total() - sum(count for _, count in held.most_common(3)):
        said.append(f"{more:,} for other reasons")
    return f": {listed(said)}"


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


# Whose work it is -------------------------------------------------------------------------------------------------


@dataclass
class Member:
    """One of ours, with the tasks of each day beside what fits into a day of theirs."""

    user: Any  # None: the admins' pool
    capacity: int
    days: list[int]
    before: list[int]  # tasks that are due already

    @property
    def tasks(self) -> int:
        return sum(self.days)

    @property
    def busiest(self) -> int:
        return max(self.loads, default=0)

    @property
    def loads(self) -> list[int]:
        return [new + old for new, old in zip(self.days, self.before, strict=True)]

    @property
    def over(self) -> int:
        """Days on which more is due than fits; a pool has no days."""
        if not self.capacity:
            return 0
        return sum(load > self.capacity for load, new in zip(self.loads, self.days, strict=True) if new)


def team(figures: Figures, users: Mapping[int, Any]) -> list[Member]:
    """Who would have tasks of it, those with the most first."""
    result, places = figures.rehearsal.result, {day.day.isoformat(): at for at, day in enumerate(figures.days)}
    new, old = _by_member(result.get("team", []), places), _by_member(result.get("due_already", []), places)
    nothing = [0] * len(figures.days)
    members = [
        Member(users.get(pk or 0), getattr(users.get(pk or 0), "day_capacity", 0), days, old.get(pk, nothing))
        for pk, days in new.items()
    ]
    return sorted(members, key=lambda member: (-member.tasks, str(member.user)))


def shared_by(members: Sequence[Member]) -> str:
    """Whose the tasks are, in a few words."""
    people = sum(1 for member in members if member.user)
    said = [f"for {_many(people, 'colleague')}"] if people else []
    if len(members) > people:
        said.append("for the admins’ pool")
    return listed(said) or "nobody gets one"


def _by_member(rows: Sequence[Sequence[Any]], places: Mapping[str, int]) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    for user, day, count in rows:
        if day in places:
            found.setdefault(user, [0] * len(places))[places[day]] += count
    return found
