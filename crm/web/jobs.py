"""How Celery wakes work, and the heartbeat: proof that beat, broker and a worker reach each other."""

import time
from collections.abc import Callable
from datetime import datetime

from celery import shared_task

from crm.web import clock
from crm.web.models import HEARTBEAT, Pulse

#: A job stops taking slices after so many seconds, well before Celery's soft time limit; the next bell goes on.
LONGEST = 15.0


def until_idle(name: str, work: Callable[[datetime], int], longest: float | None = None) -> None:
    """Take slices of `work` until nothing is due or time is up, and note that it ran.

    `longest`: seconds after which no slice begins, LONGEST unless slices may take long themselves. What a slice raises,
    Celery's soft time limit included, ends the job without the note.
    """
    started, longest = time.monotonic(), LONGEST if longest is None else longest
    while work(clock.now()) and time.monotonic() - started < longest:
        pass
    Pulse.objects.update_or_create(name=name, defaults={"ran_at": clock.now()})


@shared_task
def heartbeat() -> None:
    Pulse.objects.update_or_create(name=HEARTBEAT, defaults={"ran_at": clock.now()})
