"""Losing a deal, with its reason."""

from __future__ import annotations

from datetime import datetime

from crm.history.actions import act
from crm.pipelines.actions import editing, locking
from crm.pipelines.actions.moving import Filled, Moved, arrive, enter, owing, pass_gate, standing
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.models import Deal, LossReason, Outcome, Stage
from crm.team.models import User

LOST = "deal.lost"
_LONGEST = Deal._meta.get_field("lost_note").max_length or 0


@locking.persistent
def lose(
    deal_id: int, reason_id: int | None, note: str, by: User | None, now: datetime, *, after: int | None = None,
    seen_stage: int | None = None, filled: Filled | None = None,
) -> Moved:  # fmt: skip
    """Put it on top of the stage that loses.

    Raises GateError without a reason in use, or if the stage asks for a field; DealError for one that is won: it is
    opened again first. One that is lost already gets this reason and note. MovedError as `move`.
    """
    row, stage, rank = arrive(deal_id, _losing(deal_id), after, seen_stage)
    if row.pipeline_id != stage.pipeline_id:
        locking.again()
    if row.outcome == Outcome.WON:
        raise DealError(f"“{row}” is won. Move it to an open stage first, which takes its contract back.")
    reason = LossReason.objects.filter(pk=reason_id, archived_at=None).first() if reason_id else None
    if reason is None:
        raise GateError(f"Say why “{row}” is lost.", row, stage, owing(row, stage, filled))
    because = {"lost_because": reason, "lost_note": note.strip()[:_LONGEST]}
    if row.outcome == Outcome.LOST:
        return Moved(*editing.change(deal_id, because, by, now))
    filled = filled or Filled()
    with act(LOST, f"lost {row}", by, now, standing(row)) as deed:
        pass_gate(row, stage, Filled(filled.checked, {**filled.values, **because}), now)
        enter(row, stage, rank, by, now, kind="deal.lost", words=f"Deal lost ({reason})", note=note, reason=reason.name)
    return Moved(row, deed)


def _losing(deal_id: int) -> int:
    stages = Stage.objects.in_use().filter(pipeline__deals=deal_id, outcome=Outcome.LOST)
    found = stages.values_list("pk", flat=True).first()
    if found is None:
        gone = not Deal.objects.filter(pk=deal_id).exists()
        raise DealError(
            "This deal is not there any more." if gone
            else "This pipeline has no stage that loses. An admin adds one to its shape."
        )  # fmt: skip
    return found
