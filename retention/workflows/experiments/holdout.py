"""Who is held out, to measure what workflows do: they walk like everybody, and get nothing of it.

A workflow's own group is chosen when somebody enters, and kept. Those of whom everything that runs by itself is held
back are asked at each step and at the gate, so that the group counts from the moment it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm.outbox.models import OutboundMessage
from crm.slots import Refusal
from crm.web.standing import kept_beside
from retention.workflows.experiments.models import HoldoutSettings
from retention.workflows.experiments.places import A_PERCENT, EVERYTHING, is_held, of_workflow, place_sql

if TYPE_CHECKING:
    from retention.workflows.models import Enrollment

#: The name of the guard, by which refusals are found again.
GUARD = "holdout"

#: What is never held back: what a person wrote, and what the customer needs whatever is measured.
_SPARED = frozenset({OutboundMessage.Category.REPLY, OutboundMessage.Category.TRANSACTIONAL})

OF_ALL = "held out of everything that runs by itself, to measure what it does"


def of_one(name: str) -> str:
    return f"held out, to measure what “{name}” does"


def size() -> int:
    """Per cent of all customers who get nothing that runs by itself."""
    return next(iter(HoldoutSettings.objects.filter(pk=1).values_list("percent", flat=True)), 0)


def size_lately() -> int:
    """The same for pages, which show it: at most some seconds old."""
    return kept_beside("held out of all", size)


def entering(workflow_id: int, percent: int, account: str) -> str:
    """SQL: whether the account with this id is held out of a workflow that holds out so many per cent."""
    groups = [(of_workflow(workflow_id), percent), (EVERYTHING, size())]
    asked = [f"{place_sql(salt, account)} < {some * A_PERCENT}" for salt, some in groups if some]
    return f"({' OR '.join(asked) or 'false'})"


def is_held_out(enrollment: Enrollment, percent: int) -> bool:
    """Whether somebody gets nothing of a workflow, while so many per cent of all customers get nothing at all."""
    return enrollment.held_out or is_held(EVERYTHING, enrollment.account_id, percent)


def spares(message: Any) -> bool:
    return message.category in _SPARED


def refuse(messages: Sequence[Any], now: datetime) -> Mapping[int, Refusal]:
    """Refusals for mail to customers of whom everything that runs by itself is held back, whichever room planned it."""
    careful = [message for message in messages if message.account_id and not spares(message)]
    percent = size() if careful else 0
    facts = {message.pk: {"percent": percent, "of": EVERYTHING, "account": message.account_id} for message in careful}
    return {pk: no for pk, of in facts.items() if (no := judged(of, now))}


def judged(facts: Mapping[str, Any], now: datetime) -> Refusal | None:
    """What is decided by what was seen: whoever is in the group once is in it for ever."""
    if not is_held(EVERYTHING, facts["account"], facts["percent"]):
        return None
    return Refusal(GUARD, OF_ALL, facts)
