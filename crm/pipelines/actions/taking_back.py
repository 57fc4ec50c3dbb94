"""Taking moves back: deals stand where they stood, and their spells are as if they had never left. And moving them once
more, when that is taken back in its turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.ledger.actions import deals as booking
from crm.ledger.models import Contract
from crm.pipelines.actions import locking, placing
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal, DealSpell, Stage
from crm.team.models import User


class _Way(NamedTuple):
    """Of a deal: the spell that it was in before the act, if there was one, and its stage."""

    deal: int
    spell: int | None
    stage: int | None
    moved: bool  # since
    gone: bool  # that stage is not in use any more

    @property
    def free(self) -> bool:
        return self.spell is not None and not self.moved and not self.gone


_WAYS = """
    SELECT d.id, b.id, b.stage_id, last.act_id IS DISTINCT FROM %(act)s,
        s.archived_at IS NOT NULL OR p.archived_at IS NOT NULL
    FROM crm_deal d
        JOIN LATERAL (SELECT act_id FROM crm_dealspell WHERE deal_id = d.id ORDER BY id DESC LIMIT 1) last ON TRUE
        LEFT JOIN LATERAL (SELECT id, stage_id FROM crm_dealspell
            WHERE deal_id = d.id AND act_id IS DISTINCT FROM %(act)s ORDER BY id DESC LIMIT 1) b ON TRUE
        LEFT JOIN crm_stage s ON s.id = b.stage_id LEFT JOIN crm_pipeline p ON p.id = s.pipeline_id
    WHERE d.id = ANY(%(ids)s) ORDER BY d.rank, d.id
"""
_LEAVE = "DELETE FROM crm_dealspell WHERE act_id = %(act)s AND deal_id = ANY(%(deals)s)"
_RESUME = "UPDATE crm_dealspell SET ended_at = NULL WHERE id = ANY(%(spells)s)"


def take_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of an act that moved deals. One that has moved since stays, as does one whose stage is not in use
    any more. Their stages are locked already."""
    ids = locking.deals(Q(pk__in=DealSpell.objects.filter(act=done).values("deal")))
    with connection.cursor() as cursor:
        cursor.execute(_WAYS, {"ids": ids, "act": done.pk})
        ways = [_Way(*row) for row in cursor.fetchall()]  # from the top: as they stood before, where they went together
        back = [way for way in ways if way.free]
        deals = [way.deal for way in back]
        _note(done, back)
        cursor.execute(_LEAVE, {"act": done.pk, "deals": deals})
        cursor.execute(_RESUME, {"spells": [way.spell for way in back]})
    placing.stand(_ranks(back, done), now)
    return Undone(len(back), _kept([way for way in ways if not way.free]))


def _note(done: Act, back: Sequence[_Way]) -> None:
    """What doing it again has to know, since the spells of the act go: where to, and whoever went, from the top."""
    if back:
        went = DealSpell.objects.get(act=done, deal=back[0].deal, ended_at=None)
        deals = [(way.deal, way.spell) for way in back]
        done.detail["again"] = {"to": went.stage_id, "because": went.because, "deals": deals}
        done.save(update_fields=["detail"])


def _ranks(back: Sequence[_Way], done: Act) -> dict[int, int]:
    """Where each was if that place is free, else on top."""
    found: dict[int, int] = {}
    stages: dict[int | None, list[int]] = defaultdict(list)
    for way in back:
        stages[way.stage].append(way.deal)
    for stage, ids in stages.items():
        rank = done.detail.get("rank")
        taken = rank is None or len(ids) > 1 or Deal.objects.filter(stage=stage, rank=rank).exists()
        found |= placing.tops(Stage(pk=stage), ids) if taken else {ids[0]: rank}
    return found


def _kept(ways: Sequence[_Way]) -> list[Kept]:
    """Those that stay, and why."""
    ids = [way.deal for way in ways]
    rows = Deal.objects.select_related("stage").in_bulk(ids)
    spells = DealSpell.objects.select_related("by").filter(deal__in=ids, ended_at=None)
    movers = {spell.deal_id: str(spell.by or "") for spell in spells}
    stages = Stage.objects.in_bulk({way.stage for way in ways if way.gone})
    return [
        Kept(str(rows[way.deal]), "stage", rows[way.deal].stage.name, movers[way.deal], None, _because(way, stages))
        for way in sorted(ways)
    ]


def _because(way: _Way, stages: Mapping[int, Stage]) -> str:
    if way.moved:
        return "it has moved since"
    return f"{stages[way.stage]} is no longer in use" if way.gone and way.stage else "it began so"


def move_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the redo: those who stand where the undo has put them go on top of that stage again, and nothing is asked.

    Raises DealError if the stage is not in use any more, or if it was about one deal and that has moved since.
    """
    again = done.detail.get("again")
    if again is None:
        return Undone(0)
    stage, was = locking.stage(again["to"]), dict(again["deals"])
    ids = locking.deals(Q(pk__in=was))
    still = set(DealSpell.objects.filter(pk__in=was.values(), ended_at=None).values_list("deal", flat=True))
    moved = Deal.objects.select_related("stage").in_bulk([pk for pk in ids if pk not in still])
    if moved and len(was) == 1:
        (row,) = moved.values()
        raise DealError(f"“{row}” has moved since, to {row.stage}. Move it from there.")
    placing.place(placing.tops(stage, [pk for pk in was if pk in still]), stage, by, now, again["because"], done)
    kept = [Kept(str(row), "stage", row.stage.name, "", None, "it has moved since") for row in moved.values()]
    return Undone(len(still), kept)


def unwin(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of winning: besides, the contract goes if nobody counts on it, and is named if it stays."""
    undone = take_back(done, by, now)
    return undone if undone.kept else undone + _contract_of(done)


def _contract_of(done: Act) -> Undone:
    row = Deal.objects.filter(pk=done.detail.get("deal")).first()
    if row is None or row.contract_id is None:
        return Undone(0)
    found = done.detail["contract"] = booking.take_back(row.contract_id)
    done.save(update_fields=["detail"])
    if found["taken"]:
        return Undone(1)
    return Undone(0, [Kept(f"Contract {found['plan']}".strip(), "", None, "", None, found["because"])])


def win_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the redo of winning: besides, it has its contract again."""
    return move_again(done, by, now) + _again_with_contract(done)


def close_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of opening again: besides, it has its contract again."""
    undone = take_back(done, by, now)
    return undone + _again_with_contract(done, closed=not undone.kept)


def _again_with_contract(done: Act, *, closed: bool = True) -> Undone:
    """History has brought back the contract that was taken back with the deal; one for which there is no place any more
    goes."""
    was = done.detail.get("contract")
    if was and was["taken"] and Contract.objects.filter(pk=was["id"], deal=None).exists():
        row = Deal.objects.filter(pk=done.detail["deal"], contract=None)
        if not closed or not row.update(contract=was["id"]):
            booking.take_back(was["id"])
    return Undone(0)


def reopen_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the redo of opening again: besides, its contract goes if nobody counts on it."""
    undone = move_again(done, by, now)
    row = Deal.objects.filter(pk=done.detail["deal"]).first()
    if row and row.contract_id and row.is_open:
        done.detail["contract"] = booking.take_back(row.contract_id)
        done.save(update_fields=["detail"])
    return undone
