"""A provider that says everything five times, over many connections at once: each thing is stored and applied once."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crm.inbox import actions
from crm.inbox.channels import telegram
from crm.inbox.models import InboundPayload
from crm.tickets.models import Ticket, TicketMessage
from tests.crm.inbox.chats import update
from tests.faults.nemesis import Nemesis
from tests.faults.servers import free_port
from tests.faults.world import Figures, World
from tests.stage.crew import wait_for_count, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

TIMES, PARALLEL, CHATS = 5, 20, 50
INBOX = "crm.inbox.jobs.work"


@dataclass(frozen=True)
class Said:
    statuses: dict[int, int]
    p95: float  # milliseconds until it was answered
    rate: float  # a second


def requests_of(count: int) -> list[bytes]:
    """Each of `count` updates TIMES times, as they go over the line: whoever sends them does nothing else."""
    bodies = [
        json.dumps(update(number, f"Question {number}", 1 + number % CHATS)).encode() for number in range(1, count + 1)
    ]
    head = (
        "POST /hooks/telegram/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "X-Telegram-Bot-Api-Secret-Token: s\r\nContent-Length: {}\r\n\r\n"
    )
    return [head.format(len(body)).encode() + body for _ in range(TIMES) for body in bodies]


def post_all(port: int, requests: list[bytes]) -> Said:
    """By PARALLEL clients that keep their connections, each the next one as soon as it is answered."""
    todo, answered = iter(requests), list[tuple[int, float]]()  # next() and append() are one step each

    def client() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for request in todo:
                began = time.perf_counter()
                line.sendall(request)
                answered.append((_status(line), time.perf_counter() - began))

    threads = [threading.Thread(target=client) for _ in range(PARALLEL)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    statuses = {status: sum(one == status for one, _ in answered) for status, _ in answered}
    p95 = statistics.quantiles([seconds for _, seconds in answered], n=20)[-1] * 1000
    return Said(statuses, p95, len(answered) / took)


def _status(line: socket.socket) -> int:
    """Of the one answer that is on its way, once all of it is here."""
    heard = b""
    while True:
        head, _, body = heard.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if length and len(body) >= int(length):
            return int(head.split(b" ", 2)[1])
        part = line.recv(65_536)
        assert part, heard
        heard += part


@contextlib.contextmanager
def hooks_of(world: World) -> Iterator[int]:
    """The port of a server as the Dockerfile starts it."""
    port = free_port()
    server = world.crew.start(
        "hooks", "-m", "gunicorn", "crm.config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads",
        "8", "--keep-alive", "30", DB_POOL="1", TELEGRAM_SECRET="s", LOG_LEVEL="ERROR",
    )  # fmt: skip
    try:
        assert wait_until(lambda: _is_there(port), 60), world.crew.logs()
        yield port
    finally:
        world.crew.kill(server)


def test_five_times_at_once_is_once(world: World) -> None:
    with hooks_of(world) as port:
        said = post_all(port, requests_of(100))
    assert said.statuses == {200: TIMES * 100}
    assert InboundPayload.objects.count() == 100
    for _ in itertools.takewhile(bool, (actions.work(world.now) for _ in range(1000))):
        pass
    _is_applied_once(100)


def kill_while_handling(world: World, count: int, kills: int) -> None:
    """kill -9 of a process that handles what came in, again and again; whatever it had taken rests, and is taken by
    another one."""
    nemesis = Nemesis(world, world.team(2))
    for number in range(1, count + 1):
        body = json.dumps(update(number, f"Question {number}", 1 + number % CHATS)).encode()
        actions.store("telegram", telegram.KIND, f"update:{number}", body, {}, world.now)
    figures, todo = Figures("kill -9 while the inbox is worked off"), InboundPayload.objects.exclude(state="done")
    end = time.monotonic() + 20 + kills * 3
    with world.ringing(INBOX, every=0.05):
        while (left := todo.count()) or nemesis.kills < kills:
            if nemesis.kills < kills and left < 2 * count * (1 - nemesis.kills / kills):
                nemesis.kill_child()
            if not todo.filter(due_at__lte=world.now).exists():
                world.clock.skip(3600)  # what a killed process had taken rests until then
            assert time.monotonic() < end, f"{left} left, {nemesis.done}\n{world.crew.logs()}"
            time.sleep(0.02)
    tried_again = InboundPayload.objects.filter(tries__gt=1).count()
    figures.tell(payloads=count, **nemesis.done, tried_again=tried_again)
    assert tried_again
    _is_applied_once(count)


def test_workers_killed_over_the_inbox_lose_and_double_nothing(world: World) -> None:
    kill_while_handling(world, 150, kills=15)


@pytest.mark.long
def test_two_hundred_workers_killed_over_the_inbox(world: World) -> None:
    kill_while_handling(world, 3000, kills=200)


@pytest.mark.long
@pytest.mark.parametrize("workers", [0, 1])
def test_a_flood_is_stored_at_once_also_beside_work(world: World, workers: int) -> None:
    world.team(workers)
    figures = Figures(f"webhooks, {workers} workers beside")
    with hooks_of(world) as port:
        post_all(port, requests_of(40))
        with world.ringing(INBOX, every=1):
            said = post_all(port, requests_of(1000))
            figures.tell(rate=round(said.rate), p95=round(said.p95), load=os.getloadavg()[0])
            world.team(1)
            assert wait_for_count(InboundPayload.objects.filter(state="done").count, 2000), world.crew.logs()
    assert said.statuses == {200: TIMES * 1000}
    _is_applied_once(1000)
    assert said.p95 < 100
    assert said.rate >= 200


def _is_applied_once(count: int) -> None:
    """Each update has become one payload that it was unpacked into, and one message."""
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"done"}
    assert InboundPayload.objects.count() == 2 * count
    assert (TicketMessage.objects.count(), Ticket.objects.count()) == (count, CHATS)


def _is_there(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
