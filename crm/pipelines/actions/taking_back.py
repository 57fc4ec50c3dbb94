"""Taking moves back: deals stand where they stood, and their spells are as if they had never left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.ledger.actions import deals as booking
from crm.ledger.models import Contract
from crm.pipelines.actions import locking, placing
from crm.pipelines.models import Deal, DealSpell, Stage
from crm.team.models import User


def take_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of an act that moved deals. One that has moved since stays, as does one whose stage is not in use
    any more. Their stages are locked already."""
    ids = locking.deals(Q(pk__in=DealSpell.objects.filter(act=done).values("deal")))
    rows = Deal.objects.select_related("stage").in_bulk(ids)
    spells = _spells(ids)
    kept = {pk: because for pk in ids if (because := _stays(spells[pk], done))}
    back = {pk: _before(spells[pk], done) for pk in ids if pk not in kept}
    DealSpell.objects.filter(act=done, deal__in=back).delete()
    DealSpell.objects.filter(pk__in=[spell.pk for spell in back.values()]).update(ended_at=None)
    placing.stand(_ranks(back, done), now)
    return Undone(len(back), [
        Kept(str(rows[pk]), "stage", rows[pk].stage.name, str(spells[pk][-1].by or ""), None, because)
        for pk, because in kept.items()
    ])  # fmt: skip


def _spells(ids: Iterable[int]) -> Mapping[int, list[DealSpell]]:
    """Of each deal, in their order."""
    found: dict[int, list[DealSpell]] = defaultdict(list)
    for spell in DealSpell.objects.select_related("stage__pipeline", "by").filter(deal__in=ids).order_by("pk"):
        found[spell.deal_id].append(spell)
    return found


def _before(spells: list[DealSpell], done: Act) -> DealSpell:
    """The spell that the act ended."""
    return next(spell for spell in reversed(spells) if spell.act_id != done.pk)


def _stays(spells: list[DealSpell], done: Act) -> str:
    """Why it cannot go back; blank: it can."""
    if spells[-1].act_id != done.pk:
        return "it has moved since"
    if all(spell.act_id == done.pk for spell in spells):
        return "it began so"
    stage = _before(spells, done).stage
    return f"{stage} is no longer in use" if stage.archived_at or stage.pipeline.archived_at else ""


def _ranks(back: Mapping[int, DealSpell], done: Act) -> dict[int, int]:
    """Where each was if that place is free, else on top."""
    found: dict[int, int] = {}
    stages: dict[int, list[int]] = defaultdict(list)
    for pk, spell in back.items():
        stages[spell.stage_id].append(pk)
    for stage, ids in stages.items():
        rank = done.detail.get("rank")
        taken = rank is None or len(ids) > 1 or Deal.objects.filter(stage=stage, rank=rank).exists()
        found |= placing.tops(Stage(pk=stage), ids) if taken else {ids[0]: rank}
    return found


def unwin(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of winning: besides, the contract goes if nobody counts on it, and is named if it stays."""
    undone = take_back(done, by, now)
    return undone if undone.kept else undone + _contract_of(done)


def _contract_of(done: Act) -> Undone:
    row = Deal.objects.filter(pk=done.detail.get("deal")).first()
    if row is None or row.contract_id is None:
        return Undone(0)
    found: dict[str, Any] = booking.take_back(row.contract_id)
    if found["taken"]:
        return Undone(1)
    return Undone(0, [Kept(f"Contract {found['plan']}".strip(), "", None, "", None, found["because"])])


def close_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of opening again: besides, it has its contract again, which history has brought back; one for which
    there is no place any more goes."""
    undone = take_back(done, by, now)
    was = done.detail.get("contract")
    if was and was["taken"] and Contract.objects.filter(pk=was["id"], deal=None).exists():
        row = Deal.objects.filter(pk=done.detail["deal"], contract=None)
        if undone.kept or not row.update(contract=was["id"]):
            booking.take_back(was["id"])
    return undone
