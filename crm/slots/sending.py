"""What goes out: guards that may say no, checks of the journal, and why a message or task exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class Refusal:
    """A guard's no: why, in a sentence for people, with the facts it saw.

    With `until` it is a "not now": the message waits until then and is asked about again.
    """

    guard: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True)
class Passed:
    """A guard has nothing against it, and this is what it saw: kept, for whoever asks later why the message left."""

    guard: str
    facts: Mapping[str, Any]


#: Set-based: called with messages inside the sending transaction; returns refusals by message id.
SendGuard = Callable[[Sequence[Any], datetime], Mapping[int, Refusal | Passed]]
send_guards: Registry[SendGuard] = Registry("send guard")

#: By the name that a guard gives: from the facts that it gave, at the moment when it did, what it says again.
GuardRecall = Callable[[Mapping[str, Any], datetime], Refusal | None]
guard_recalls: Registry[GuardRecall] = Registry("recall of a guard")


#: What should have been a message and is none: kind of fault (lost | doubled | late | parked) → one line per row,
#: computed by SQL from a room's own tables. `manage.py verify_journal` asks with the moment up to which work was done.
JournalCheck = Callable[[datetime], Mapping[str, Sequence[str]]]
journal_checks: Registry[JournalCheck] = Registry("journal check")


@dataclass(frozen=True)
class Explanation:
    """Why a message or a task exists: sentences in order, and where to read on."""

    title: str
    url: str
    lines: Sequence[tuple[str, str]]  # (what, value as people read it)


#: origin → (origin ids → explanation by id). Messages and tasks name their origin.
explainers: Registry[Callable[[Sequence[int]], Mapping[int, Explanation]]] = Registry("explainer")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What a letter brings along beside its text. Files are (name, content type, where the storage keeps it)."""

    headers: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[tuple[str, str, str]] = ()
    from_name: str = ""  # whose letter it is; blank: the sender's
    formatted: bool = False  # the text is Markdown, and the HTML part is made from it


@dataclass(frozen=True, slots=True)
class LetterOrigin:
    """How letters of one origin are written, and told on the timeline. Both are asked with the message.

    `enclose` is called inside the clearing transaction. `tell(message, at)` gives what the timeline says of one that
    has left, as a `crm.timeline.actions.Fact`; None: what it says of all mail. Each runs at most two queries.
    """

    enclose: Callable[[Any], Enclosed]
    tell: Callable[[Any, datetime], Any]


#: By the origin of messages: what people write themselves, and what leaves from tickets.
letter_origins: Registry[LetterOrigin] = Registry("origin of letters")
