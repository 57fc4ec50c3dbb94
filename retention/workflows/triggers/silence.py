"""Nobody of the customer has been seen for a while."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from crm.accounts.models import AccountSeen
from crm.web.wording import day_near
from retention.workflows import rules
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers.seeing import moment_near
from retention.workflows.wording import days


class SilenceTrigger(Filtered):
    """Nobody of the customer has been seen for `days` times 24 hours."""

    when: Literal["silence"]
    days: int = Field(
        ge=1, le=730, title="Days of silence", description="Counted from when anybody of them was last seen."
    )


def _causes(trigger: SilenceTrigger, workflow: Workflow, now: datetime) -> Cause:
    """Due at the moment the silence had lasted, so that lateness counts from there.

    A silence is a present state: one that became known late, by a weekly usage file, counts from now. But the account
    must have been on record when it had lasted, else it is imported history, and the workflow must have been on.
    A workflow that takes the current ones too has never swept: for it every silence has just lasted.
    The first look of each hour of the clock is at all who are silent, and finds what became known late; the others are
    at the silences that have lasted since the look before.
    """
    lasting, swept = timedelta(days=trigger.days), workflow.swept_until
    cause = """
        SELECT account_id, NULL::bigint AS contact_id, NULL::date AS anchor,
            CASE WHEN silent_since > %s THEN silent_since + %s ELSE %s END AS due_at, silent_since + %s AS at,
            'silent:' || to_char(silent_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS fact,
            jsonb_build_object('silent_since', silent_since) AS facts
        FROM crm_accountseen JOIN crm_account ON id = account_id
        WHERE silent_since <= %s AND silent_since > %s AND (%s OR created_at <= silent_since + %s)
    """
    current, seen_until = swept is None, (swept or now) - lasting
    since = datetime.min.replace(tzinfo=UTC) if current else (workflow.enabled_at or now) - lasting
    if swept and rules.same_hour(swept, now):
        since = max(since, seen_until)
    parameters = [seen_until, lasting, now, lasting, now - lasting, since, current, lasting]
    return Cause(cause, parameters)


def _next_moment(trigger: SilenceTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    lasting = timedelta(days=trigger.days)
    soonest = AccountSeen.objects.filter(silent_since__gt=now - lasting).order_by("silent_since")
    since = soonest.values_list("silent_since", flat=True).first()
    return since + lasting if since else None


def _told(facts: dict[str, Any], today: date) -> str:
    since = datetime.fromisoformat(facts["silent_since"])
    return f"Silent for {days(facts['days'])}, since {day_near(since.date(), today)}"


def _why(trigger: SilenceTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    since = AccountSeen.objects.filter(account=account_id).values_list("silent_since", flat=True).first()
    label = f"Nobody was seen for {days(trigger.days)}"
    if since is None:
        return [Verdict(label, "nobody knows when they were seen", False)]
    over = since + timedelta(days=trigger.days)
    verdicts = [Verdict(label, f"silent since {moment_near(since, now)}", over <= now)]
    if (on := workflow.enabled_at) and over <= now:
        verdicts.append(
            Verdict("That had lasted after the workflow was switched on", moment_near(over, now), over > on)
        )
    return verdicts


trigger_kinds.register(
    "silence",
    TriggerKind(
        SilenceTrigger,
        "They fall silent", "Starts when nobody of the customer has been seen for so many days; once for each silence.",
        "moon", "Behaviour", lambda trigger: f"When a customer has been silent for {days(trigger.days)}", _told,
        _causes, _next_moment, already=lambda trigger: "also for customers already silent", why=_why, order=30,
    ),
)  # fmt: skip
