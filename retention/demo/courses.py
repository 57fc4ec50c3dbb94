"""How tickets of the demo went: what was said when, and what follows from it. Arithmetic over words, no tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crm.tickets import rules
from crm.tickets.rules.clock import OpenTime
from retention.demo.filling import COLLEAGUES, Told

#: As the desk's settings have it.
CLOSES_AFTER = timedelta(days=7)
_CLOSED = f"nobody had written for {CLOSES_AFTER.days} days since it was solved"
#: Courses by how many of a hundred go so.
_COURSES = {"at_once": 42, "asked_back": 24, "thanked": 14, "held": 11, "again": 9}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said; `kind` is a TicketMessage's, blank where it only turned. `then` is the status it turns into."""

    at: datetime
    kind: str
    text: str = ""
    by: str | None = None  # of ours
    then: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """From `at` on it is `status`."""

    status: str
    at: datetime
    by: str | None
    because: str = ""


@dataclass
class Case:
    """A ticket before it is rows. Without a customer, somebody unknown asks."""

    subject: str
    category: str
    lines: list[Line]
    told: Told | None = None
    person: int = 0
    priority: int = 2
    channel: str = "email"
    assignee: str | None = None
    tags: list[str] = field(default_factory=list)
    name: str = ""
    handle: str = ""
    html: str = ""  # of its first message
    score: int | None = None  # what they say of the last solving
    comment: str = ""
    logged_by: str | None = None  # for a caller
    file: dict[str, str] | None = None  # with its first message
    merged: bool = False  # into the next one of the same customer

    @property
    def asker(self) -> str:
        return self.told.customer.people[self.person].name if self.told else self.name

    @property
    def answered(self) -> datetime | None:
        """When one of ours answered first."""
        return next((line.at for line in self.lines if line.kind == "out"), None)

    @property
    def turns(self) -> list[Turn]:
        return list(_turns(self.lines, self.asker))


def _turns(lines: Sequence[Line], asker: str) -> Iterator[Turn]:
    status = "new"
    yield Turn(status, lines[0].at, lines[0].by)
    for line in lines[1:]:
        if line.kind == "in":
            becomes = rules.after_customer(status)
        elif line.kind == "out":
            becomes = rules.after_answer(status, line.then)
        else:
            becomes = line.then or status
        if becomes != status:
            status = becomes
            because = f"{asker} wrote" if line.kind == "in" else _CLOSED if status == "closed" else ""
            yield Turn(status, line.at, line.by, because)


