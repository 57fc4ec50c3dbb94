"""Postgres crashes and recovers under mail and web load, and is slowed by an old snapshot (T7, T16)."""

from __future__ import annotations

import time

import psycopg
import pytest

from crm.accounts.models import Account
from tests.faults.web import Answer, Web
from tests.faults.world import Figures, World
from tests.stage.crew import wait_for_count, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]


#: Each restart cuts off so many at most in the middle of a mail.
SENDERS = 4


def crash_postgres(world: World, web: Web, *, times: int, messages: int) -> None:
    world.team(2)
    planned = world.plan(world.people(messages))
    figures, outages = Figures("T7 Postgres restarted at once"), []
    with world.clock.running(), world.ringing(), web.load() as answers:
        for number in range(1, times + 1):
            goal = messages * number // (times + 2)
            assert wait_for_count(world.taken, goal), world.crew.logs()
            began = time.monotonic()
            world.postgres.restart("immediate")
            outages.append((began, time.monotonic()))
            time.sleep(1)
        world.postgres.forget()
        assert world.settled(120), f"{world.states()}\n{world.crew.logs()}"
        time.sleep(1)
    found = world.check(planned)
    calm = [answer for answer in answers if not any(_within(answer, *one) for one in outages)]
    stray = [answer for answer in calm if answer.is_error]
    after = [answer for _, end in outages for answer in [a for a in calm if a.began > end][:20]]
    figures.tell(
        restarts=times, longest_outage=round(max(end - began for began, end in outages), 2), requests=len(answers),
        errors_while_down=sum(a.is_error for a in answers) - len(stray), errors_while_up=len(stray),
        asked_right_after=len(after), errors_right_after=sum(answer.is_error for answer in after), **found.figures(),
    )  # fmt: skip
    assert found.faults == {}
    assert len(found.uncertain) <= SENDERS * times
    assert (stray, [answer for answer in after if answer.is_error]) == ([], [])
    created = sum(answer.status == 201 for answer in answers)
    # What broke while Postgres went down may have been written all the same; what was promised must be there.
    assert created <= Account.objects.filter(name__startswith="By the API").count()


def _within(answer: Answer, began: float, ended: float) -> bool:
    return answer.began < ended and answer.ended > began


def test_postgres_is_restarted_under_load(world: World, web: Web) -> None:
    crash_postgres(world, web, times=2, messages=300)


@pytest.mark.long
def test_postgres_is_restarted_under_load_twenty_times(world: World, web: Web) -> None:
    crash_postgres(world, web, times=20, messages=10_000)


@pytest.mark.long
def test_an_old_snapshot_does_not_stop_sending(world: World) -> None:
    """A transaction that holds xmin keeps dead rows from being cleared away, as a forgotten psql does."""
    figures, half = Figures("T16 an old snapshot"), 10_000
    world.team(2)
    people = world.people(half)
    speeds = []
    for held in (False, True):
        with psycopg.connect(world.postgres.url, autocommit=not held) as holder:
            holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if held else None
            holder.execute("SELECT count(*) FROM crm_outboundmessage")
            # Before they are planned: a bell of the round before may still be ringing, and they leave at once.
            began, goal = time.monotonic(), world.taken() + half
            world.plan(people)
            with world.ringing():
                assert wait_until(lambda goal=goal: world.taken() >= goal, 600), world.states()
            speeds.append(half / (time.monotonic() - began))
    figures.tell(messages=2 * half, per_second=round(speeds[0]), per_second_held=round(speeds[1]),
                 share=round(speeds[1] / speeds[0], 2))  # fmt: skip
    assert speeds[1] >= 0.6 * speeds[0]
