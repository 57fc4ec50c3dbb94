"""The demo's deals as rows: each with its spells, its person, and its lines on the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.conf import settings

from crm.pipelines.actions.telling import fact
from crm.pipelines.models import Deal, DealContact, DealSpell, Outcome, Stage
from crm.pipelines.rules import ranks
from crm.team.models import User
from crm.timeline.actions import Fact, record
from retention.demo.filling import RATES

if TYPE_CHECKING:
    from retention.demo.deals import Course


def write(courses: Sequence[Course], now: datetime) -> None:
    """In the order in which they began: what began last stands on top of its stage."""
    many = len(courses)
    deals = Deal.objects.bulk_create(
        [_deal(course, ranks.numbered(many - place), now) for place, course in enumerate(courses)]
    )
    told = list(zip(courses, deals, strict=True))
    spells = DealSpell.objects.bulk_create([spell for course, deal in told for spell in _spells(course, deal)])
    DealContact.objects.bulk_create(
        [DealContact(deal=deal, contact_id=course.told.contact_ids[0]) for course, deal in told]
    )
    running = {spell.deal_id: spell.pk for spell in spells if spell.ended_at is None}
    users = User.objects.in_bulk([course.owner for course in courses])
    facts = [one for course, deal in told for one in _facts(course, deal, running[deal.pk], users[course.owner])]
    facts.sort(key=lambda one: one.occurred_at or now)
    record(facts, react=False, now=now)


def _stuck_at(course: Course) -> datetime | None:
    stage, entered = course.way[-1]
    if stage.outcome != Outcome.OPEN or stage.expected_days is None:
        return None
    return entered + timedelta(days=stage.expected_days)


def _deal(course: Course, rank: int, now: datetime) -> Deal:
    stage, entered = course.way[-1]
    currency = course.told.customer.currency
    stuck_at, closed = _stuck_at(course), stage.outcome != Outcome.OPEN
    lasted = now - timedelta(hours=3)
    return Deal(
        pipeline=stage.pipeline, stage=stage, outcome=stage.outcome, rank=rank, account_id=course.told.account_id,
        owner_id=course.owner, title=course.title, amount=course.amount, currency=currency,
        rate=RATES[currency] if settings.CURRENCY == "EUR" else 1, expected_on=course.expected_on, source=course.source,
        next_step=course.step, next_on=course.step_on, plan=course.plan, mrr=course.mrr,
        contract_id=course.contract_id, checked=course.checked, lost_because=course.reason, lost_note=course.note,
        created_at=course.way[0][1], updated_at=min(entered, lasted), entered_at=entered, stuck_at=stuck_at,
        told_stuck=bool(stuck_at and stuck_at <= now), closed_at=entered if closed else None,
        created_by_id=course.owner,
    )  # fmt: skip


def _spells(course: Course, deal: Deal) -> Iterator[DealSpell]:
    ends = [*(began for _, began in course.way[1:]), None]
    for (stage, began), ended in zip(course.way, ends, strict=True):
        yield DealSpell(deal=deal, stage=stage, began_at=began, ended_at=ended, by_id=course.owner)


def _facts(course: Course, deal: Deal, spell: int, by: User) -> Iterator[Fact]:
    """As the verbs tell them."""
    deal.value = round((course.amount or 0) * deal.rate, 2)  # as the database has worked it out
    first, opened = course.way[0]
    deal.stage = first
    yield fact(deal, "deal.opened", f"Deal opened in {first}", opened, by, source=deal.source)
    for (left, came), (stage, at) in pairwise(course.way):
        deal.stage = stage
        kind, words, more = _said(course, stage)
        left_by: dict[str, Any] = {"from": left.name, "from_id": left.pk, "days": (at - came).days}
        yield fact(deal, kind, words, at, by, **left_by, **more)
    if deal.told_stuck and deal.stuck_at:
        days = deal.stage.expected_days or 0
        words = f"Deal stuck in {deal.stage} for {days} days"
        yield fact(deal, "deal.stuck", words, deal.stuck_at, key=f"deal.stuck:{spell}", days=days)


def _said(course: Course, stage: Stage) -> tuple[str, str, dict[str, Any]]:
    match stage.outcome:
        case Outcome.WON:
            return "deal.won", "Deal won", {}
        case Outcome.LOST:
            return "deal.lost", f"Deal lost ({course.reason})", {"note": course.note, "reason": str(course.reason)}
    return "deal.stage", f"Deal moved to {stage}", {}
