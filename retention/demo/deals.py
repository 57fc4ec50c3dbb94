"""The demo's pipelines: sales, upsell and win-back, with two years of deals that were won, lost, or stand there now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.conf import settings

from crm.history.actions import through
from crm.history.models import Door
from crm.pipelines.actions.moving import Filled
from crm.pipelines.actions.shaping import add_pipeline
from crm.pipelines.actions.winning import Booked, win
from crm.pipelines.models import Deal, LossReason, Outcome, Pipeline, Stage
from crm.team.models import User
from crm.web import clock
from crm.web.rules import local_moment
from retention.demo import story
from retention.demo.deal_rows import write
from retention.demo.filling import Told

_TEMPLATES = ("sales", "upsell", "win-back")
#: Fates of those who are gone, and may come back.
_GONE = ("left", "cancelled", "tried")
#: To how many customers something more is offered, and such like.
_SPOTTED_SHARE, _AGAIN_SHARE, _OPEN_SHARE = 0.3, 0.35, 0.6
#: How many have turned down something else since prices went up: what makes one stage of the sales weak.
_TURNED_DOWN_SHARE = 0.2


@dataclass
class Course:
    """A deal with its way: stages, each with the moment it entered; the last one is where it stands."""

    told: Told
    way: list[tuple[Stage, datetime]]
    title: str
    amount: Decimal | None
    owner: int
    source: str = ""
    step: str = ""
    step_on: date | None = None
    expected_on: date | None = None
    contract_id: int | None = None
    plan: str = ""
    mrr: Decimal | None = None
    reason: LossReason | None = None
    note: str = ""
    checked: list[str] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        return self.way[-1][0]


def tell(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> None:
    """All of it. What is told of the past fires nothing."""
    ada, since = User.objects.get(pk=ours["ada"]), now - timedelta(days=story.LONGEST)
    with through(Door.PAGE, lambda: ada.pk):
        made = {name: add_pipeline({}, ada, since, template=name)[0] for name in _TEMPLATES}
    write(sorted(_Teller(made, ours, now).courses(everybody), key=lambda course: course.way[0][1]), now)
    _win(made["sales"], now)


def _win(sales: Pipeline, now: datetime) -> None:
    """Two of the last days, of those that had come furthest; nobody has confirmed their contracts yet."""
    ours = sales.deals.filter(outcome=Outcome.OPEN, currency=settings.CURRENCY, entered_at__lt=now - timedelta(days=1))
    furthest = ours.select_related("owner", "stage").order_by("-stage__order", "entered_at", "pk")
    for hours, row in zip((30, 4), furthest[:2], strict=False):
        _book(row, max(now - timedelta(hours=hours), row.entered_at))


def _book(row: Deal, at: datetime) -> None:
    """With all that its stage asks."""
    sold = Booked("Team", round((row.amount or Decimal(0)) / 12, 0), clock.today(at) + timedelta(days=9), 12, True)
    done = Filled(tuple(check["id"] for check in row.stage.checklist))
    with through(Door.PAGE, lambda: row.owner_id):
        win(row.pk, sold, row.owner, at, filled=done)


class _Teller:
    """Makes up deals that fit what became of the customers, the same for the same day."""

    def __init__(self, pipelines: dict[str, Pipeline], ours: dict[str, int], now: datetime) -> None:
        self.said, self.rng, self.ours, self.now = story.read("deals.yaml"), Random(31), ours, now
        self.stages = {name: list(one.stages.in_use()) for name, one in pipelines.items()}
        self.reasons = {one.name: one for one in LossReason.objects.all()}

    def courses(self, everybody: Sequence[Told]) -> Iterator[Course]:
        for told in everybody:
            if not told.customer.people:
                continue
            if known := self.said["known"].get(told.customer.name):
                yield self._known(told, *known)
            elif told.customer.fate in _GONE:
                yield from self._gone(told)
            if told.customer.first_day is None:
                yield from self._lead(told)
            else:
                yield from self._sold(told)
                yield from self._grows(told)
                if self.rng.random() < _AGAIN_SHARE and told.customer.fate not in _GONE:
                    yield from self._more(told)
        for told in everybody:
            since = told.customer.first_day
            if told.customer.people and since and told.customer.fate not in _GONE:
                yield from self._turned_down(told, since)

    # What became of them ----------------------------------------------------------------------------------------------

    def _sold(self, told: Told) -> Iterator[Course]:
        """The sale before their first contract; some had said no once before."""
        sold = told.customer.agreements[0]
        term = sold.terms[0]
        if term.starts_on > clock.today(self.now):
            return
        won = min(self._moment(told, term.starts_on), self.now - timedelta(hours=2))
        days = max((term.starts_on - told.customer.signed_up_on).days, 3)
        back = told.customer.fate in ("monthly", "new") and self.rng.random() < 0.4
        which = "win-back" if back else "sales"
        way = self._way(which, won - timedelta(days=days, hours=-5), won, Outcome.WON)
        course = self._course(told, which, way, Decimal(12 * term.mrr))
        course.contract_id, course.plan, course.mrr = told.contract_ids[0], sold.plan, Decimal(term.mrr)
        yield course
        ended = way[0][1] - timedelta(days=self.rng.randint(1, 6))
        known_since = self.now - timedelta(days=story.LONGEST - 60)
        if self.rng.random() < self.said["refused"].get(told.customer.owner, 0.4) and ended > known_since:
            yield self._lost(told, "sales", ended - timedelta(days=self.rng.randint(9, 50)), ended)

    def _lead(self, told: Told) -> Iterator[Course]:
        """Somebody who has not bought, or not this: lost lately, or being talked with."""
        begun = self.now - timedelta(days=self.rng.randint(4, 160))
        if self.rng.random() < _OPEN_SHARE:
            yield self._open(told, "sales", self.rng.randint(0, 3))
        else:
            yield self._lost(told, "sales", begun, min(begun + timedelta(days=self.rng.randint(8, 60)), self.now))

    def _more(self, told: Told) -> Iterator[Course]:
        """A customer is talked with about something else, or was offered more: most said yes, knowing what they buy."""
        if self.rng.random() < _OPEN_SHARE:
            yield self._open(told, "sales", self.rng.randint(0, 3))
            return
        ended = self.now - timedelta(days=self.rng.randint(2, 240))
        begun = ended - timedelta(days=self.rng.randint(10, 40))
        if told.customer.first_day is None or clock.today(begun) <= told.customer.first_day:
            return
        if self.rng.random() < 0.65:
            way = self._way("upsell", begun, ended, Outcome.WON)
            yield self._course(told, "upsell", way, Decimal(self.rng.randrange(12, 90) * 100))
        else:
            yield self._lost(told, "upsell", begun, ended)

    def _grows(self, told: Told) -> Iterator[Course]:
        terms, fate = told.customer.agreements[0].terms, told.customer.fate
        if fate == "grown":
            more = Decimal(12 * (terms[-1].mrr - terms[0].mrr))
            if more < 0:  # some take a smaller plan instead
                return
            won = self._moment(told, terms[-1].starts_on)
            yield self._course(told, "upsell", self._way("upsell", won - timedelta(days=33), won, Outcome.WON), more)
        elif fate in ("yearly", "fixed", "rolling", "new", "monthly") and self.rng.random() < _SPOTTED_SHARE:
            if self.rng.random() < _OPEN_SHARE:
                yield self._open(told, "upsell", self.rng.randint(0, 2))
            else:
                ended = self.now - timedelta(days=self.rng.randint(2, 240))
                yield self._lost(told, "upsell", ended - timedelta(days=self.rng.randint(10, 40)), ended)

    def _gone(self, told: Told) -> Iterator[Course]:
        if self.rng.random() < 0.75:
            yield self._open(told, "win-back", self.rng.choices((0, 1, 2, 3), (5, 4, 2, 2))[0])
        else:
            ended = self.now - timedelta(days=self.rng.randint(1, 80))
            yield self._lost(told, "win-back", ended - timedelta(days=self.rng.randint(8, 30)), ended)

    def _turned_down(self, told: Told, since: date) -> Iterator[Course]:
        """A customer was offered something else lately, at the new price, and would rather not."""
        lately = self.said["lately"]
        ended = self.now - timedelta(days=self.rng.randint(1, lately["days"]), minutes=self.rng.randint(0, 600))
        begun = ended - timedelta(days=self.rng.randint(9, 40))
        if self.rng.random() < _TURNED_DOWN_SHARE and clock.today(begun) > since:
            yield self._lost(told, "sales", begun, ended, lately["stops"])

    def _known(self, told: Told, which: str, name: str, days: int, amount: int, step: str, due: int) -> Course:
        place = next(place for place, stage in enumerate(self.stages[which]) if stage.name == name)
        course = self._open(told, which, place, self.now - timedelta(days=days, hours=3))
        course.amount, course.step = Decimal(amount), step
        course.step_on = clock.today(self.now) + timedelta(days=due)
        return course

    # How a deal goes --------------------------------------------------------------------------------------------------

    def _open(self, told: Told, which: str, place: int, entered: datetime | None = None) -> Course:
        """In the stage at this place, sometimes for too long."""
        running = [stage for stage in self.stages[which] if stage.outcome == Outcome.OPEN]
        stage = running[min(place, len(running) - 1)]
        usual = stage.expected_days or 20
        days = self.rng.randint(usual + 2, 2 * usual) if self.rng.random() < 0.2 else self.rng.randint(0, usual - 1)
        entered = entered or self.now - timedelta(days=days, minutes=self.rng.randint(30, 1300))
        begun = entered - timedelta(days=9 * place, minutes=self.rng.randint(0, 600))
        way = self._through(running[: place + 1], begun, entered)
        course = self._course(told, which, way, Decimal(self.rng.randrange(18, 320) * 100))
        course.step = self.rng.choice([*self.said["steps"][stage.name], ""])
        today = clock.today(self.now)
        course.step_on = today + timedelta(days=self.rng.randint(-4, 12)) if course.step else None
        course.expected_on = today + timedelta(days=self.rng.randint(-9, 120)) if self.rng.random() < 0.85 else None
        course.checked = [one["id"] for one in stage.checklist if self.rng.random() < 0.4]
        return course

    def _lost(
        self, told: Told, which: str, begun: datetime, ended: datetime, stops: Sequence[int] | None = None
    ) -> Course:  # fmt: skip
        way = self._way(which, begun, ended, Outcome.LOST, stops)
        course = self._course(told, which, way, Decimal(self.rng.randrange(15, 260) * 100))
        name = self.rng.choices(list(self.said["reasons"]), (6, 5, 3, 3, 3, 1, 4))[0]
        course.reason, course.note = self.reasons[name], self.rng.choice(self.said["reasons"][name])
        return course

    def _way(
        self, which: str, begun: datetime, ended: datetime, outcome: str, stops: Sequence[int] | None = None
    ) -> list[tuple[Stage, datetime]]:  # fmt: skip
        """Through all open stages to the one that wins, or through some to the one that loses."""
        running = [stage for stage in self.stages[which] if stage.outcome == Outcome.OPEN]
        closing = next(stage for stage in self.stages[which] if stage.outcome == outcome)
        places, weights = range(1, len(running) + 1), stops or self.said["stops"][which]
        seen = running if outcome == Outcome.WON else running[: self.rng.choices(places, weights)[0]]
        return self._through([*seen, closing], begun, ended)

    def _through(self, stages: Sequence[Stage], begun: datetime, ended: datetime) -> list[tuple[Stage, datetime]]:
        """The first is entered at the beginning, the last at the end, the others by chance between them."""
        if len(stages) == 1:
            return [(stages[0], ended)]
        begun = min(begun, ended - timedelta(hours=len(stages)))
        between = sorted(self.rng.random() for _ in stages[1:-1])
        return list(zip(stages, [begun, *(begun + (ended - begun) * part for part in between), ended], strict=True))

    def _course(self, told: Told, which: str, way: list[tuple[Stage, datetime]], amount: Decimal) -> Course:
        plan = told.customer.agreements[0].plan if told.customer.agreements else "Team"
        words = {"plan": plan, "use": told.customer.use_case}
        title = self.rng.choice(self.said["titles"][which]).format(**words)
        owner = told.customer.owner or self.rng.choice(self.said["owners"][which])
        source = self.rng.choice(self.said["sources"]) if which == "sales" else ""
        return Course(told, way, title[:1].upper() + title[1:], amount, self.ours[owner], source)

    def _moment(self, told: Told, day: date) -> datetime:
        minute = self.rng.randrange(9 * 60, 17 * 60)
        return local_moment(day, time(minute // 60, minute % 60), clock.zone(told.customer.zone))