class Desk:
    """Makes up what was asked and answered in the past; the same for the same day."""

    def __init__(self, words: dict[str, Any], hours: OpenTime, now: datetime) -> None:
        self.words, self.hours, self.now, self.rng = words, hours, now, Random(1912)
        self.categories = words["categories"]
        self.often = [one["often"] for one in self.categories.values()]
        self.pools: dict[str, list[Any]] = {}

    def case(self, told: Told, at: datetime) -> Case:
        """What somebody there asked at that moment, up to now."""
        rng = self.rng
        category = rng.choices(list(self.categories), self.often)[0]
        topic, upset = self._next(category, self.categories[category]["topics"]), rng.random() < 0.06
        gold = is_gold(told)
        case = Case(
            topic["subject"], category, [], told, rng.randrange(len(told.customer.people)),
            rng.choices((1, 2, 3, 4), (12, 62, 20, 6))[0],
            rng.choices(("email", "form", "phone", "whatsapp", "telegram", "api"), (64, 16, 8, 6, 4, 2))[0],
            self._agent(category),
        )  # fmt: skip
        if rng.random() < 0.3:
            case.tags = [rng.choice(self.words["tags"])]
        asked = f"{topic['asked']} {self._next('upset', self.words['upset'])}" if upset else topic["asked"]
        course = rng.choices(list(_COURSES), list(_COURSES.values()))[0]
        first = self._later(at, 18 if gold else 55, 0.9)
        steps = getattr(self, f"_{course}")(case, topic["answer"], first)
        self._tell(case, [Line(at, "in", asked), *steps])
        if case.turns[-1].status in rules.DONE:
            self._rate(case, upset)
        return case

    def _tell(self, case: Case, lines: list[Line]) -> None:
        """As far as it is past. What is not done by now waits for the customer; what was solved long ago is closed."""
        assert case.told
        done = [line for line in lines if line.at < self.now]
        if len(done) < len(lines) and done[-1].kind != "out":
            at = min(done[-1].at + timedelta(minutes=25), self.now - timedelta(minutes=1))
            done.append(Line(at, "out", self.categories[case.category]["ask"], case.assignee, "pending"))
        elif len(done) < len(lines):
            done[-1] = Line(done[-1].at, "out", done[-1].text, done[-1].by, "pending")
        elif done[-1].at + CLOSES_AFTER < self.now:
            done.append(Line(done[-1].at + CLOSES_AFTER, "", "", None, "closed"))
        names = {"first": case.told.customer.people[case.person].first, "name": case.told.customer.name,
                 "use": case.told.customer.use_case, "agent": case.assignee}  # fmt: skip
        case.lines = [Line(one.at, one.kind, one.text.format(**names), one.by, one.then) for one in done]

    # Courses: all but the first line ------------------------------------------------------------------------------

    def _at_once(self, case: Case, answer: str, at: datetime) -> list[Line]:
        return [Line(at, "out", answer, case.assignee, "solved")]

    def _asked_back(self, case: Case, answer: str, at: datetime) -> list[Line]:
        said = self.categories[case.category]
        back = self._later(at, 150, 1.0)
        return [
            Line(at, "out", said["ask"], case.assignee, "pending"), Line(back, "in", said["reply"]),
            Line(self._later(back, 70, 1.0), "out", answer, case.assignee, "solved"),
        ]  # fmt: skip

    def _thanked(self, case: Case, answer: str, at: datetime) -> list[Line]:
        back = self._later(at, 90, 1.0)
        pool = "delighted" if self.rng.random() < 0.3 else "thanks"
        return [
            Line(at, "out", answer, case.assignee, "pending"), Line(back, "in", self._next(pool, self.words[pool])),
            Line(self._later(back, 15, 0.8), "", "", case.assignee, "solved"),
        ]  # fmt: skip

    def _held(self, case: Case, answer: str, at: datetime) -> list[Line]:
        noted, on = at + timedelta(minutes=4), self._later(at, 500, 0.9)
        return [
            Line(at, "out", self._next("looking", self.words["looking"]), case.assignee),
            Line(noted, "note", self._next("held", self.words["held"]), case.assignee, "on_hold"),
            Line(max(on, noted + timedelta(minutes=9)), "out", answer, case.assignee, "solved"),
        ]  # fmt: skip

    def _again(self, case: Case, answer: str, at: datetime) -> list[Line]:
        back = min(self._later(at, 700, 0.8), at + CLOSES_AFTER - timedelta(hours=1))
        done, sorry = self._later(back, 60, 0.9), self._next("second", self.words["second"])
        return [
            Line(at, "out", answer, case.assignee, "solved"),
            Line(back, "in", self._next("again", self.words["again"])),
            Line(done, "out", sorry, case.assignee, "solved"),
        ]  # fmt: skip

    def _rate(self, case: Case, upset: bool) -> None:
        if self.rng.random() > 0.42:
            return
        case.score = self.rng.choices((5, 4, 3, 2, 1), (8, 22, 28, 24, 18) if upset else (48, 31, 12, 6, 3))[0]
        if self.rng.random() < 0.4:
            comment = self._next(f"comment {case.score}", self.words["comments"][case.score])
            case.comment = comment.format(agent=COLLEAGUES[case.assignee or "sam"][0].split()[0])

    def _later(self, at: datetime, minutes: int, spread: float) -> datetime:
        """So many working minutes behind, in the median."""
        took = timedelta(minutes=1 + minutes * self.rng.lognormvariate(0, spread))
        return self.hours.add_open_time(at, took) or at + took

    def _agent(self, category: str) -> str:
        if self.categories[category]["team"] == "Billing":
            return self.rng.choices(("ben", "sam"), (3, 2))[0]
        return self.rng.choices(("sam", "ines", "mira"), (50, 44, 6))[0]

    def _next(self, name: str, words: Sequence[Any]) -> Any:
        """None comes back before all have been said."""
        pool = self.pools.setdefault(name, [])
        if not pool:
            pool += self.rng.sample(list(words), len(words))
        return pool.pop()


#: What gold ones pay a month at least, in their own currency.
GOLD_FROM = 1000


def is_gold(told: Told) -> bool:
    """The customers of the largest contracts have a service level of their own."""
    return any(one.status == "paid" and one.terms[-1].mrr >= GOLD_FROM for one in told.customer.agreements)
