"""How all work stands, in one statement: the source of the engine room, /readyz, /metrics, the alarm and its banner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.cache import caches
from django.db import connection

from crm import slots
from crm.slots import LATE, Load
from crm.web import clock, wording
from crm.web.models import HEARTBEAT

#: Every page of an admin asks how the work stands; so long one answer serves them all.
KEEP_SECONDS = 3
_KEY, _BESIDE = "standing", "standing-beside"

#: Either shows that somebody does the work: beat's own bell, or `manage.py tick`.
SIGNS_OF_LIFE = (HEARTBEAT, "tick")

FIGURES = ("due", "late", "held", "parked", "uncertain", "failed")
_COLUMNS = f"grp, label, {', '.join(FIGURES)}, oldest_due, because"
_PULSES = "SELECT NULL AS work, name, '', 0, 0, 0, 0, 0, 0, ran_at, '' FROM crm_pulse"


@dataclass(frozen=True)
class Standing:
    """At one moment: the load of each group, and when each kind of work last ran."""

    at: datetime
    loads: tuple[Load, ...]
    pulses: Mapping[str, datetime]
    bells: int | None = 0  # of beat, that wait unheard; asked of the silent alone. None: the broker does not answer

    @property
    def oldest(self) -> Load | None:
        """The group whose work has waited longest."""
        waiting = [load for load in self.loads if load.oldest_due]
        return min(waiting, key=lambda load: load.oldest_due or self.at, default=None)

    @property
    def wait(self) -> timedelta:
        """How long the oldest due row has waited."""
        oldest = self.oldest
        return max(self.at - oldest.oldest_due, timedelta(0)) if oldest and oldest.oldest_due else timedelta(0)

    @property
    def silence(self) -> timedelta | None:
        """Since when nobody has worked; None: nobody ever has."""
        signs = [self.pulses[name] for name in SIGNS_OF_LIFE if name in self.pulses]
        return max(self.at - max(signs), timedelta(0)) if signs else None

    @property
    def late_after(self) -> timedelta:
        return LATE

    @property
    def stands_still(self) -> bool:
        return self.silence is not None and self.silence > LATE

    @property
    def alarming(self) -> bool:
        """The one rule of the alarm: something has been due, or everything silent, for longer than LATE."""
        return self.wait > LATE or self.stands_still

    @property
    def worst(self) -> timedelta:
        """The longer of both ages."""
        return max(self.wait, self.silence or timedelta(0))

    @property
    def began(self) -> datetime:
        """Since when it has been alarming, while it is: when the first of it had lasted for LATE."""
        return self.at - self.worst + LATE

    @property
    def silent_part(self) -> str:
        """Who of broker, worker and beat is silent, for all that can be seen from here; blank if none is."""
        if not self.stands_still:
            return ""
        if self.bells is None:
            return "broker"
        return "worker" if self.bells else "beat"

    @property
    def cause(self) -> str:
        """What is wrong, in a sentence without the time it has lasted; blank if nothing is."""
        if part := self.silent_part:
            return {
                "broker": "No bell is answered: Redis does not answer.",
                "worker": "No bell is answered: bells wait in Redis, and no worker hears them.",
                "beat": "No bell is answered: beat does not ring.",
            }[part]
        if self.wait > LATE and (oldest := self.oldest):
            return f"Work waits: {slots.loads[oldest.work].waits(oldest)}."
        return ""

    @property
    def plight(self) -> str:
        """The cause with the time it has lasted, as every page says it."""
        since = self.silence if self.stands_still else self.wait
        return f"{self.cause[:-1]}, for {wording.length(since or self.wait)}." if self.cause else ""

    def total(self, figure: str) -> int:
        """Of all groups, each row once."""
        return sum(getattr(load, figure) for load in self.loads if figure not in slots.loads[load.work].echoes)

    @property
    def needs_person(self) -> int:
        return self.total("parked") + self.total("uncertain") + self.total("failed")

    def of(self, work: str) -> list[Load]:
        return [load for load in self.loads if load.work == work]


def read(now: datetime) -> Standing:
    """As it is at this moment: one statement, whatever the number of rooms."""
    names, parts, values = [], [_PULSES], []
    for name, source in slots.loads.items():
        select, parameters = source.select(now)
        names.append(name)
        parts.append(f"SELECT %s AS work, {_COLUMNS} FROM ({select}) AS load")  # noqa: S608  (the rooms' own SQL)
        values += [name, *parameters]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        how = _standing(now, cursor.fetchall(), names)
    return replace(how, bells=bells_waiting()) if how.stands_still else how


def _standing(now: datetime, rows: Iterable[tuple[Any, ...]], names: list[str]) -> Standing:
    pulses: dict[str, datetime] = {}
    loads: list[Load] = []
    for work, group, *figures in rows:
        if work is None:
            pulses[str(group)] = figures[-2]
        else:
            loads.append(Load(work, group, *figures))
    loads.sort(key=lambda load: (names.index(load.work), load.label))
    return Standing(now, tuple(loads), pulses)


def recent() -> Standing:
    """As it was at most KEEP_SECONDS ago; while the cache is away, as it is."""
    if not KEEP_SECONDS:
        return read(clock.now())
    if isinstance(found := caches["pages"].get(_KEY), Standing):
        return found
    made = read(clock.now())
    caches["pages"].set(_KEY, made, KEEP_SECONDS)
    return made


def kept_beside[T](name: str, find: Callable[[], T]) -> T:
    """What a notice asks for itself, at most KEEP_SECONDS old, and forgotten with the standing."""
    if not KEEP_SECONDS:
        return find()
    known: dict[str, T] = caches["pages"].get(_BESIDE) or {}
    if name not in known:
        keep_beside(name, made := find())
        return made
    return known[name]


def keep_beside(name: str, found: Any) -> None:
    """Who has just asked for what a notice asks for saves it the question."""
    if KEEP_SECONDS:
        caches["pages"].set(_BESIDE, (caches["pages"].get(_BESIDE) or {}) | {name: found}, KEEP_SECONDS)


def forget() -> None:
    """Somebody has changed what the work depends on: whoever made it so must not read how it was."""
    caches["pages"].delete_many([_KEY, _BESIDE])


def seen_by(user: Any) -> Standing:
    """For one page: asked once, however many parts of the page want to know."""
    if (found := getattr(user, "standing", None)) is None:
        found = user.standing = recent()
    return found  # type: ignore[no-any-return]


def bells_waiting() -> int | None:
    """How many bells of beat nobody has heard; None when the broker does not answer."""
    options: dict[str, Any] = settings.CELERY["broker_transport_options"]  # type: ignore[assignment]
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None)
    try:
        return int(client.llen(f"{options['global_keyprefix']}celery"))  # type: ignore[arg-type]
    except redis.RedisError:
        return None
    finally:
        client.close()
