"""Workers killed and replaced again and again while mail leaves: nothing is lost or sent twice (T1, T2, T28)."""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults.nemesis import Nemesis, kill_while_sending
from tests.faults.world import Figures, World
from tests.stage.crew import pool, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]


def kill_senders(world: World, kind: str, *, messages: int, kills: int, mains: int, seconds: float) -> None:
    world.fresh(kind)
    nemesis = Nemesis(world, world.team(2))
    planned = world.plan(world.people(messages))
    figures = Figures(f"{'T1' if kind == 'test' else 'T2'} kill -9 while sending, {kind}")
    with world.clock.running(), world.ringing():
        kill_while_sending(world, nemesis, kills=kills, mains=mains, planned=messages, seconds=seconds)
        sent_after = time.monotonic() - figures.began
        settled = world.settled(60)
    found = world.check(planned)
    figures.tell(
        messages=messages, senders=4, **nemesis.done, settled=settled, per_second=round(messages / sent_after),
        **found.figures(),
    )  # fmt: skip
    assert found.faults == {}
    assert nemesis.kills == kills
    assert len(found.uncertain) <= (kills + nemesis.done["stops"] if kind == "smtp" else 0)


def test_killed_senders_with_smtp(world: World) -> None:
    kill_senders(world, "smtp", messages=400, kills=20, mains=1, seconds=60)


def test_killed_senders_with_idempotency_keys(world: World) -> None:
    kill_senders(world, "test", messages=400, kills=20, mains=1, seconds=60)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_a_thousand_kills_over_twenty_thousand_messages(world: World, kind: str) -> None:
    kill_senders(world, kind, messages=20_000, kills=1000, mains=20, seconds=1800)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_a_hundred_kills_over_two_thousand_messages(world: World, kind: str) -> None:
    kill_senders(world, kind, messages=2000, kills=100, mains=4, seconds=300)


def replace_workers(world: World, *, messages: int, times: int, every: float) -> None:
    """A deployment after the other: SIGTERM, and now and then SIGQUIT, while mail leaves. Each starts its successor
    first, as rolling updates do.
    """
    team, dice = world.team(2), random.Random(28)
    planned = world.plan(world.people(messages))
    figures, longest = Figures("T28 replacing workers under load"), 0.0
    nemesis = Nemesis(world, team)
    with world.clock.running(), world.ringing():
        for number in range(times):
            place = number % len(team)
            leaving = team[place]
            nemesis.replace(place)
            assert wait_until(lambda place=place: pool(team[place]), 60), world.crew.logs()
            leaving.send_signal(signal.SIGQUIT if dice.random() < 0.3 else signal.SIGTERM)
            began = time.monotonic()
            leaving.wait(60)
            longest = max(longest, time.monotonic() - began)
            time.sleep(every)
        assert world.settled(120), world.states()
    found = world.check(planned)
    figures.tell(replaced=times, longest_stop=round(longest, 1), **found.figures())
    assert (found.faults, found.uncertain) == ({}, [])
    assert longest < 40


def test_workers_are_replaced_under_load(world: World) -> None:
    replace_workers(world, messages=600, times=2, every=0.2)


@pytest.mark.long
def test_workers_are_replaced_under_load_twenty_times(world: World) -> None:
    replace_workers(world, messages=20_000, times=20, every=5)
