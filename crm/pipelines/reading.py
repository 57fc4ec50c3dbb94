"""What the page of a deal reads, each part in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm.pipelines.models import Deal, DealContact, DealSpell, DealTicket, Outcome, Stage
from crm.team.models import User
from crm.tickets.models import Ticket
from crm.timeline.models import TimelineEntry

#: Lines of what happened with the customer about deals.
ENTRIES = 12


def deal(pk: int, viewer: User) -> Deal | None:
    """With all that its page names."""
    related = ("pipeline", "stage__pipeline", "account", "owner", "contract", "lost_because", "created_by")
    return Deal.objects.visible_to(viewer).select_related(*related).filter(pk=pk).first()


@dataclass(frozen=True)
class Stay:
    """One stage of a deal's way: all its spells there taken together. `length` is zero where it never was."""

    stage: Stage
    length: timedelta
    times: int
    here: bool


def spells(row: Deal) -> list[DealSpell]:
    """The whole history, the oldest first."""
    return list(row.spells.select_related("stage", "by").order_by("began_at", "id"))


def way(stages: Sequence[Stage], history: Sequence[DealSpell], row: Deal, now: datetime) -> list[Stay]:
    """Its pipeline's open stages, and the one that closed it, with how long it was in each."""
    stays = []
    for stage in stages:
        theirs = [spell for spell in history if spell.stage_id == stage.pk]
        if stage.outcome != Outcome.OPEN and stage.pk != row.stage_id:
            continue
        length = sum(((spell.ended_at or now) - spell.began_at for spell in theirs), timedelta())
        stays.append(Stay(stage, length, len(theirs), stage.pk == row.stage_id))
    return stays


def people(row: Deal) -> list[DealContact]:
    return list(row.people.select_related("contact").order_by("-contact__is_primary", "contact__created_at", "pk"))


def tickets(row: Deal, viewer: User) -> list[DealTicket]:
    """Those that the viewer may see."""
    seen = Ticket.objects.visible_to(viewer).values("pk")
    return list(row.tickets.filter(ticket__in=seen).select_related("ticket").order_by("-ticket__created_at"))


def entries(row: Deal) -> list[TimelineEntry]:
    """What the timeline says of all deals of its customer lately. The customer passed the gate with the deal."""
    found = TimelineEntry.objects.filter(account=row.account_id, kind__startswith="deal.").select_related("actor")
    return list(found.order_by("-occurred_at", "-id")[:ENTRIES])


def siblings(row: Deal, viewer: User) -> list[Any]:
    """The customer's other deals, open ones first."""
    others = Deal.objects.visible_to(viewer).filter(account=row.account_id).exclude(pk=row.pk)
    return list(others.select_related("stage", "pipeline").order_by("-closed_at", "-created_at", "-id")[:6])
