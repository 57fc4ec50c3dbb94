"""Work that falls due, how it goes, and what a person can mend: asked by jobs, `tick` and the engine room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from crm.slots.registry import Registry


@dataclass(frozen=True)
class Work:
    """A kind of work that falls due. Celery wakes it, `manage.py tick` walks it; both call `run`.

    `run(now)` does one bounded slice of what is due and returns how many rows it moved; 0 means nothing is due.
    `next_due(now)` is the earliest moment after `now` at which `run` will find something, None if it knows of none.
    """

    run: Callable[[datetime], int]
    next_due: Callable[[datetime], datetime | None]
    order: int = 0


work: Registry[Work] = Registry("work")


# How the work goes: the engine room, /readyz, /metrics and the alarm all ask these

#: What has been due for longer is late, and a machine that has been silent for longer stands still: admins are told.
LATE = timedelta(minutes=2)

#: More rows than this are not counted: a figure of MOST + 1 reads “10,000+”.
MOST = 10_000


@dataclass(frozen=True)
class Load:
    """How one group of a room's work stands: a sender, a workflow. Each figure ends at MOST + 1."""

    work: str
    group: str
    label: str
    due: int  # its time has come, and nothing stands against it
    late: int  # those of them that have been due for longer than LATE
    held: int  # its time has come, and `because` keeps it here
    parked: int  # failed again and again; a person decides
    uncertain: int  # done, perhaps; a person decides
    failed: int
    oldest_due: datetime | None
    because: str


@dataclass(frozen=True)
class LoadSource:
    """A room's work, for all its groups at once.

    `select(now)` gives a SELECT without a final semicolon, and its parameters, with the columns grp, label, due, late,
    held, parked, uncertain, failed, oldest_due and because. It is asked every few seconds and reads open rows by index
    alone. `rows(group, figure)` is the address of the rows that a figure counts, blank where there are none to show.
    `waits(load)` names what waits in a group, inside a sentence: “facts not yet read”.
    """

    label: str
    select: Callable[[datetime], tuple[str, Sequence[Any]]]
    rows: Callable[[str, str], str]
    waits: Callable[[Load], str]
    echoes: frozenset[str] = frozenset()  # figures that another room counts too, so they are left out of sums
    order: int = 0


loads: Registry[LoadSource] = Registry("load")


@dataclass(frozen=True)
class Throughput:
    """What was finished lately. Figures end at the number of rows that a page may count."""

    minutes: Sequence[int]  # finished in each of the last sixty minutes, the latest last
    day: int
    capped: bool  # there was more than was counted
    dwell_p95: timedelta | None  # from due to finished, of the last hour; None: nothing was

    @property
    def last_minute(self) -> int:
        return self.minutes[-1]

    @property
    def last_hour(self) -> int:
        return sum(self.minutes)


throughput: Registry[Callable[[datetime], Throughput]] = Registry("throughput")


@dataclass(frozen=True)
class Trouble:
    """A row that stands still until a person decides."""

    id: int
    title: str
    url: str
    cause: str
    since: datetime | None
    about: str = ""
    place: int = 0  # where it stands among its kind, if its id does not say so

    @property
    def stands(self) -> int:
        return self.place or self.id


class Finder(Protocol):
    """The latest rows of a kind that need a person, in one query; with `below`, those that stand below that place."""

    def __call__(self, limit: int, below: int | None = None, /) -> Sequence[Trouble]: ...


@dataclass(frozen=True)
class Verb:
    """What a person can decide. `run(ids, reason, by, now)` returns the ids of the rows that it moved, no others."""

    label: str
    done: str  # what became of them, before their number: “Tried again”
    run: Callable[[Sequence[int], str, Any, datetime], Sequence[int]]
    undo: str = ""  # the verb of the same repair that takes it back
    tone: str = ""  # of its button: primary, danger or blank
    offered: bool = True  # False: only as another's undo
    asks: str = ""  # what a person should know before it is done, if it cannot be taken back


def one_by_one(
    verb: Callable[[int, str, Any, datetime], object], impossible: type[Exception]
) -> Callable[[Sequence[int], str, Any, datetime], list[int]]:
    """A verb for one row over several, in the order of their ids, each in a transaction of its own.

    Rows for which it raises `impossible` stay as they are.
    """

    def run(ids: Sequence[int], reason: str, by: Any, now: datetime) -> list[int]:
        done = []
        for pk in sorted(set(ids)):
            try:
                verb(pk, reason, by, now)
            except impossible:
                continue
            done.append(pk)
        return done

    return run


@dataclass(frozen=True)
class Repair:
    """Rows of one kind that need a person."""

    label: str
    hint: str
    figure: str  # that of a Load which counts them
    work: str
    find: Finder
    verbs: Mapping[str, Verb]
    order: int = 0


repairs: Registry[Repair] = Registry("repair")


#: Asked at the end of each `tick`, with the moment at which its clock stands: who watches over the work.
watchers: Registry[Callable[[datetime], object]] = Registry("watcher")
