"""At one moment, everybody whom the filter lets through: what campaigns begin with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from crm.web import clock
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers.seeing import moment_near


class OnceTrigger(Filtered):
    """At one moment, once for each customer who fits then."""

    when: Literal["once"]
    at: datetime = Field(
        title="When", description="On this house’s clock. Who fits at this moment enters; who fits later does not."
    )

    @field_validator("at")
    @classmethod
    def _with_zone(cls, at: datetime) -> datetime:
        return at if at.tzinfo else at.replace(tzinfo=clock.zone())


def _has_come(trigger: OnceTrigger, workflow: Workflow, now: datetime) -> bool:
    """And it has not been looked at: a workflow that was switched on at this very moment has not looked yet."""
    swept = workflow.swept_until
    if swept is None or trigger.at > now:
        return trigger.at <= now
    enabled = workflow.enabled_at or now
    return trigger.at >= enabled and (swept < trigger.at or swept == enabled)


def _causes(trigger: OnceTrigger, workflow: Workflow, now: datetime) -> Cause | None:
    """The key is the same whenever it is: a moment that is put off reaches nobody twice.

    A workflow that takes the current ones too has never swept: for it, a moment that has passed has just come.
    """
    if not _has_come(trigger, workflow, now):
        return None
    sql = """
        SELECT id AS account_id, NULL::bigint AS contact_id, 'once' AS fact, %s::timestamptz AS at,
            %s::date AS anchor, %s::timestamptz AS due_at, '{}'::jsonb AS facts
        FROM crm_account WHERE created_at <= %s
    """
    due = max(trigger.at, workflow.enabled_at or trigger.at) if workflow.swept_until else now
    return Cause(sql, [trigger.at, clock.today(due), due, now])


def _next_moment(trigger: OnceTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    return trigger.at if trigger.at > now else None


def _told(facts: dict[str, Any], today: date) -> str:
    at = datetime.fromisoformat(facts["at"]).astimezone(clock.zone())
    return f"Everybody who fitted on {at.day} {at:%B %Y}, {at:%H:%M}"


def _sentence(trigger: OnceTrigger) -> str:
    at = trigger.at.astimezone(clock.zone())
    return f"Once, on {at.day} {at:%B %Y} at {at:%H:%M}, everybody who fits"


def _why(trigger: OnceTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    come = trigger.at <= now
    return [Verdict("its moment has come", moment_near(trigger.at, now), come)]


trigger_kinds.register(
    "once",
    TriggerKind(
        OnceTrigger,
        "At one moment", "Starts once for everybody whom the filter lets through at that moment, as a campaign does.",
        "megaphone", "By hand", _sentence, _told, _causes, _next_moment, why=_why,
        already=lambda trigger: "also when its moment has passed", order=80,
    ),
)  # fmt: skip
