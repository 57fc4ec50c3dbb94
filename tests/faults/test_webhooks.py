"""A provider that says everything five times, over many connections at once: each thing is stored and applied once."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import threading
import time
from dataclasses import dataclass

import pytest

from crm.inbox import actions
from crm.inbox.models import InboundPayload
from crm.tickets.models import Ticket, TicketMessage
from tests.crm.inbox.chats import update
from tests.faults.servers import free_port
from tests.faults.world import World
from tests.stage.crew import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

TIMES, PARALLEL, CHATS = 5, 20, 50
HEADERS = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "s"}


@dataclass(frozen=True)
class Said:
    statuses: dict[int, int]
    p95: float  # milliseconds until it was answered
    rate: float  # a second


def post_all(port: int, count: int) -> Said:
    """Each of `count` updates TIMES times, by PARALLEL clients that keep their connections."""
    bodies = [json.dumps(update(number, f"Question {number}", 1 + number % CHATS)) for number in range(1, count + 1)]
    todo = iter([body for _ in range(TIMES) for body in bodies])
    lock, statuses, times = threading.Lock(), dict[int, int](), list[float]()

    def client() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                body = next(todo, None)
            if body is None:
                return
            began = time.perf_counter()
            line.request("POST", "/hooks/telegram/", body, HEADERS)
            answer = line.getresponse()
            answer.read()
            with lock:
                times.append(time.perf_counter() - began)
                statuses[answer.status] = statuses.get(answer.status, 0) + 1

    threads = [threading.Thread(target=client) for _ in range(PARALLEL)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    return Said(statuses, statistics.quantiles(times, n=20)[-1] * 1000, len(times) / took)


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_five_times_at_once_is_once(world: World, count: int) -> None:
    port = free_port()
    server = world.crew.start(
        "hooks", "-m", "gunicorn", "crm.config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads",
        "8", "--keep-alive", "30", DB_POOL="1", TELEGRAM_SECRET="s", LOG_LEVEL="ERROR",
    )  # fmt: skip
    try:
        assert wait_until(lambda: _is_there(port), 60), world.crew.logs()
        said = post_all(port, count)
    finally:
        world.crew.kill(server)
    assert said.statuses == {200: TIMES * count}
    assert InboundPayload.objects.count() == count
    for _ in itertools.takewhile(bool, (actions.work(world.now) for _ in range(1000))):
        pass
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"done"}
    assert (TicketMessage.objects.count(), Ticket.objects.count()) == (count, CHATS)
    print(f"{said.rate:.0f} a second, p95 {said.p95:.0f} ms")  # noqa: T201  (the figure)
    if count == 1000:
        assert said.p95 < 100
        assert said.rate >= 200


def _is_there(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
