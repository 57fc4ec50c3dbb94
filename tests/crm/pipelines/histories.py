"""Random pasts of deals, and what one counts in them deal by deal: the figures of insight without SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from statistics import median
from types import SimpleNamespace
from typing import Any

from crm.accounts.models import Account
from crm.ledger.models import ContractTerm, CustomerSpan
from crm.pipelines.insight.period import Period
from crm.pipelines.models import Deal, DealSpell, LossReason, Stage
from crm.pipelines.rules.insight import last_of_stay
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)
SOURCES = ("Fair", "Website", "")
#: Two that are touches, and one that is none.
KINDS = (("call.logged", "phone"), ("ticket.opened", "chat"), ("deal.stage", ""))


@dataclass
class Past:
    """A deal with its stays, in order, and what is known of its customer."""

    deal: Deal
    stays: list[DealSpell] = field(default_factory=list)

    def by(self, until: datetime) -> list[DealSpell]:
        """Stays that had begun."""
        return [stay for stay in self.stays if stay.began_at < until]

    def at(self, until: datetime) -> DealSpell | None:
        """Where it stood."""
        return next((stay for stay in self.by(until) if stay.ended_at is None or stay.ended_at >= until), None)


class World:
    """Deals of two pipelines that go on, back, are lost, won and opened again, at random."""

    def __init__(self, seed: int, sales: SimpleNamespace, others: SimpleNamespace, owners: Sequence[Any]) -> None:
        self.rng, self.sales, self.others, self.owners = Random(seed), sales, others, [*owners, None]
        Stage.objects.filter(pk=sales.demo.pk).update(expected_days=6)
        self.reasons = [LossReason.objects.create(name=name) for name in ("Price", "Silence")]
        self.accounts = [self._account(number) for number in range(14)]
        self.pasts = [self._past(number) for number in range(60)]

    def _account(self, number: int) -> Account:
        made = factories.account(f"Customer {number}")
        at = self._moment().date() - 300 * DAY
        for _ in range(self.rng.randint(0, 3)):
            ends_on = at + self.rng.randint(20, 300) * DAY if self.rng.random() < 0.8 else None
            CustomerSpan.objects.create(account=made, starts_on=at, ends_on=ends_on, mrr=1)
            if ends_on is None:
                break
            at = ends_on + self.rng.choice((0, 60)) * DAY
        TimelineEntry.objects.bulk_create([
            TimelineEntry(account=made, kind=kind, channel=channel, occurred_at=self._moment(), source="person")
            for kind, channel in self.rng.choices(KINDS, k=self.rng.randint(0, 6))
        ])  # fmt: skip
        return made

    def _moment(self) -> datetime:
        return NOON - self.rng.randint(0, 400 * 24) * timedelta(hours=1)

    def _past(self, number: int) -> Past:
        """The last stay is open; some begin the moment the one before began."""
        rng, opened = self.rng, NOON - self.rng.randint(1, 250 * 24) * timedelta(hours=1)
        here = self.sales if rng.random() < 0.85 else self.others
        way, at = [], opened
        while at < NOON and len(way) < 9:
            choices = [stage for stage in self._stages(here) if not way or stage != way[-1][0]]
            stage = rng.choice(choices)
            way.append((stage, at))
            here = self.others if rng.random() < 0.03 else here
            at += rng.choice((0, 1, 30, 200, 700)) * timedelta(hours=1) + timedelta(minutes=rng.randint(0, 50))
        stage, entered = way[-1]
        closed = stage.outcome != "open"
        account = rng.choice(self.accounts)
        deal = Deal.objects.create(
            pipeline=stage.pipeline, stage=stage, outcome=stage.outcome, rank=number, account=account,
            owner=rng.choice(self.owners), title=f"Deal {number}", amount=rng.choice((None, 100, 250)), currency="EUR",
            source=rng.choice(SOURCES), created_at=opened, entered_at=entered, closed_at=entered if closed else None,
            lost_because=rng.choice([*self.reasons, None]) if stage.outcome == "lost" else None,
            contract=factories.contract(account, entered.date() - rng.randint(-40, 40) * DAY)
            if stage.outcome == "won" and rng.random() < 0.6 else None,
        )  # fmt: skip
        ends = [*(began for _, began in way[1:]), None]
        stays = [
            DealSpell(deal=deal, stage=stage, began_at=began, ended_at=end)
            for (stage, began), end in zip(way, ends, strict=True)
        ]
        deal.refresh_from_db()
        return Past(deal, DealSpell.objects.bulk_create(stays))

    def _stages(self, of: SimpleNamespace) -> list[Stage]:
        return [one for one in vars(of).values() if isinstance(one, Stage)]

    # What one counts --------------------------------------------------------------------------------------------------

    def fate(self, past: Past, stage: Stage, period: Period) -> str | None:
        """What became of it since it entered the stage in the period; None: it did not."""
        known = [stay for stay in past.by(period.until) if stay.stage.pipeline_id == stage.pipeline_id]
        known = [stay for stay in known if stay.began_at >= period.begin]
        entered = next((place for place, stay in enumerate(known) if stay.stage_id == stage.pk), None)
        if entered is None:
            return None
        later = [stay.stage for stay in known[entered + 1 :]]
        if any(one.outcome == "won" or (one.outcome == "open" and one.order > stage.order) for one in later):
            return "on"
        return "lost" if known[-1].stage.outcome == "lost" else "under"

    def took(self, past: Past, stage: Stage, period: Period) -> float | None:
        ended = [
            (stay.ended_at - stay.began_at) / DAY for stay in past.stays
            if stay.stage_id == stage.pk and stay.ended_at and period.begin <= stay.ended_at < period.until
        ]  # fmt: skip
        return sum(ended) if ended else None

    def decided(self, past: Past, period: Period, *, everywhere: bool = False) -> DealSpell | None:
        """The stay that decided it in the period, if it was so when the period ended."""
        stay = past.at(period.until)
        if stay is None or stay.stage.outcome == "open" or stay.began_at < period.begin:
            return None
        return stay if everywhere or stay.stage.pipeline_id == self.sales.pipeline.pk else None

    def whose(self, past: Past) -> str:
        day = past.deal.created_at.date()
        if self._customer(past, day):
            return "existing"
        return "former" if CustomerSpan.objects.filter(account=past.deal.account_id, starts_on__lt=day) else "new"

    def _customer(self, past: Past, day: date) -> bool:
        return CustomerSpan.objects.covering(day).filter(account=past.deal.account_id).exists()

    def stayed(self, past: Past, period: Period) -> str | None:
        stay = past.at(period.until)
        if stay is None or stay.stage.outcome != "won" or stay.stage.pipeline_id != self.sales.pipeline.pk:
            return None
        term = ContractTerm.objects.filter(contract=past.deal.contract_id or 0).order_by("starts_on").first()
        judged = last_of_stay(term.starts_on if term else stay.began_at.date())
        if judged < period.first:
            return None
        if judged > min(period.last, period.now.date()):
            return "early"
        return "stayed" if self._customer(past, judged) else "left"

    def touches(self, period: Period) -> Iterator[tuple[Past, list[TimelineEntry]]]:
        """Each sale of the period, and what was said before it since the one before."""
        for past in self.pasts:
            sale = self.decided(past, period)
            if sale is None or sale.stage.outcome != "won":
                continue
            others = Deal.objects.filter(account=past.deal.account_id, outcome="won", closed_at__lt=sale.began_at)
            since = max((one.closed_at for one in others if one.closed_at), default=NOON - 9999 * DAY)
            rows = TimelineEntry.objects.filter(account=past.deal.account_id, kind__in=[kind for kind, _ in KINDS[:2]])
            yield past, list(rows.filter(occurred_at__gte=since, occurred_at__lt=sale.began_at))


def middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None
