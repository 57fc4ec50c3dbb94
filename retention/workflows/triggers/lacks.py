"""They did one thing and not another: “uses reports, has not tried exports”; and what they reached."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from pydantic import Field

from crm.web import clock
from crm.web.wording import day_near
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.rules import days
from retention.workflows.triggers import deeds
from retention.workflows.triggers.deeds import Deed
from retention.workflows.triggers.seeing import moment_near
from retention.workflows.triggers.stretch import OVERLAP

#: The first look of a day reaches back so far, for use that files brought late: what is older is history.
KNOWN_LATE = timedelta(days=32)


class LackTrigger(Filtered):
    """They did one thing, and so many days later have not done another."""

    when: Literal["lack"]
    did: Deed = Field(title="They did")
    lacks: Deed = Field(title="And did not")
    days: int = Field(7, ge=0, le=730, title="Days later")
    since: Literal["first", "last"] = Field(
        "first", title="Counted from",
        description="The first time: enters once, unless they have ever done the other. The last time: enters for each "
        "time that is followed by so many days without either.",
    )  # fmt: skip


class ReachTrigger(Filtered):
    """They have done something for the n-th time: a milestone."""

    when: Literal["reach"]
    did: Deed = Field(title="They did")


def _stretch(deed: Deed, behind: int, workflow: Workflow, now: datetime) -> tuple[Any, Any]:
    """The deeds whose moment, so many days behind them, came since the last look.

    Each look goes a little further back, and the first one of a day much further: use becomes known by its day, and
    late. A workflow that takes the current ones too has never swept: for it all have just come.
    """
    today, lasting, swept = clock.today(now), timedelta(days=behind), workflow.swept_until
    if swept is None:
        first = date(1900, 1, 1)
    else:
        enabled, seen = workflow.enabled_at or swept, clock.today(swept)
        back = OVERLAP if seen == today else KNOWN_LATE
        first = max(seen - back, clock.today(enabled)) - lasting
        if deed.fact:
            return max(swept - back, enabled) - lasting, now - lasting
    return deeds.begin(deed, first), (today if deed.feature else now) - lasting


def _key(*parts: str) -> str:
    """Short whatever is in it, so that any name fits into a trigger key."""
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


_FOUND = """
    SELECT did.account_id, NULL::bigint AS contact_id, {fact} AS fact, {at} AS at,
        ({at} AT TIME ZONE %s)::date AS anchor, %s::timestamptz AS due_at,
        jsonb_build_object('done_at', did.at) AS facts
    FROM ({did}) AS did
