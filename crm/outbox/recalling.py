"""What was decided about a message, asked again from the facts kept with it: the same answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.outbox.asking import Question, questions
from crm.outbox.models import Decision, OutboundMessage
from crm.outbox.sending import guards
from crm.outbox.sending.guards import Move, Verdict
from crm.outbox.sending.known import Known
from crm.slots import Refusal, guard_recalls

#: What guards decide; all else (a way out that refused it, somebody who settled it) is itself the fact.
ASKED = frozenset({"moved", "skipped", "sending", "sent"})


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict`: moved, skipped, or sending for nothing against it."""

    verdict: str
    guard: str = ""
    reason: str = ""
    until: datetime | None = None


def can_be_asked(decision: Decision) -> bool:
    """Whether guards decided it, and what they saw was kept."""
    return decision.verdict in ASKED and "known" in decision.facts


@dataclass(frozen=True, slots=True)
class Last:
    """What was asked when a message was decided upon last."""

    at: datetime
    questions: Sequence[Question]


def asked_last(message: OutboundMessage) -> Last | None:
    """None: no guard has decided about it, or what they saw is not kept."""
    for decision in message.decisions.filter(verdict__in=ASKED, facts__has_key="known").order_by("-id")[:1]:
        return Last(decision.at, questions(known(decision)))
    return None


def known(decision: Decision) -> Known:
    return Known.revived(decision.facts["known"])


def ask_again(decision: Decision) -> Answer:
    """What the guards say of what was kept. Only where `can_be_asked`."""
    of, facts = known(decision), decision.facts
    objection = guards.first(guards.BEFORE_OTHERS, of) or _others(decision, of.moment)
    verdict = guards.decided(of, objection)
    if verdict is None and (rate := facts.get("rate")):
        verdict = guards.in_time(of, _rated(rate))
    return _answer(verdict)


def _others(decision: Decision, moment: datetime) -> Verdict:
    """The first room that says no again."""
    for name, facts in decision.facts.get("asked", []):
        recall = guard_recalls.get(name)
        no = recall(facts, moment) if recall else None
        if recall is None and name == decision.guard:  # a room that says no more than that it said no
            until = decision.facts.get("until")
            no = Refusal(name, decision.reason, {}, datetime.fromisoformat(until) if until else None)
        if no:
            return Move(no.guard, no.reason, no.until, dict(no.facts)) if no.until else no
    return None


def _rated(rate: Mapping[str, Any]) -> Verdict:
    """Whoever stood behind the last slot of a minute waits for one of a later minute."""
    if rate["place"] < rate["granted"]:
        return None
    return Move("rate", rate["reason"], datetime.fromisoformat(rate["until"]))


def _answer(verdict: Verdict) -> Answer:
    if isinstance(verdict, Refusal):
        return Answer("skipped", verdict.guard, verdict.reason)
    if isinstance(verdict, Move):
        return Answer("moved", verdict.guard, verdict.reason, verdict.until)
    return Answer("sending")
