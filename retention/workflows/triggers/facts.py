"""A fact on the timeline makes its customer enter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from crm import slots
from crm.segments import filters
from crm.timeline.models import TimelineEntry
from retention.workflows.asking import Asks
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow, listed
from retention.workflows.triggers.seeing import filtered, moment_near


def _sound(tree: dict[str, Any]) -> dict[str, Any]:
    filters.parse(tree, "entry")
    return tree


class FactTrigger(Filtered):
    """Something happened: a timeline entry of a kind."""

    when: Literal["fact"]
    kind: Annotated[str, Asks("fact")] = Field(
        title="What happens", description="A fact as it stands on the customer’s timeline."
    )
    entry: Annotated[
        dict[str, Any] | None, AfterValidator(lambda tree: tree and _sound(tree)), Asks("entry_filter")
    ] = Field(None, title="Only facts where", description="Asked of the fact itself; blank: every fact of this kind.")
    keyed_by: Annotated[str | None, Asks("fact_detail")] = Field(
        None, pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$", max_length=60, title="One start for each",
        description="A detail of the fact such as cart or ticket: further facts with the same one start nothing, and "
        "a later wait can wait for a fact with the same one. Blank: each fact starts anew.",
    )  # fmt: skip


def called(kind: str) -> str:
    """A kind of fact as people read it."""
    known = slots.fact_kinds.get(kind)
    return known.label if known else kind.replace(".", " ").replace("_", " ")


#: Longer ones are told apart by their digest, so that any fits into a key.
_LONGEST_VALUE = 64

# Of facts with the same key the first one counts. A detail that is missing or no single value makes no key.
_CAUSED = f"""
    SELECT DISTINCT ON (fact, account_id) account_id, contact_id, fact, NULL::date AS anchor, %s AS due_at,
        occurred_at AS at, jsonb_strip_nulls(jsonb_build_object(
            'text', text, 'at', occurred_at, 'entry', id, 'key', detail)) AS facts
    FROM (
        SELECT *, CASE WHEN detail IS NULL THEN 'entry:' || id ELSE 'keyed:' || kind || ':' || CASE
            WHEN length(detail) > {_LONGEST_VALUE} THEN md5(detail) ELSE detail END END AS fact
        FROM (
            SELECT id, account_id, contact_id, kind, text, occurred_at, CASE
                WHEN jsonb_typeof(payload #> %s::text[]) IN ('string', 'number')
                THEN nullif(payload #>> %s::text[], '') END AS detail
            FROM crm_timelineentry WHERE id = ANY(%s) AND occurred_at >= %s {{fits}}) AS entry) AS entry
    ORDER BY fact, account_id, occurred_at, id
"""  # noqa: S608  (constants of ours)


def _caused_by(trigger: FactTrigger, workflow: Workflow, entry_ids: Sequence[int], now: datetime) -> Cause:
    """The customers of these entries, those from before the workflow was switched on excepted."""
    path, fits, asked = (trigger.keyed_by or "").split("."), "", ()
    if trigger.entry:
        entries = TimelineEntry.objects.filter(pk__in=listed(entry_ids)).order_by().values("id")
        sql, asked = filters.parse(trigger.entry, "entry").apply(entries, now).query.sql_with_params()
        fits = f"AND id IN ({sql})"
    sql = _CAUSED.format(fits=fits)
    return Cause(sql, [now, path, path, list(entry_ids), workflow.enabled_at, *asked])


def _sentence(trigger: FactTrigger) -> str:
    told = f"When “{called(trigger.kind)}” happens"
    if trigger.entry:
        told += f" and {filters.parse(trigger.entry, 'entry').sentence()}"
    return f"{told}, once for each {trigger.keyed_by.replace('_', ' ')}" if trigger.keyed_by else told


def _why(trigger: FactTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    """The latest fact of the kind since the workflow was switched on, and what is asked of it."""
    entries = TimelineEntry.objects.filter(account=account_id, kind=trigger.kind, occurred_at__lte=now)
    label, latest = f"“{called(trigger.kind)}” has happened", entries.order_by("-occurred_at", "-id").first()
    if latest is None:
        return [Verdict(label, "never", False)]
    seen = moment_near(latest.occurred_at, now)
    since = workflow.enabled_at
    verdicts = [Verdict(label, seen, True)]
    if since and latest.occurred_at < since:
        verdicts.append(Verdict("after the workflow was switched on", f"on since {moment_near(since, now)}", False))
    if trigger.entry:
        verdicts += filtered(trigger.entry, "entry", latest.pk, now)
    return verdicts


def told(facts: dict[str, Any], today: date) -> str:
    return str(facts.get("text") or "A fact on the timeline")


trigger_kinds.register(
    "fact",
    TriggerKind(
        FactTrigger,
        "Something happens", "Starts with a fact on the customer’s timeline: a deal won, a payment failed, a mail.",
        "zap", "Facts", _sentence, told,
        swept=False, listens=lambda trigger: (trigger.kind,), caused_by=_caused_by, why=_why, order=10,
    ),
)  # fmt: skip
