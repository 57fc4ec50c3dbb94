"""The one statement by which customers enter a workflow: whoever a cause finds, has not entered for it, and fits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.accounts.models import Account
from crm.segments import filters
from retention.workflows import published
from retention.workflows.causes import Filtered
from retention.workflows.experiments import holdout
from retention.workflows.kinds import Cause
from retention.workflows.models import Workflow
from retention.workflows.policies import Again

# OFFSET 0 keeps the question who has entered a look into an index, one for each cause, and "+ 0" makes it the account's
# index: the planner's statistics lag behind a sweep, and by them it would go through all who entered just now, for each
# cause. The filter is left to the planner: for many causes it reads the customers once.
_ENTER = """
    INSERT INTO retention_enrollment
        (workflow_id, version_id, account_id, contact_id, trigger_key, anchor, facts, state, step_id, visit, due_at,
        attempts, entered_at, ended_because, held_out)
    SELECT %s, %s, cause.account_id, cause.contact_id, cause.fact, cause.anchor, %s || cause.facts, 'active', %s, 1,
        cause.due_at, 0, %s, '', {held_out}
    FROM ({cause}) AS cause
    WHERE NOT EXISTS (
            SELECT FROM retention_enrollment AS e
            WHERE e.account_id = cause.account_id AND e.trigger_key = cause.fact AND e.workflow_id + 0 = %s OFFSET 0)
        AND cause.account_id IN ({filter})
    LIMIT %s
    ON CONFLICT DO NOTHING
"""

#: So many enter in one transaction: a few seconds, well within a worker's time limit; the next slice goes on. Each one
#: looks at all causes again, so that few large ones are the quickest.
MOST_AT_ONCE = 150_000


def enter(workflow: Workflow, trigger: Filtered, cause: Cause | None, now: datetime) -> int:
    """Let in whom the cause finds, in the caller's transaction; no more than MOST_AT_ONCE. Returns how many entered."""
    if cause is None:
        return 0
    plan = published.of_version(workflow.version_id or 0)
    condition = filters.parse(trigger.where, "account").apply(Account.objects.all(), now).order_by().values("id")
    allowed, allowed_values = condition.query.sql_with_params()
    told = trigger.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"when", "where"})
    facts = Jsonb({"when": trigger.when} | told)
    found, found_values = once(workflow, plan.again, cause)
    held_out = holdout.entering(workflow.pk, plan.holdout_percent, "cause.account_id")
    statement = _ENTER.format(cause=found, filter=allowed, held_out=held_out)
    before: list[Any] = [workflow.pk, workflow.version_id, facts, plan.steps[0].id, now]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*before, *found_values, workflow.pk, *allowed_values, MOST_AT_ONCE])
        return int(cursor.rowcount)


# Of several causes of one customer the first one counts. Two workers ask one after the other: the second sees whom the
# first has let in.
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('retention.enter'), %s)"
_ONCE = """
    SELECT DISTINCT ON ({unit}) * FROM ({cause}) AS each
    WHERE NOT EXISTS (
        SELECT FROM retention_enrollment AS past
        WHERE past.account_id = each.account_id AND past.workflow_id + 0 = %s {same_person} {lately} OFFSET 0)
    ORDER BY {unit}, each.at, each.fact
"""
#: By what the days count from: who has been in it too lately. Whoever is in it has not ended.
_LATELY = {
    "entered": "AND past.entered_at > each.at - %s",
    "ended": "AND coalesce(past.ended_at, 'infinity') > each.at - %s",
}


def once(workflow: Workflow, again: Again | None, cause: Cause) -> tuple[str, list[Any]]:
    """The cause, without whoever may not enter again."""
    if again is None or again.may == "each":
        return cause.sql, list(cause.values)
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [workflow.pk])
    sql = _ONCE.format(
        cause=cause.sql,
        unit="each.account_id, each.contact_id" if cause.each_person else "each.account_id",
        same_person="AND past.contact_id IS NOT DISTINCT FROM each.contact_id" if cause.each_person else "",
        lately=_LATELY[again.since] if again.may == "after" else "",
    )
    return sql, [*cause.values, workflow.pk, *([timedelta(days=again.days)] if again.days else [])]
