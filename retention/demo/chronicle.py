"""What happened at each of the demo's customers: words on the timeline and days of use, before they are rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from crm.web import clock, wording
from crm.web.rules import local_moment
from retention.demo.plots import NAMED
from retention.demo.story import Customer, Person, Term

#: Use is told day by day for so long; before that only the first time of each feature.
USE_DAYS = 70
_FEATURES = {
    "contact_added": "First contact added", "report": "First report made", "export": "First export",
    "invite": "First colleague invited", "schedule": "First report on a schedule",
}  # fmt: skip
#: Most do without it, which gives a workflow something to do.
_SELDOM = "schedule"
#: So many reports are worth a line.
_MANY_REPORTS = 100


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a timeline. `person` is a place in the customer's people, `actor` one of ours; `once` makes a key."""

    at: datetime
    kind: str
    text: str
    source: str = "automatic"
    person: int | None = None
    actor: str | None = None
    channel: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    once: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's use of the product on one day."""

    at: datetime
    person: int
    uses: dict[str, int]


class Chronicle:
    """One customer's past up to `now`, the same for the same customer and day."""

    def __init__(self, customer: Customer, words: dict[str, Any], now: datetime) -> None:
        self.customer, self.words, self.now = customer, words, now
        self.today = clock.today(now)
        self.zone = clock.zone(customer.zone)
        self.rng = Random(customer.name)
        self._pools = {kind: self._shuffled(words[kind]) for kind in ("call", "meeting", "note", "mail", "answer")}

    def visits(self) -> list[Visit]:
        rhythm, start = self.customer.rhythm, self.customer.first_day
        found = list(self._first_uses(start)) if start else []
        if rhythm and start and self.customer.people:
            for ago in range(USE_DAYS, -1, -1):
                day = self.today - timedelta(days=ago)
                gone = ago < rhythm.silent_for or rhythm.away[1] < ago < rhythm.away[0]
                last = rhythm.silent_for == ago > 0
                chance = rhythm.chance * (0.25 if ago < rhythm.falls_ago else 1) * (0.15 if day.weekday() > 4 else 1)
                if day >= start and not gone and (last or self.rng.random() < chance):
                    found.append(self._visit(day, rhythm.adds))
        return sorted((visit for visit in found if visit.at < self.now), key=lambda visit: visit.at)

    def events(self, visits: list[Visit]) -> list[Event]:
        told = [*self._dealings(), *self._touches(), *self._milestones(visits), *self._falls(visits)]
        return sorted((event for event in told if event.at < self.now), key=lambda event: event.at)

    # Use ----------------------------------------------------------------------------------------------------------

    def _first_uses(self, start: date) -> Iterator[Visit]:
        if start >= self.today - timedelta(days=USE_DAYS) or not self.customer.people:
            return
        for feature in _FEATURES:
            if self.rng.random() < (0.3 if feature == _SELDOM else 0.8):
                yield Visit(self._at(start + timedelta(days=self.rng.randint(0, 25))), 0, {feature: 1})

    def _visit(self, day: date, adds: int) -> Visit:
        uses = {"report": self.rng.randint(1, 6)}
        if adds:
            uses["contact_added"] = self.rng.randint(1, adds)
        for feature in ("export", "invite", "schedule"):
            if self.rng.random() < (0.01 if feature == _SELDOM else 0.12):
                uses[feature] = self.rng.randint(1, 2)
        return Visit(self._at(day), self.rng.randrange(len(self.customer.people)), uses)

    def _milestones(self, visits: list[Visit]) -> Iterator[Event]:
        known: set[str] = set()
        reports = 0
        for visit in visits:
            for feature in visit.uses.keys() - known:
                known.add(feature)
                yield Event(visit.at, "usage.first", _FEATURES[feature], person=visit.person, channel="product",
                            payload={"feature": feature}, once=f"usage.first:{{account}}:{feature}")  # fmt: skip
            before, reports = reports, reports + visit.uses.get("report", 0)
            if before < _MANY_REPORTS <= reports:
                yield Event(visit.at, "usage.milestone", f"{_MANY_REPORTS} reports made", channel="product")

    def _falls(self, visits: list[Visit]) -> Iterator[Event]:
        """Weeks with less than half of the use of the week before; counted from the visits, told on Monday."""
        by_week: dict[date, int] = defaultdict(int)
        for visit in visits:
            day = clock.today(visit.at)
            by_week[day - timedelta(days=day.weekday())] += 1
        for monday, days in list(by_week.items()):
            following = monday + timedelta(days=7)
            if (
                days >= 4
                and by_week.get(following, 0) * 2 < days
                and following >= self.today - timedelta(days=USE_DAYS)
            ):
                text = f"Use fell from {days} days a week to {by_week.get(following, 0)}"
                yield Event(self._at(following + timedelta(days=7), 6), "usage.fell", text, channel="product")

    # Contracts ----------------------------------------------------------------------------------------------------

    def _dealings(self) -> Iterator[Event]:
        customer = self.customer
        person = 0 if customer.people else None
        yield Event(self._at(customer.signed_up_on), "account.signed_up", f"Signed up, for {customer.use_case}",
                    "customer", person)  # fmt: skip
        for one in customer.agreements:
            first, *later = one.terms
            yield self._begun(first, one.plan, one.status == "trial")
            for before, term in zip(one.terms, later, strict=False):
                yield self._continued(before, term, one.plan)
            ends = one.terms[-1].ends_on
            if one.left_on:
                yield self._gone(one.left_on)
            elif ends and ends <= self.today and not one.auto_renew and one.status == "paid":
                yield self._gone(ends)

    def _begun(self, term: Term, plan: str, trial: bool) -> Event:
        text = f"Trial of {plan} until {wording.day(term.ends_on)}" if trial and term.ends_on else (
            f"Signed {plan}, {self._money(term.mrr)} a month, from {wording.day(term.starts_on)}")  # fmt: skip
        return Event(self._at(term.known_on), "contract.started", text, actor=self._ours(), source="person")

    def _continued(self, before: Term, term: Term, plan: str) -> Event:
        if term.mrr != before.mrr:
            grew, way = ("grew", "Grew") if term.mrr > before.mrr else ("shrank", "Went down")
            text = f"{way} from {self._money(before.mrr)} to {self._money(term.mrr)} a month"
            return Event(self._at(term.known_on), f"contract.{grew}", text, actor=self._ours(), source="person")
        until = f" to {wording.day(term.ends_on)}" if term.ends_on else ""
        text = f"{plan} renewed from {wording.day(term.starts_on)}{until}"
        return Event(self._at(term.known_on), "contract.renewed", text)

    def _gone(self, day: date) -> Event:
        return Event(self._at(day), "contract.ended", "Left us", "person", actor=self._ours(),
                     payload={"note": f"{self.rng.choice(self.words['left'])}."})  # fmt: skip

    # Talk ---------------------------------------------------------------------------------------------------------

    def _touches(self) -> Iterator[Event]:
        customer = self.customer
        if not customer.people:
            return
        quiet = 95 if customer.name == "Lumen Foods" else 0
        day = customer.signed_up_on + timedelta(days=self.rng.randint(0, 6))
        until = self.today - timedelta(days=quiet)
        pace = 70 if customer.fate in ("left", "cancelled", "lead", "tried") else 40
        while day <= until:
            if day.weekday() < 5:
                yield from self._touch(day)
            day += timedelta(days=self.rng.randint(8, pace))
        if customer.name in NAMED and customer.owner == "mira" and not quiet:
            yield from self._touch(self.today - timedelta(days=self.rng.randint(0, 3)))

    def _touch(self, day: date) -> Iterator[Event]:
        who = self.rng.randrange(len(self.customer.people))
        person, at, actor = self.customer.people[who], self._at(day), self._ours()
        kind = self.rng.choices(["call", "meeting", "note", "mail"], (45, 12, 18, 25))[0]
        said = {"note": self._say(kind, person)}
        if kind == "call":
            minutes = self.rng.randint(3, 38)
            yield Event(at, "call.logged", f"Called {person.name} · {minutes} min", "person", who, actor, "phone",
                        said | {"minutes": minutes})  # fmt: skip
        elif kind == "meeting":
            minutes = self.rng.choice([30, 45, 60, 90, 120])
            yield Event(at, "meeting.logged", f"Met {person.name} · {minutes} min", "person", who, actor, "",
                        said | {"minutes": minutes})  # fmt: skip
        elif kind == "note":
            yield Event(at, "note.written", f"Note about {person.name}", "person", who, actor, "", said)
        else:
            yield Event(at, "email.received", said["note"], "customer", who, None, "email")
            answered = at + timedelta(minutes=self.rng.randint(20, 900))
            yield Event(answered, "email.answered", f"Answered {person.name}", "person", who, actor, "email",
                        {"note": self._say("answer", person)})  # fmt: skip

    def _say(self, kind: str, person: Person) -> str:
        """No sentence comes back before all have been said."""
        pool = self._pools[kind]
        if not pool:
            pool += self._shuffled(self.words[kind])
        return self.fill(pool.pop(), person)

    def fill(self, sentence: str, person: Person | None) -> str:
        first = person.first if person else "them"
        return sentence.format(name=self.customer.name, first=first, use=self.customer.use_case)

    def _shuffled(self, sentences: list[str]) -> list[str]:
        return self.rng.sample(sentences, len(sentences))

    def _ours(self) -> str:
        """Mostly the owner; support now and then."""
        return self.rng.choices([self.customer.owner or "ada", "ines", "sam"], (80, 12, 8))[0]

    def _money(self, amount: int) -> str:
        return wording.money(Decimal(amount), self.customer.currency)

    def _at(self, day: date, hour: int | None = None) -> datetime:
        """A moment of that working day, where the customer is."""
        at = time(self.rng.randint(8, 17) if hour is None else hour, self.rng.randrange(60), self.rng.randrange(60))
        return local_moment(day, at, self.zone)
