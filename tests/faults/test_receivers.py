"""A receiver that refuses, breaks off, fails, or takes a mail and drops the answer."""

from __future__ import annotations

import pytest

from crm.outbox.models import OutboundMessage, Suppression
from tests.faults.world import World

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

#: How the address wants to be treated → the state in which its mail ends, and how often it was taken.
SMTP = {
    "": ("sent", 1), "later": ("sent", 1), "break": ("sent", 1), "fail": ("sent", 1), "drop": ("uncertain", 1),
    "never": ("failed", 0),
}  # fmt: skip
#: Who knows a key again may be asked again.
ESP = SMTP | {"drop": ("sent", 1)}


@pytest.mark.parametrize(("kind", "ends"), [("smtp", SMTP), ("test", ESP)])
def test_each_misbehaviour_ends_as_it_should(world: World, kind: str, ends: dict[str, tuple[str, int]]) -> None:
    world.fresh(kind)
    planned, readers = [], {}
    for mood in ends:
        readers[mood] = world.people(3, mood)
        planned += world.plan(readers[mood])
    for _ in range(4):
        assert world.farm.send() == 0
        world.clock.skip(150)
    for mood, (state, taken) in ends.items():
        messages = OutboundMessage.objects.filter(contact__in=readers[mood])
        addresses = {reader.email for reader in readers[mood]}
        arrived = [line for line in world.log() if line["to"] in addresses and not line["again"]]
        assert (mood, set(messages.values_list("state", flat=True)), len(arrived)) == (mood, {state}, 3 * taken)
    found = world.check(planned, "failed")
    assert found.faults == {}
    assert Suppression.objects.count() == (3 if kind == "smtp" else 0)


@pytest.mark.long
def test_a_server_that_never_answers(world: World) -> None:
    """After twenty seconds nobody waits any longer, and nobody knows what became of it."""
    planned = world.plan(world.people(1, "hang"))
    assert world.farm.send() == 0
    found = world.check(planned)
    assert (found.faults, found.uncertain, found.taken) == ({}, planned, 0)
