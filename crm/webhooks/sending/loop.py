"""One bounded slice of what is due: requests fly beside each other, and what comes back is noted at once."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from django.db.models import Min, Q

from crm.web import clock
from crm.webhooks.models import WebhookDelivery
from crm.webhooks.sending.claim import claim, claim_this
from crm.webhooks.sending.noting import note
from crm.webhooks.sending.posting import Outcome, post
from crm.webhooks.sending.writing import Letter

#: Seconds after which a slice takes nothing more. What flies then comes back, or gives up, within a request's time, so
#: that a job ends before Celery's limit.
SLICE = 4.0
#: Requests of one worker at a time.
_THREADS = 16
#: Seconds after which a worker whose requests are all slow looks again what else is due.
_LOOKS_AGAIN = 0.25


def work(now: datetime) -> int:
    """Send what is due for some seconds. Returns how many deliveries were taken.

    Requests are made outside of any transaction, so this must not be called inside one.
    """
    slice_ = _Slice(now)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as threads:
        try:
            slice_.run(threads)
        except BaseException:  # Celery's time is up, or the database went away: nobody waits for what still flies
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return slice_.taken


class _Slice:
    def __init__(self, now: datetime) -> None:
        self.now, self.began, self.started = now, clock.now(), time.monotonic()
        self.flying: dict[Future[Outcome], Letter] = {}
        self.taken = 0

    def moment(self) -> datetime:
        """A slice takes real time; on a clock that stands still it is none."""
        return self.now + (clock.now() - self.began)

    def run(self, threads: ThreadPoolExecutor) -> None:
        while True:
            some = self._take(threads)
            if not self.flying and not some:
                return
            self._land(_LOOKS_AGAIN)

    def _take(self, threads: ThreadPoolExecutor) -> int:
        free = _THREADS - len(self.flying)
        if not free or time.monotonic() - self.started > SLICE:
            return 0
        letters, many = claim(self.moment(), free)
        self.flying |= {threads.submit(post, letter): letter for letter in letters}
        self.taken += many
        return many

    def _land(self, seconds: float) -> None:
        done, _ = wait(self.flying, seconds, return_when=FIRST_COMPLETED)
        if done:
            note([(self.flying.pop(one), one.result()) for one in done], self.moment())


def try_now(delivery_id: int, now: datetime) -> None:
    """This one at once, whether its endpoint is on, failing or pausing; nothing if somebody is at it already."""
    for letter in claim_this(delivery_id, now):
        note([(letter, post(letter))], now)


def next_due(now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    there = Q(endpoint__is_on=True, endpoint__removed_at=None)
    waiting = WebhookDelivery.objects.filter(there, state__in=["waiting", "sending"])
    soonest: datetime | None = waiting.filter(due_at__gt=now).aggregate(at=Min("due_at"))["at"]
    paused: datetime | None = waiting.filter(due_at__lte=now, endpoint__paused_until__gt=now).aggregate(
        at=Min("endpoint__paused_until")
    )["at"]
    return min(filter(None, (soonest, paused)), default=None)