"""
_LATER = {
    True: "((did.at AT TIME ZONE %s)::date + %s)::timestamp AT TIME ZONE %s",  # of use: a calendar day
    False: "did.at + %s",
}


def _lacking(trigger: LackTrigger, workflow: Workflow, now: datetime) -> Cause:
    """By the first time the key says once; by the last time its moment makes it: what they do anew makes a new one."""
    first, last = _stretch(trigger.did, trigger.days, workflow, now)
    did, values = deeds.done(trigger.did, first, last, since=trigger.since)
    lacks, lacking = deeds.undone(trigger.lacks, since_then=trigger.since == "last")
    zone, key = str(clock.zone()), f"lack:{_key(trigger.did.key, trigger.lacks.key, trigger.since)}"
    used = trigger.did.feature is not None
    spell = " || to_char(did.at AT TIME ZONE 'UTC', ':YYYY-MM-DD\"T\"HH24:MI:SS.US')"
    fact = f"%s::text{spell if trigger.since == 'last' else ''}"
    later: list[Any] = [zone, trigger.days, zone] if used else [timedelta(days=trigger.days)]
    sql = _FOUND.format(fact=fact, at=f"({_LATER[used]})", did=did) + f"WHERE {lacks}"
    return Cause(sql, [key, *later, *later, zone, now, *values, *lacking])


def _reached(trigger: ReachTrigger, workflow: Workflow, now: datetime) -> Cause:
    """Once for each customer: who had reached it before the workflow was switched on does not enter."""
    did, values = deeds.done(trigger.did, *_stretch(trigger.did, 0, workflow, now))
    sql = _FOUND.format(fact="%s::text", at="did.at", did=did)
    return Cause(sql, [f"reach:{_key(trigger.did.key)}", str(clock.zone()), now, *values])


def _lack_next(trigger: LackTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    return deeds.next_due(trigger.did, trigger.days, now)


def _lack_words(trigger: LackTrigger) -> str:
    counted = "first" if trigger.since == "first" else "last"
    lacking = trigger.lacks.words.replace("used", "not used", 1).replace("had", "not had", 1)
    return f"{days(trigger.days).capitalize()} after they {counted} {trigger.did.words}, and have {lacking}"


def _done(facts: dict[str, Any], today: date) -> str:
    at = datetime.fromisoformat(facts["done_at"]).astimezone(clock.zone())
    return f"{Deed.model_validate(facts['did']).words.capitalize()}: {day_near(at.date(), today)}"


def _lacked(facts: dict[str, Any], today: date) -> str:
    lacking = Deed.model_validate(facts["lacks"]).words.replace("used", "not used", 1).replace("had", "not had", 1)
    return f"{_done(facts, today)}; {lacking} within {days(facts['days'])}"


def _when_done(deed: Deed, account_id: int, now: datetime, since: str) -> datetime | None:
    """When one customer did it for the n-th, or the last time."""
    total, times = 0, deeds.moments(deed, account_id, now)
    if sum(count for _, count in times) < deed.times:
        return None
    if since == "last":
        return times[-1][0]
    for at, count in times:
        total += count
        if total >= deed.times:
            return at
    return None


def _lack_why(trigger: LackTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    at = _when_done(trigger.did, account_id, now, trigger.since)
    verdicts = [Verdict(f"They {trigger.did.words}", moment_near(at, now) if at else "never so often", at is not None)]
    others = deeds.moments(trigger.lacks, account_id, now)
    counted = sum(count for when, count in others if trigger.since == "first" or (at and when >= at))
    since = " since" if trigger.since == "last" else ""
    verdicts.append(
        Verdict(f"They have not{since} {trigger.lacks.words}", f"{counted} ×", counted < trigger.lacks.times)
    )
    if at:
        over = deeds.later(trigger.did, at, trigger.days)
        verdicts.append(Verdict(f"{days(trigger.days)} have passed", f"on {moment_near(over, now)}", over <= now))
    return verdicts


def _reach_why(trigger: ReachTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    at = _when_done(trigger.did, account_id, now, "first")
    seen = sum(count for _, count in deeds.moments(trigger.did, account_id, now))
    verdicts = [Verdict(f"They {trigger.did.words}", f"{seen} ×", at is not None)]
    if at and (on := workflow.enabled_at):
        fresh = at >= on or clock.today(at) >= clock.today(on) if trigger.did.feature else at >= on
        verdicts.append(Verdict("reached after the workflow was switched on", moment_near(at, now), fresh))
    return verdicts


trigger_kinds.register(
    "lack",
    TriggerKind(
        LackTrigger,
        "They did one thing and not another", "Starts so many days after they used or did something, if they have not "
        "done another: “uses reports, has not tried exports”.",
        "list-x", "Behaviour", _lack_words, _lacked, _lacking, _lack_next, why=_lack_why,
        already=lambda trigger: "also for customers to whom it applies already", order=34,
    ),
)  # fmt: skip
trigger_kinds.register(
    "reach",
    TriggerKind(
        ReachTrigger,
        "They reach a milestone", "Starts when they have used a feature, or done something, for the n-th time.",
        "trophy", "Behaviour", lambda trigger: f"When they have {trigger.did.words}", _done, _reached, why=_reach_why,
        already=lambda trigger: "also for customers who reached it before", order=36,
    ),
)  # fmt: skip
