"""Ways out. A channel takes an envelope and says which of three things happened; it never raises for the network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from crm.outbox.mime import Envelope

#: Seconds that a connection, and each answer on it, may take.
TIMEOUT = 20


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side took it, and is responsible now."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """It certainly did not leave. A temporary refusal may be tried again without harm.

    `unreachable`: nobody was there to ask, so it says nothing about the message. `bounced`: there is no such address.
    `rest`: the other side asks not to be bothered for so long.
    """

    temporary: bool
    reason: str
    unreachable: bool = False
    bounced: bool = False
    rest: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was handed over, but no answer came: perhaps it left. It must not be sent again by itself."""

    reason: str


type Outcome = Accepted | Refused | Unknown


class Channel(Protocol):
    """Used as a context manager around a batch; what it opened is closed at the end."""

    #: So long the other side knows a message again by its key and does not take it twice; None: it promises nothing.
    idempotent_for: timedelta | None

    def send(self, envelope: Envelope) -> Outcome: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
