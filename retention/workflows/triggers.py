"""What makes customers enter: facts on the timeline, dates that come near, silence, segments. One statement each.

Every entry carries a trigger key made of the fact that caused it, unique for workflow and customer, so that one fact
enrolls once whatever is retried. Sweeps look at a stretch of moments from `swept_until` to now.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import singledispatch
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Q, QuerySet
from psycopg.types.json import Jsonb

from crm import slots
from crm.accounts.models import Account, AccountSeen
from crm.segments import filters, moves
from crm.segments.filters import FilterError
from crm.segments.models import Segment, SegmentMoves
from crm.segments.rules import day_start
from crm.web import clock
from retention.workflows import published, rules
from retention.workflows.causes import DateTrigger, FactTrigger, MonthTrigger, SegmentTrigger, SilenceTrigger
from retention.workflows.models import Workflow

logger = logging.getLogger(__name__)

#: A running workflow's dates, silences and segments are looked at this often: most change by the day.
SWEEP_EVERY = timedelta(minutes=1)
#: A date sweep looks this far back behind its last look, since a day lasts 50 hours around the Earth. So far a sweep of
#: a segment looks back once an hour, for moves that were written then and seen only when all of their act was done.
OVERLAP = timedelta(days=3)
#: In the other minutes of the hour it looks back this far: most moves are seen at once.
SETTLED = timedelta(minutes=15)

# OFFSET 0 keeps the question who has entered a look into an index, one for each cause, and "+ 0" makes it the account's
# index: the planner's statistics lag behind a sweep, and by them it would go through all who entered just now, for each
# cause. The filter is left to the planner: for many causes it reads the customers once.
_ENTER = """
    INSERT INTO retention_enrollment
        (workflow_id, version_id, account_id, contact_id, trigger_key, anchor, facts, state, step_id, visit, due_at,
        attempts, entered_at, ended_because)
    SELECT %s, %s, cause.account_id, cause.contact_id, cause.fact, cause.anchor, %s || cause.facts, 'active', %s, 1,
        cause.due_at, 0, %s, ''
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


def sweep(now: datetime) -> int:
    """Enroll whom dates and silence have reached since the last look. Returns how many entered.

    A slice for each workflow, each in a transaction of its own: what one cannot do stops no other.
    """
    entered = 0
    for workflow_id in _to_sweep(now).values_list("id", flat=True):
        try:
            with transaction.atomic():
                # Skipped when another worker sweeps it: it will have looked at the same moments.
                due = _to_sweep(now).select_for_update(skip_locked=True, of=("self",)).filter(pk=workflow_id)
                if workflow := due.first():
                    entered += _sweep_one(workflow, now)
        except (Error, FilterError):
            if not connection.is_usable():
                raise
            logger.exception("The sweep of workflow %d failed", workflow_id)
    return entered


def next_due(now: datetime) -> datetime | None:
    """When the next sweep finds somebody: a day that begins somewhere, or a silence that has lasted."""
    moments = []
    for workflow in Workflow.objects.filter(state=Workflow.State.ON):
        if plan := published.runnable(workflow):
            moments.append(_next_moment(plan.trigger, workflow, now))
    return min((moment for moment in moments if moment), default=None)


def enroll_for_facts(workflow: Workflow, trigger: FactTrigger, entry_ids: Sequence[int], now: datetime) -> int:
    """Enroll the customers of these timeline entries, those from before the workflow was switched on excepted."""
    cause = """
        SELECT account_id, contact_id, 'entry:' || id AS fact, NULL::date AS anchor, %s AS due_at,
            jsonb_build_object('text', text, 'at', occurred_at, 'entry', id) AS facts
        FROM crm_timelineentry WHERE id = ANY(%s) AND occurred_at >= %s
    """
    return _enter(workflow, trigger, cause, [now, list(entry_ids), workflow.enabled_at], now)


def _to_sweep(now: datetime) -> QuerySet[Workflow]:
    """Running workflows that have not been swept for a while. Facts are no matter of sweeps: see matching."""
    stale = Q(swept_until=None) | Q(swept_until__lte=now - SWEEP_EVERY)
    by_facts = Q(version__definition__trigger__when="fact")
    return Workflow.objects.filter(stale, ~by_facts, state=Workflow.State.ON, version__isnull=False)


def _sweep_one(workflow: Workflow, now: datetime) -> int:
    """Slice by slice: the look is over when it finds fewer than a slice holds."""
    plan = published.runnable(workflow)
    entered = _causes(plan.trigger, workflow, now) if plan else 0
    if entered < MOST_AT_ONCE:
        workflow.swept_until = now
        workflow.save(update_fields=["swept_until"])
    return entered


def _enter(workflow: Workflow, trigger: Any, cause: str, parameters: Sequence[Any], now: datetime) -> int:
    condition = filters.parse(trigger.where, "account").apply(Account.objects.all(), now).order_by().values("id")
    allowed, allowed_parameters = condition.query.sql_with_params()
    facts = Jsonb({"when": trigger.when} | trigger.model_dump(mode="json", exclude={"when", "where"}))
    first = published.of_version(workflow.version_id or 0).steps[0].id
    values: list[Any] = [workflow.pk, workflow.version_id, facts, first, now, *parameters]
    with connection.cursor() as cursor:
        statement = _ENTER.format(cause=cause, filter=allowed)
        cursor.execute(statement, [*values, workflow.pk, *allowed_parameters, MOST_AT_ONCE])
        return int(cursor.rowcount)


@singledispatch
def _causes(trigger: Any, workflow: Workflow, now: datetime) -> int:
    return 0  # facts come from the pending queue


