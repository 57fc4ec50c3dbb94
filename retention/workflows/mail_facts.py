"""What rooms add to the facts that mails and tasks may name, worked out only for workflows whose words name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.slots import Registry


@dataclass(frozen=True)
class MailFact:
    """`find(account ids, now)` gives what stands under the name for each of them: text, or a dict of plain values."""

    label: str  # inside a sentence: “what fits them”
    find: Callable[[Sequence[int], datetime], Mapping[int, Any]]


#: By the name that templates write: {{ recommendations }}.
mail_facts: Registry[MailFact] = Registry("fact for mails")
