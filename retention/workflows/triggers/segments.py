"""The customer comes into a segment, or goes out of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from crm.segments import filters, moves
from crm.segments.filters import FilterError
from crm.segments.models import Segment, SegmentMoves
from crm.web.wording import day_near
from retention.workflows import rules
from retention.workflows.asking import Asks
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers.seeing import moment_near
from retention.workflows.triggers.stretch import OVERLAP, SETTLED, SWEEP_EVERY


class SegmentTrigger(Filtered):
    """The customer comes into a segment, or goes out of it. Who is in a dynamic one is known each night."""

    when: Literal["segment"]
    segment: Annotated[int, Asks("segment")] = Field(title="Segment")
    moves: Literal["in", "out"] = Field("in", title="They come in, or go out")

    @field_validator("segment")
    @classmethod
    def _segment_is_there(cls, pk: int) -> int:
        try:
            filters.parse({"field": "segment", "op": "is_in", "value": pk}, "account")
        except FilterError as error:
            raise ValueError(error.message) from None
        return pk


def _causes(trigger: SegmentTrigger, workflow: Workflow, now: datetime) -> Cause | None:
    """The moment of the move makes the key: who leaves and comes again enters again.

    A workflow that takes the current ones too has never swept: for it, whoever is in the segment has just come. Those
    of whom nobody knows since when, enter so once.
    """
    segment = Segment.objects.filter(pk=trigger.segment).first()
    swept, came = workflow.swept_until, trigger.moves == "in"
    current = swept is None
    if segment is None or (current and not came):
        return None
    if swept is None:
        moved, parameters = moves.present(segment, now)
    else:
        back = SETTLED if rules.same_hour(swept, now) else OVERLAP
        moved, parameters = moves.moved(segment, max(workflow.enabled_at or now, swept - back), now, came=came)
    cause = f"""
        SELECT moved.account_id, NULL::bigint AS contact_id, NULL::date AS anchor,
            {"%s" if current else "coalesce(moved.at, %s)"} AS due_at, coalesce(moved.at, %s) AS at,
            concat_ws(':', %s::text, to_char(moved.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')) AS fact,
            jsonb_build_object('name', %s::text, '{"since" if current else "at"}', moved.at) AS facts
        FROM ({moved}) AS moved
    """  # noqa: S608  (SQL of ours)
    key = f"segment:{segment.pk}:{trigger.moves}"
    return Cause(cause, [now, now, key, segment.name, *parameters])


def _next_moment(trigger: SegmentTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next sweep comes, if somebody has moved since the last one: others name the moments of moves."""
    swept = workflow.swept_until
    if swept is None or not SegmentMoves.objects.filter(segment=trigger.segment, at__gte=swept).exists():
        return None
    return swept + SWEEP_EVERY


def _sentence(trigger: SegmentTrigger) -> str:
    segment = Segment.objects.filter(pk=trigger.segment).first()
    way = "comes into" if trigger.moves == "in" else "goes out of"
    return f"When a customer {way} the segment “{segment or 'that is gone'}”"


def _told(facts: dict[str, Any], today: date) -> str:
    moment = facts.get("at") or facts.get("since")
    when = day_near(datetime.fromisoformat(moment).date(), today) if moment else ""
    if "since" in facts:
        return f"In the segment “{facts['name']}”" + (f" since {when}" if when else "")
    return f"{'Came into' if facts['moves'] == 'in' else 'Went out of'} the segment “{facts['name']}” on {when}"


def _noticed(trigger: SegmentTrigger) -> str:
    segment = Segment.objects.filter(pk=trigger.segment).first()
    if segment is None or segment.is_static:
        return ""
    return "Who is in a dynamic segment is counted each night, so it starts with the count after."


def _already(trigger: SegmentTrigger) -> str:
    return "also for customers already in the segment" if trigger.moves == "in" else ""


def _why(trigger: SegmentTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    """The latest such move that was noted."""
    came = trigger.moves == "in"
    segment = Segment.objects.filter(pk=trigger.segment).first()
    label = f"They {'came into' if came else 'went out of'} the segment “{segment or 'that is gone'}”"
    column = "came__contains" if came else "went__contains"
    noted = SegmentMoves.objects.filter(segment=trigger.segment, at__lte=now, **{column: [account_id]})
    at = noted.order_by("-at").values_list("at", flat=True).first()
    if at is None:
        return [Verdict(label, "not noted", False)]
    fresh = workflow.enabled_at is None or at >= workflow.enabled_at
    return [
        Verdict(label, moment_near(at, now), True),
        Verdict("since it was switched on", moment_near(at, now), fresh),
    ]


trigger_kinds.register(
    "segment",
    TriggerKind(
        SegmentTrigger,
        "They come into a segment, or go out", "Starts with the move; who leaves and comes again starts again.",
        "funnel", "Behaviour", _sentence, _told, _causes, _next_moment, already=_already, noticed=_noticed, why=_why,
        order=40,
    ),
)  # fmt: skip