@_causes.register
def _(trigger: DateTrigger, workflow: Workflow, now: datetime) -> int:
    """The day must not have been over when its date became known, nor when the workflow was switched on.

    A workflow that takes the current ones too has never swept: whoever is between the trigger's day and the date
    itself enters, and their day 1 is today.
    """
    offset = timedelta(days=trigger.offset_days)
    today, last, swept = clock.today(now), rules.last_day_begun(now), workflow.swept_until
    cause = f"""
        SELECT account_id, contact_id, fact, greatest(day + %s, %s) AS anchor, %s AS due_at,
            jsonb_build_object('day', day, 'contract', contract_id) AS facts
        FROM ({slots.date_fields[trigger.field].sql}) AS dates
        WHERE day <= %s AND day >= %s AND (%s OR (known_at AT TIME ZONE %s)::date <= day + %s)
    """  # noqa: S608 (SQL of a registered room, never of a user)
    if swept is None:
        first, earliest_anchor = min(today, last - offset), today
    else:
        first = max(clock.today(swept - OVERLAP), clock.today(workflow.enabled_at)) - offset
        earliest_anchor = date.min
    parameters = [trigger.offset_days, earliest_anchor, now, last - offset, first, swept is None, str(clock.zone()),
                  trigger.offset_days]  # fmt: skip
    return _enter(workflow, trigger, cause, parameters, now)


@_causes.register
def _(trigger: SilenceTrigger, workflow: Workflow, now: datetime) -> int:
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
            CASE WHEN silent_since > %s THEN silent_since + %s ELSE %s END AS due_at,
            'silent:' || to_char(silent_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS fact,
            jsonb_build_object('silent_since', silent_since) AS facts
        FROM crm_accountseen JOIN crm_account ON id = account_id
        WHERE silent_since <= %s AND silent_since > %s AND (%s OR created_at <= silent_since + %s)
    """
    current, seen_until = swept is None, (swept or now) - lasting
    since = datetime.min.replace(tzinfo=UTC) if current else (workflow.enabled_at or now) - lasting
    if swept and rules.same_hour(swept, now):
        since = max(since, seen_until)
    parameters = [seen_until, lasting, now, now - lasting, since, current, lasting]
    return _enter(workflow, trigger, cause, parameters, now)


@_causes.register
def _(trigger: SegmentTrigger, workflow: Workflow, now: datetime) -> int:
    """The moment of the move makes the key: who leaves and comes again enters again.

    A workflow that takes the current ones too has never swept: for it, whoever is in the segment has just come. Those
    of whom nobody knows since when, enter so once.
    """
    segment = Segment.objects.filter(pk=trigger.segment).first()
    swept, came = workflow.swept_until, trigger.moves == "in"
    current = swept is None
    if segment is None or (current and not came):
        return 0
    if swept is None:
        moved, parameters = moves.present(segment, now)
    else:
        back = SETTLED if rules.same_hour(swept, now) else OVERLAP
        moved, parameters = moves.moved(segment, max(workflow.enabled_at or now, swept - back), now, came=came)
    cause = f"""
        SELECT moved.account_id, NULL::bigint AS contact_id, NULL::date AS anchor,
            {"%s" if current else "coalesce(moved.at, %s)"} AS due_at,
            concat_ws(':', %s::text, to_char(moved.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')) AS fact,
            jsonb_build_object('name', %s::text, '{"since" if current else "at"}', moved.at) AS facts
        FROM ({moved}) AS moved
    """  # noqa: S608  (SQL of ours)
    key = f"segment:{segment.pk}:{trigger.moves}"
    return _enter(workflow, trigger, cause, [now, key, segment.name, *parameters], now)


@_causes.register
def _(trigger: MonthTrigger, workflow: Workflow, now: datetime) -> int:
    """The month makes the key. All customers are looked at once behind the day's beginning, in this house's zone.

    A workflow that takes the current ones too has never swept: for it, the latest such day has just begun. Who comes on
    record later in the month waits for the next.
    """
    day, swept = rules.latest_of_month(trigger.day, clock.today(now)), workflow.swept_until
    begin = day_start(day, clock.zone())
    if swept and (swept >= begin or begin < (workflow.enabled_at or now)):
        return 0
    cause = """
        SELECT id AS account_id, NULL::bigint AS contact_id, %s AS fact, %s::date AS anchor, %s AS due_at,
            jsonb_build_object('month', %s::text) AS facts
        FROM crm_account WHERE created_at <= %s
    """
    month, known_by = f"{day:%Y-%m}", begin if swept else now
    return _enter(workflow, trigger, cause, [f"month:{month}", clock.today(now), now, month, known_by], now)


@singledispatch
def _next_moment(trigger: Any, workflow: Workflow, now: datetime) -> datetime | None:
    return None


@_next_moment.register
def _(trigger: DateTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next calendar day begins somewhere."""
    tomorrow = rules.last_day_begun(now) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC) - rules.EARLIEST_DAWN


@_next_moment.register
def _(trigger: SilenceTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    lasting = timedelta(days=trigger.days)
    soonest = AccountSeen.objects.filter(silent_since__gt=now - lasting).order_by("silent_since")
    since = soonest.values_list("silent_since", flat=True).first()
    return since + lasting if since else None


@_next_moment.register
def _(trigger: MonthTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next such day begins in this house's zone."""
    return day_start(rules.next_of_month(trigger.day, clock.today(now)), clock.zone())


@_next_moment.register
def _(trigger: SegmentTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next sweep comes, if somebody has moved since the last one: others name the moments of moves."""
    swept = workflow.swept_until
    if swept is None or not SegmentMoves.objects.filter(segment=trigger.segment, at__gte=swept).exists():
        return None
    return swept + SWEEP_EVERY
