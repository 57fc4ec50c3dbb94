"""Who the demo's customers are and how it went with them: deterministic arithmetic over the data files, no tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import yaml

from crm.ledger.rules import Stretch, add_months, next_stretch
from retention.demo.plots import FATES, NAMED, NEW, PLANS, Plot, Rhythm

_FOLDER = Path(__file__).resolve().parent
#: Nothing is older than this many days.
LONGEST = 730
#: The last days are lived through by the engine itself.
ENGINE_DAYS = 45
ENGINE_SPAN = timedelta(days=ENGINE_DAYS)
#: Some of those who left come back after so many days.
_CAME_BACK = 70


@dataclass(frozen=True, slots=True)
class Person:
    first: str
    last: str
    title: str
    email: str
    consent: str
    zone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Term:
    starts_on: date
    ends_on: date | None
    mrr: int
    known_on: date


@dataclass(frozen=True, slots=True)
class Agreement:
    plan: str
    status: str  # of ledger.Contract
    auto_renew: bool
    terms: list[Term]

    @property
    def left_on(self) -> date | None:
        """When they cancelled it, if they did."""
        return self.terms[0].starts_on + timedelta(days=70) if self.status == "cancelled" else None


@dataclass
class Customer:
    name: str
    industry: str
    country: str
    zone: str
    currency: str
    owner: str | None
    use_case: str
    signed_up_on: date
    people: list[Person]
    agreements: list[Agreement]
    rhythm: Rhythm | None
    fate: str
    trouble: str = ""
    tags: list[str] = field(default_factory=list)

    @cached_property
    def domain(self) -> str:
        return f"{slug(self.name)}.example"

    @property
    def first_day(self) -> date | None:
        """The day the first contract began."""
        return min((term.starts_on for one in self.agreements for term in one.terms), default=None)


def read(name: str) -> Any:
    """A data file of the demo."""
    return yaml.safe_load((_FOLDER / name).read_text())


def customers(today: date) -> list[Customer]:
    """All of them, the same for the same day."""
    rng = Random(7)
    places = [
        (name, industry, place) for place in read("customers.yaml") for name, industry in place["customers"].items()
    ]
    fates = [fate for fate, times in FATES.items() for _ in range(times)]
    unnamed = len(places) - len(NAMED)
    fates = (fates + ["lead"] * unnamed)[:unnamed]
    rng.shuffle(fates)
    newest, teller = iter(NEW), _Teller(rng, today)
    told = []
    for name, industry, place in places:
        plot = NAMED.get(name) or teller.plot(fates.pop(), newest)
        told.append(teller.customer(name, industry, place, plot))
    return told


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ł", "l").replace("Ø", "O").replace("æ", "ae"))
    letters = "".join(c if c.isalnum() else "-" for c in plain.lower() if c.isascii())
    return "-".join(filter(None, letters.split("-")))


class _Teller:
    """Makes up what the files leave open."""

    def __init__(self, rng: Random, today: date) -> None:
        self.rng, self.today = rng, today
        self.pools, self.words = read("people.yaml"), read("words.yaml")
        self.taken: set[tuple[str, str]] = set()

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def plot(self, fate: str, newest: Iterator[int]) -> Plot:
        plan = self.rng.choices(list(PLANS), (3, 5, 4, 1))[0]
        least, most = PLANS[plan]
        owner = self.rng.choices(["mira", "ben", "tomas", None], (34, 32, 22, 9))[0]
        days = next(newest) if fate == "new" else None
        if fate == "fixed":
            days = self.rng.choice([5, 16, 21, 33, 38, 47, 55, 72, 83, 90, 120, 170, 240, 300])
        return Plot(fate, owner, plan, self.rng.randrange(least, most, 10), days, self.rhythm(fate))

    def rhythm(self, fate: str) -> Rhythm | None:
        if fate in ("left", "cancelled", "lead", "tried"):
            return None
        usual = Rhythm(self.rng.uniform(0.55, 0.98), adds=self.rng.choice([0, 1, 2, 6]))
        if fate == "new":
            return replace(usual, adds=self.rng.choice([0, 2, 6]))
        mood = self.rng.random()
        if fate == "paused":
            return replace(usual, silent_for=self.rng.randint(16, 45))
        if mood < 0.10:
            return replace(usual, falls_ago=self.rng.randint(10, 30))
        if mood < 0.24:
            return replace(usual, silent_for=self.rng.randint(13, 40))
        if mood < 0.34:
            back = self.rng.randint(3, 15)
            return replace(usual, away=(back + self.rng.randint(15, 20), back))
        return usual

    def customer(self, name: str, industry: str, place: dict[str, Any], plot: Plot) -> Customer:
        agreements = list(self.agreements(plot))
        first = min((term.starts_on for one in agreements for term in one.terms), default=None)
        waited = self.rng.randint(2, 40)
        signed_up = max(first - timedelta(days=waited), self.ago(LONGEST)) if first else self.ago(waited * 5)
        uses = self.words["uses"].get(industry) or self.words["uses"]["otherwise"]
        tags = [self.rng.choice(["reference", "partner", "fair", "recommended"])] if self.rng.random() < 0.2 else []
        return Customer(
            name, industry, place["country"], place["zone"], place.get("currency", "EUR"), plot.owner,
            self.rng.choice(uses), signed_up, self.people(name, place), agreements,
            self._since_back(agreements) if plot.fate == "left" else plot.rhythm, plot.fate,
            plot.trouble, tags,
        )  # fmt: skip

    def _since_back(self, agreements: list[Agreement]) -> Rhythm | None:
        """Whoever came back uses it again from that day on."""
        if len(agreements) < 2:
            return None
        return Rhythm(0.7, away=(LONGEST, (self.today - agreements[-1].terms[0].starts_on).days))

    def people(self, customer: str, place: dict[str, Any]) -> list[Person]:
        given, family = self.pools[place["people"]]
        titles = self.rng.sample(self.words["titles"], 4)
        people: list[Person] = []
        for title in titles[: self.rng.choices([1, 2, 3, 4], (3, 5, 3, 1))[0]]:
            first, last = self._nobody_elses(self.rng.choice(given), self.rng.choice(family), given, family)
            email = f"{slug(first)}.{slug(last)}@{slug(customer)}.example"
            refusing = 0 if customer in NAMED and not people else 10
            consent = self.rng.choices(["yes", "", "no"], (55, 35, refusing))[0]
            elsewhere = "Europe/London" if len(people) > 1 and self.rng.random() < 0.2 else ""
            people.append(Person(first, last, title, email, consent, elsewhere))
        return people

    def _nobody_elses(self, first: str, last: str, given: list[str], family: list[str]) -> tuple[str, str]:
        """The name, or the next one that is still free: two of a name look like a mistake."""
        firsts, lasts = (names[names.index(one) :] + names for one, names in ((first, given), (last, family)))
        free = next(pair for pair in product(firsts, lasts) if pair not in self.taken)
        self.taken.add(free)
        return free

    def agreements(self, plot: Plot) -> Iterator[Agreement]:
        """The contracts, with the terms that are known by now."""
        make = getattr(self, f"_{plot.fate}", None)
        if make:
            yield (first := make(plot))
            ended = first.terms[-1].ends_on
            if plot.fate == "left" and ended and ended <= self.ago(_CAME_BACK + 5) and plot.mrr % 20 == 0:
                back = ended + timedelta(days=_CAME_BACK)
                yield Agreement(plot.plan, "paid", False, [Term(back, None, plot.mrr, back)])

    def _one(
        self, plot: Plot, starts: date, ends: date | None, status: str = "paid", renews: bool = False
    ) -> Agreement:
        known = max(starts - timedelta(days=self.rng.randint(0, 8)), self.ago(LONGEST))
        return Agreement(plot.plan, status, renews, [Term(starts, ends, plot.mrr, known)])

    def _renewing(self, plot: Plot, months: int) -> Agreement:
        """Terms one after the other as the ledger would have booked them, up to the day before the engine's past."""
        starts = self.ago(self.rng.randint(80, LONGEST - 15))
        first = self._one(plot, starts, add_months(starts, months), renews=True)
        last, terms = Stretch(starts, add_months(starts, months)), list(first.terms)
        while last.ends_on <= self.ago(ENGINE_DAYS - 1):
            known = last.ends_on - timedelta(days=1)
            last = next_stretch(last, starts.day)
            terms.append(Term(last.starts_on, last.ends_on, plot.mrr, known))
        return replace(first, terms=terms)

    def _yearly(self, plot: Plot) -> Agreement:
        return self._renewing(plot, 12)

    def _rolling(self, plot: Plot) -> Agreement:
        return self._renewing(plot, 1)

    def _monthly(self, plot: Plot) -> Agreement:
        return self._one(plot, self.ago(self.rng.randint(75, LONGEST - 10)), None)

    def _fixed(self, plot: Plot) -> Agreement:
        ends = self.today + timedelta(days=plot.days or 0)
        years = 2 if (plot.days or 0) < 200 and self.rng.random() < 0.5 else 1
        starts = max(add_months(ends, -12 * years), self.ago(LONGEST - 10))
        return self._one(plot, starts, ends)

    def _grown(self, plot: Plot) -> Agreement:
        starts = self.ago(self.rng.randint(130, 500))
        grew = self.ago(plot.days or self.rng.randint(50, 110))
        more = round(plot.mrr * self.rng.uniform(1.15, 1.6), -1)
        if plot.mrr % 30 == 0 and plot.owner != "mira":  # some take a smaller plan instead
            more = round(plot.mrr * 0.7, -1)
        first = Term(starts, grew, plot.mrr, starts)
        return Agreement(plot.plan, "paid", False, [first, Term(grew, None, int(more), grew)])

    def _left(self, plot: Plot) -> Agreement:
        ended = self.ago(self.rng.choice([12, 26, 41, 60, 75, 100, 130, 160, 200, 250, 310, 360]))
        starts = max(add_months(ended, -12), self.ago(LONGEST - 10))
        return self._one(plot, starts, ended)

    def _cancelled(self, plot: Plot) -> Agreement:
        starts = self.ago(self.rng.randint(90, 300))
        return self._one(plot, starts, add_months(starts, 12), "cancelled")

    def _paused(self, plot: Plot) -> Agreement:
        starts = self.ago(self.rng.randint(120, 300))
        return self._one(plot, starts, add_months(starts, 12), "paused")

    def _trial(self, plot: Plot) -> Agreement:
        starts = self.ago(self.rng.randint(2, 24))
        return self._one(replace(plot, mrr=0), starts, starts + timedelta(days=30), "trial")

    def _tried(self, plot: Plot) -> Agreement:
        starts = self.ago(self.rng.randint(50, 200))
        return self._one(replace(plot, mrr=0), starts, starts + timedelta(days=30), "trial")

    def _new(self, plot: Plot) -> Agreement:
        starts = self.ago(plot.days or 0)
        return self._one(plot, starts, add_months(starts, 12), renews=True)

    def _pilot(self, plot: Plot) -> Agreement:
        """So short that the reminder of its end falls into the first week: more mail than the cap allows."""
        starts = self.ago(plot.days or 0)
        return self._one(plot, starts, starts + timedelta(days=35))
