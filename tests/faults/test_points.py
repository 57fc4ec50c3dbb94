"""A sender that dies at a named point, or sleeps through its lease, and many senders at one reader (T3, T4, T10)."""

from __future__ import annotations

import signal

import pytest

from crm.outbox.models import MailPolicy, OutboundMessage
from tests.faults.world import Figures, World
from tests.stage.crew import send_signal, wait_for_count

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

LEASE = 61  # seconds after which a sender is taken for dead

#: Where it dies → the state it leaves, whether the mail was taken, and the state in which another sender leaves it.
#: With an idempotency key what is in doubt is simply asked for again.
SMTP = {
    "after_claim": ("claimed", 0, "sent", 1),
    "before_call": ("sending", 0, "uncertain", 0),
    "after_call": ("sending", 1, "uncertain", 1),
    "before_mark": ("sending", 1, "uncertain", 1),
    "after_commit": ("sent", 1, "sent", 1),
}
ESP = {point: (left, taken, "sent", 1) for point, (left, taken, _, _) in SMTP.items()}


def crash_everywhere(world: World, kind: str, rounds: int) -> None:
    world.fresh(kind)
    figures, planned, right = Figures(f"T3 crash points, {kind}"), [], 0
    readers = world.people(rounds * len(SMTP))
    for point, (left, taken, ends, arrived) in (SMTP if kind == "smtp" else ESP).items():
        for _ in range(rounds):
            before = world.taken()
            planned += world.plan([readers.pop()])
            message = OutboundMessage.objects.latest("id")
            assert world.farm.send(crash_at=point) == 137
            message.refresh_from_db()
            assert (message.state, world.taken() - before) == (left, taken), point
            for _ in range(2):  # the first notices the death, and what is tried again waits a little
                world.clock.skip(2 * LEASE)
                assert world.farm.send() == 0
            message.refresh_from_db()
            assert (message.state, arrivals(world, message)) == (ends, arrived), point
            right += 1
    found = world.check(planned)
    assert found.faults == {}
    figures.tell(crashes=right, of=rounds * len(SMTP), **found.figures())


def arrivals(world: World, message: OutboundMessage) -> int:
    return sum(line["message_id"] == message.message_id and not line["again"] for line in world.log())


@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_a_crash_at_each_point(world: World, kind: str) -> None:
    crash_everywhere(world, kind, 2)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_a_crash_at_each_point_fifty_times(world: World, kind: str) -> None:
    crash_everywhere(world, kind, 50)


def sleep_past_the_lease(world: World, kind: str, rounds: int) -> None:
    """A sender is stopped while it hands over, in the middle of its batch; others do its work; then it wakes up."""
    world.fresh(kind)
    figures, planned, uncertain_meanwhile = Figures(f"T4 zombie senders, {kind}"), [], 0
    for number in range(rounds):
        world.slow(0.02)
        planned += world.plan(world.people(24))
        before = world.taken()
        zombie = world.farm.begin()
        wanted = before + 1 + number * 7 % 20
        assert wait_for_count(world.taken, wanted, 20, every=0.001), world.states()
        assert send_signal(zombie, signal.SIGSTOP)
        world.slow(0)
        world.clock.skip(3 * LEASE)
        helpers = [world.farm.begin() for _ in range(2)]
        assert [world.farm.end(pid) for pid in helpers] == [0, 0]
        world.clock.skip(3 * LEASE)
        world.farm.send()
        uncertain_meanwhile += world.states().get("uncertain", 0)
        assert send_signal(zombie, signal.SIGCONT)
        assert world.farm.end(zombie) == 0
        world.clock.skip(3 * LEASE)
        assert world.farm.send() == 0
    found = world.check(planned)
    assert found.faults == {}
    assert len(found.uncertain) <= rounds
    figures.tell(rounds=rounds, uncertain_while_asleep=uncertain_meanwhile, **found.figures())


@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_a_sender_sleeps_past_its_lease(world: World, kind: str) -> None:
    sleep_past_the_lease(world, kind, 2)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["smtp", "test"])
def test_fifty_senders_sleep_past_their_lease(world: World, kind: str) -> None:
    sleep_past_the_lease(world, kind, 50)


def crowd_one_reader(world: World, rounds: int) -> None:
    figures, most = Figures("T10 cap under concurrency"), 0
    MailPolicy.objects.update(cap_count=3, cap_days=1)
    for _ in range(rounds):
        before = world.taken()
        world.plan(world.people(1), each=200)
        senders = [world.farm.begin() for _ in range(8)]
        assert [world.farm.end(pid) for pid in senders] == [0] * 8
        most = max(most, world.taken() - before)
        assert world.taken() - before == 3
        assert world.states()["due"] == 197
        OutboundMessage.objects.filter(state="due").update(state="cancelled", reason="the round is over")
    figures.tell(rounds=rounds, senders=8, messages=200, cap=3, most=most)


def test_the_cap_holds_against_eight_senders(world: World) -> None:
    crowd_one_reader(world, 3)


@pytest.mark.long
def test_the_cap_holds_against_eight_senders_a_hundred_times(world: World) -> None:
    crowd_one_reader(world, 100)
