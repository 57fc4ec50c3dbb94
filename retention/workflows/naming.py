"""What mails and tasks of workflows may name: which names there are, and which a text names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm.fields import known
from crm.outbox import rendering
from retention.workflows.mail_facts import mail_facts

if TYPE_CHECKING:
    from retention.workflows.definition import Definition

#: By the first word of a name, what may follow it, in words for whoever writes; see Batch.facts. None: anything may.
NAMES: dict[str, dict[str, str] | None] = {
    "contact": {"first_name": "first name", "last_name": "last name", "name": "full name", "email": "e-mail"},
    "account": {
        "name": "name of the customer", "industry": "industry", "use_case": "what they use it for",
        "custom": "own fields",
    },
    "owner": {"name": "name of the owner", "email": "e-mail of the owner"},
    "contract": {
        "plan": "plan", "ends_on": "end of the contract", "starts_on": "start of the contract", "mrr": "amount a month",
        "currency": "currency",
    },
    "settings": None,
    "trigger": None,
}  # fmt: skip


def offered() -> list[tuple[str, str]]:
    """Every name that a text may have, with what it stands for: (“contact.first_name”, “first name”)."""
    plain = [(f"{first}.{then}", label) for first, more in NAMES.items() for then, label in (more or {}).items()]
    own = [(f"account.custom.{of.key}", of.name) for of in known.fields("account")]
    added = [(name, fact.label) for name, fact in mail_facts.items()]
    return [pair for pair in plain if pair[0] != "account.custom"] + own + added


def called(path: str) -> str:
    """What a name of a text stands for, as people read it; of one that nobody knows its own last word."""
    if path in mail_facts:
        return mail_facts[path].label
    first, _, then = path.partition(".")
    if label := (NAMES.get(first) or {}).get(then):
        return label
    own = known.field("account", then.removeprefix("custom.")) if path.startswith("account.custom.") else None
    return own.name if own else path.rpartition(".")[2].replace("_", " ")


def unknown_names(part: str, source: str) -> Iterator[tuple[int, str]]:
    """(line, reason) for each name in a text of Liquid that nothing stands behind: a slip there would be a blank."""
    for line, path in rendering.names(part, source):
        if reason := _unknown(path):
            yield line, reason


def _unknown(path: list[str]) -> str:
    first, *rest = path
    if first in mail_facts:
        return ""
    if first not in NAMES:
        return f"there is no “{first}”; there are {', '.join([*NAMES, *mail_facts.names()])}"
    more = NAMES[first]
    if more is None or not rest:
        return ""
    if rest[0] not in more:
        return f"there is no “{first}.{rest[0]}”; there are {', '.join(f'{first}.{name}' for name in more)}"
    if path[:2] == ["account", "custom"] and len(path) > 2 and known.field("account", path[2]) is None:
        keys = ", ".join(of.key for of in known.fields("account")) or "none"
        return f"there is no field of your own “{path[2]}”; there are: {keys}"
    return ""


def named_in(plan: Definition) -> list[str]:
    """Which facts of other rooms the words of its steps name."""
    return [name for name in mail_facts.names() if names(plan, name)]


def names(plan: Definition, name: str) -> bool:
    """Whether the words of its steps may name this: what nobody names need not be read for a thousand customers."""
    pattern = re.compile(rf"\b{name}\b")
    return any(pattern.search(text) for step in plan.by_id.values() for text in step.words.values())
