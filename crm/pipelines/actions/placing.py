"""Where deals stand: their spells, what the board reads off them, and their order. Nothing else writes any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Min, Q

from crm.history.actions import present_act
from crm.history.models import Act
from crm.pipelines.actions import locking
from crm.pipelines.models import Deal, DealSpell, Outcome, Stage
from crm.pipelines.rules import ranks
from crm.team.models import User

#: SQL: when a deal is stuck that entered the stage `s` at {since}; NULL: never.
STUCK = "CASE WHEN s.outcome = 'open' THEN {since} + s.expected_days * interval '24 hours' END"


def room(stage: Stage, deal_id: int | None, after: int | None) -> int:
    """A rank for the deal right under the card `after`, or on top of the stage, which the caller has locked.

    On top too where `after` is not in it, and in a stage whose deals are closed: these stand by the time of it.
    """
    others = Deal.objects.filter(stage=stage).exclude(pk=deal_id or 0)
    card = others.filter(pk=after or 0) if stage.outcome == Outcome.OPEN else others.none()
    above = card.values_list("rank", flat=True).first()
    under = others if above is None else others.filter(rank__gt=above)
    rank = ranks.between(above, under.aggregate(least=Min("rank"))["least"])
    if rank is None:
        number(stage, deal_id)
        return room(stage, deal_id, after)
    return rank


def tops(stage: Stage, ids: Sequence[int]) -> dict[int, int]:
    """Ranks that put all of these on top of the stage, which the caller has locked, in this order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(rank) FROM crm_deal WHERE stage_id = %s AND id <> ALL(%s)", [stage.pk, list(ids)])
        (least,) = cursor.fetchone()
    first = ranks.numbered(0) if least is None else least - ranks.GAP * len(ids)
    return {pk: first + ranks.GAP * place for place, pk in enumerate(ids)}


_NUMBER = """
    UPDATE crm_deal d SET rank = n.place * %(gap)s
    FROM (SELECT id, row_number() OVER (ORDER BY rank) AS place FROM crm_deal WHERE stage_id = %(stage)s) n
    WHERE d.id = n.id
"""


def number(stage: Stage, coming: int | None = None) -> None:
    """Make room between all cards of the stage, which the caller has locked. `coming` is locked as well, since locks
    of deals are taken in the order of their ids."""
    locking.deals(Q(stage=stage) | Q(pk=coming))
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, {"stage": stage.pk, "gap": ranks.GAP})


_END = """
    UPDATE crm_dealspell SET ended_at = greatest(%(now)s, began_at) WHERE deal_id = ANY(%(ids)s) AND ended_at IS NULL
"""

# Clocks of two machines differ: a spell begins when the one before it ended, never sooner.
_BEGIN = """
    INSERT INTO crm_dealspell (deal_id, stage_id, began_at, by_id, because, act_id)
    SELECT d.id, %(stage)s, coalesce((SELECT max(ended_at) FROM crm_dealspell p WHERE p.deal_id = d.id), %(now)s),
        %(by)s, %(because)s, %(act)s
    FROM unnest(%(ids)s::bigint[]) AS d(id)
"""

#: SQL: deals stand where their open spells say; {which} gives their ids and ranks.
STAND = f"""
    UPDATE crm_deal d SET stage_id = s.id, pipeline_id = s.pipeline_id, outcome = s.outcome, rank = n.rank,
        entered_at = p.began_at, stuck_at = {STUCK.format(since="p.began_at")}, told_stuck = FALSE,
        closed_at = CASE WHEN s.outcome <> 'open' THEN p.began_at END, updated_at = %(now)s
    FROM ({{which}}) AS n(id, rank)
        JOIN crm_dealspell p ON p.deal_id = n.id AND p.ended_at IS NULL JOIN crm_stage s ON s.id = p.stage_id
    WHERE d.id = n.id
"""  # noqa: S608  (a constant of ours)


def place(
    where: Mapping[int, int], stage: Stage, by: User | None, now: datetime, because: str = "", done: Act | None = None
) -> None:  # fmt: skip
    """Deals, by id with their ranks, leave their stages for this one. It and they are locked, and it is another one.

    `done`: the act that did so before, and does it again; else it is the present one.
    """
    deed = done or present_act()
    values: dict[str, Any] = {
        "ids": list(where), "stage": stage.pk, "now": now, "by": by.pk if by else None, "because": because[:200],
        "act": deed.pk if deed else None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_END, values)
        cursor.execute(_BEGIN, values)
    stand(where, now)


def stand(where: Mapping[int, int], now: datetime) -> None:
    """Deals, by id with their ranks, stand where their open spells say. They are locked, and so are these stages."""
    with connection.cursor() as cursor:
        cursor.execute(_THESE, {"ids": list(where), "ranks": list(where.values()), "now": now})


_THESE = STAND.format(which="SELECT * FROM unnest(%(ids)s::bigint[], %(ranks)s::bigint[])")


def shift(row: Deal, rank: int, now: datetime) -> None:
    """Up or down within its stage. Both are locked."""
    row.rank, row.updated_at = rank, now
    row.save(update_fields=["rank", "updated_at"])


def since(row: Deal) -> DealSpell:
    """The spell that it is in."""
    return DealSpell.objects.select_related("by").get(deal=row, ended_at=None)
