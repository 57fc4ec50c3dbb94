"""Moving deals from stage to stage, and up and down in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions import deals as booking
from crm.pipelines import values
from crm.pipelines.actions import linking, locking, placing
from crm.pipelines.actions.refusals import GateError, MovedError
from crm.pipelines.actions.telling import tell
from crm.pipelines.models import Deal, Outcome, Stage
from crm.pipelines.rules import gates
from crm.team.models import User

MOVED, REOPENED = "deal.moved", "deal.reopened"


@dataclass(frozen=True)
class Filled:
    """What somebody filled in when a stage asked for it; saved with the move, or not at all."""

    checked: tuple[str, ...] = ()  # ids of the checklist of the stage it leaves, ticked now besides those that were
    values: Mapping[str, Any] = field(default_factory=dict)  # as `editing.change` takes them


@dataclass(frozen=True)
class Moved:
    """A deal where it stands now."""

    deal: Deal  # with its stage
    act: Act | None  # to undo; None: it only changed places within its stage, or nothing did


@locking.persistent
def move(
    deal_id: int, to_stage: int, after: int | None, by: User | None, now: datetime, *, seen_stage: int | None = None,
    filled: Filled | None = None, because: str = "",
) -> Moved:  # fmt: skip
    """Put it into a stage right under the card `after`, or on top; also within its stage.

    `after` that is not in the stage any more: on top. `seen_stage`: where the person saw it; if it stands elsewhere,
    and not where it is to go, MovedError. Raises GateError if the stage asks for something first, and always for a
    stage that wins in a pipeline that books, or that loses: `win` and `lose` do that. A closed deal that comes into an
    open stage is open again (what became of its contract: `moved.act.detail["contract"]`). Raises DealError for a
    stage that is not in use. `because`: in a sentence, where nobody of ours did it.
    """
    row, stage, rank = arrive(deal_id, to_stage, after, seen_stage)
    if row.stage_id == stage.pk:
        placing.shift(row, rank, now)
        return Moved(row, None)
    if stage.outcome == Outcome.LOST or (stage.outcome == Outcome.WON and stage.pipeline.books):
        missing = owing(row, stage, filled)
        raise GateError(f"Say what became of “{row}” before it goes to {stage}.", row, stage, missing)
    again = not row.is_open and stage.outcome == Outcome.OPEN
    kind, label = (REOPENED, f"opened {row} again") if again else (MOVED, f"moved {row} to {stage}")
    with act(kind, label, by, now, standing(row)) as deed:
        pass_gate(row, stage, filled, now)
        if not row.is_open:
            _leave_its_end(row, stage, deed)
        enter(row, stage, rank, by, now, because)
    return Moved(row, deed)


def arrive(deal_id: int, stage_id: int, after: int | None, seen_stage: int | None) -> tuple[Deal, Stage, int]:
    """Stage and deal, locked, and the rank that the deal gets there. Raises DealError and MovedError."""
    stage = locking.stage(stage_id)
    rank = placing.room(stage, deal_id, after)
    row = locking.deal(deal_id)
    if seen_stage is not None and row.stage_id not in (seen_stage, stage.pk):
        who = placing.since(row).by
        raise MovedError(f"{who or 'Somebody'} has moved “{row}” to {row.stage} meanwhile.", row)
    return row, stage, rank


def standing(row: Deal) -> dict[str, Any]:
    """For the act's detail: where it stands before it is moved."""
    return {"deal": row.pk, "from": row.stage_id, "rank": row.rank}


def gate_of(stage: Stage) -> gates.Gate:
    checks = gates.checks_of(stage.checklist)
    return gates.Gate(stage.pipeline_id, stage.order, stage.outcome, checks, tuple(stage.required))


def owing(row: Deal, stage: Stage, filled: Filled | None = None) -> gates.Missing:
    """What is still to be done before the deal may enter the stage."""
    filled = filled or Filled()
    leaves, enters = gate_of(row.stage), gate_of(stage)
    held = {**values.held(row, enters.required), **filled.values}
    return gates.missing(leaves, enters, {*row.checked, *filled.checked}, held)


def pass_gate(row: Deal, stage: Stage, filled: Filled | None, now: datetime) -> None:
    """Save what somebody filled in, and see that nothing is missing. Inside an act. Raises GateError."""
    if missing := owing(row, stage, filled):
        raise GateError(f"{stage} asks for something before “{row}” goes there.", row, stage, missing)
    if filled is None:
        return
    known = {check.id for check in gates.checks_of(row.stage.checklist)}
    checked = [*row.checked, *(one for one in filled.checked if one in known and one not in row.checked)]
    if values.CONTACTS in filled.values:
        linking.add_contacts(row, filled.values[values.CONTACTS])
    columns = {name: value for name, value in filled.values.items() if name != values.CONTACTS}
    if changed := values.fill(row, {**columns, "checked": checked}, now):
        row.save(update_fields=[*changed])


def enter(
    row: Deal, stage: Stage, rank: int, by: User | None, now: datetime, because: str = "", *, words: str = "",
    kind: str = "", note: str = "", **payload: object,
) -> None:  # fmt: skip
    """Behind the gate: place it, and tell the timeline."""
    was, entered_at, is_open = row.stage, row.entered_at, row.is_open
    placing.place({row.pk: rank}, stage, by, now, because)
    row.refresh_from_db(fields=["rank", "outcome", "entered_at", "stuck_at", "told_stuck", "closed_at", "updated_at"])
    row.pipeline, row.stage = stage.pipeline, stage
    if not kind:
        kind, words = _said(stage, is_open)
    days = max((now - entered_at).days, 0)
    tell(row, kind, words, now, by, note=note, days=days, **{"from": was.name, "from_id": was.pk}, **payload)


def _said(stage: Stage, was_open: bool) -> tuple[str, str]:
    if stage.outcome == Outcome.WON:
        return "deal.won", "Deal won"
    if not was_open:
        return "deal.reopened", f"Deal open again, in {stage}"
    return "deal.stage", f"Deal moved to {stage}"


def _leave_its_end(row: Deal, stage: Stage, deed: Act) -> None:
    """It is lost for no reason any more; and open again, its contract goes if nobody else counts on it."""
    if row.lost_because_id or row.lost_note:
        row.lost_because, row.lost_note = None, ""
        row.save(update_fields=["lost_because", "lost_note"])
    if row.contract_id and stage.outcome == Outcome.OPEN:
        deed.detail["contract"] = booking.take_back(row.contract_id)
        if deed.detail["contract"]["taken"]:
            row.contract = None
