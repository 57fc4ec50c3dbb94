"""What forbids mail while it leaves: nothing starts to leave after the commit that forbids it (T8).

Commits have times (`track_commit_timestamp`): that of each step to `sending`, kept by a trigger of the tests, is held
against that of the flip.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox import policy, unsubscribing
from crm.outbox.models import OutboundMessage
from crm.outbox.suppressing import suppress
from crm.team.models import ApiToken, User
from retention.workflows import actions as workflows
from retention.workflows.models import Enrollment, StepRun, Workflow, WorkflowVersion
from tests.faults.world import START, Figures, World
from tests.stage.crew import wait_for_count

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

SENDERS = 4
#: So often a round is played until it tells something.
PLAYED = 3


@dataclass
class Round:
    """Some readers with mail in flight; one of them may be the one who is asked for."""

    world: World
    readers: list[Contact]
    workflow: Workflow
    token: str
    chosen: Contact = field(init=False)

    def __post_init__(self) -> None:
        self.chosen = self.readers[len(self.readers) // 2]


def _unsubscribe(at: Round) -> None:
    unsubscribing.unsubscribe(at.chosen, at.world.now)


def _refuse_by_api(at: Round) -> None:
    answer = Client().patch(
        f"/api/v1/contacts/{at.chosen.pk}/", {"email_consent": "no"}, content_type="application/json",
        headers={"Authorization": f"Bearer {at.token}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.content


def _suppress(at: Round) -> None:
    suppress(at.chosen.email, "complained", at.world.now)


def _pause(at: Round) -> None:
    Contact.objects.filter(pk=at.chosen.pk).update(automation_paused_until=at.world.now + timedelta(days=7))


#: What is done → whose mail it forbids.
FLIPS: dict[str, tuple[Callable[[Round], object], str]] = {
    "kill switch": (lambda at: policy.throw("all", "", at.world.now), "all"),
    "channel": (lambda at: policy.throw("channel:email", "", at.world.now), "all"),
    "sender": (lambda at: policy.throw("sender:default", "", at.world.now), "all"),
    "contact": (lambda at: policy.throw(f"contact:{at.chosen.pk}", "", at.world.now), "contact"),
    "hold": (lambda at: policy.hold(), "all"),
    "unsubscribe": (_unsubscribe, "contact"),
    "consent": (_refuse_by_api, "contact"),
    "suppression": (_suppress, "contact"),
    "contact pause": (_pause, "contact"),
    "workflow off": (lambda at: workflows.disable(at.workflow.slug, at.world.now), "workflow"),
    "workflow pause": (lambda at: workflows.pause(at.workflow), "workflow"),
}

#: The flip comes before more mails than this have left: later ones would show the same, and take a night.
LATEST = 1000

#: The steps of the workflow: half of its readers get both.
LETTERS = ("first", "second")

_OF = {"all": "TRUE", "contact": "contact_id = %(contact)s", "workflow": "origin = 'workflow'"}
#: Mail that has to have left before, or else the round tells nothing: of one reader it rarely has.
_BEFORE = _OF | {"contact": "TRUE"}


def play(world: World, name: str, token: str, dice: random.Random, messages: int) -> tuple[int, int, int]:
    """One round. Returns how many forbidden mails began to leave after the flip, how many had before it,
    and how many the flip stopped."""
    at = Round(world, world.people(messages // 2), _workflow(), token)  # few wait for a reader that another holds
    flip, whose = FLIPS[name]
    before = world.taken()
    _plan(world, at, messages)
    senders = [world.farm.begin() for _ in range(SENDERS)]
    wanted = before + dice.randrange(1, min(messages // 2, LATEST))
    with world.clock.running(10):  # a letter whose reader another sender holds comes back some seconds later
        assert wait_for_count(world.taken, wanted, 180, every=0.001), world.states()
        flipped = _committed(lambda: flip(at))
        time.sleep(0.2)
    assert [world.farm.end(pid) for pid in senders] == [0] * SENDERS
    values = {"flipped": flipped, "contact": at.chosen.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE pg_xact_commit_timestamp(xid) > %(flipped)s AND {_OF[whose]}),"
            f" count(*) FILTER (WHERE pg_xact_commit_timestamp(xid) <= %(flipped)s AND {_BEFORE[whose]})"
            " FROM fault_sending", values,
        )  # fmt: skip
        late, early = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM crm_outboundmessage WHERE state IN ('due', 'skipped') AND "
                       + _OF[whose], values)  # fmt: skip
        stopped = cursor.fetchone()[0]
    return late, early, stopped


def _committed(flip: Callable[[], object]) -> datetime:
    """When the commit of what `flip` does stands in the server's log."""
    with connection.cursor() as cursor:
        with transaction.atomic():
            flip()
            cursor.execute("SELECT pg_current_xact_id()::xid::text")
            (xid,) = cursor.fetchone()
        cursor.execute("SELECT pg_xact_commit_timestamp(%s::xid)", [xid])
        moment: datetime = cursor.fetchone()[0]
        return moment


def _workflow() -> Workflow:
    """On, and with nothing in its definition that would hold a mail back."""
    workflow = workflows.enable("inactivity", START - timedelta(days=1))
    assert workflow.version
    letters = [{"id": name, "do": "message", "subject": "Hello", "body": "Hello"} for name in LETTERS]
    definition = workflow.version.definition | {"exits": [], "steps": letters}
    workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=2, definition=definition)
    workflow.save()
    return workflow


def _plan(world: World, at: Round, messages: int) -> None:
    """Mails in turn to each reader; every second one is a workflow's."""
    world.plan(at.readers, each=messages // len(at.readers))
    enrollments = Enrollment.objects.bulk_create(
        Enrollment(workflow=at.workflow, version_id=at.workflow.version_id, account_id=reader.account_id,
                   contact=reader, trigger_key="test", state="done", step_id="", due_at=START)
        for reader in at.readers
    )  # fmt: skip
    of_reader = {enrollment.contact_id: enrollment for enrollment in enrollments}
    planned = list(OutboundMessage.objects.order_by("id"))[::2]
    runs = StepRun.objects.bulk_create(
        StepRun(enrollment=of_reader[message.contact_id], step_id=LETTERS[2 * place // len(planned)], kind="message",
                ran_at=START)
        for place, message in enumerate(planned)
    )  # fmt: skip
    for message, run in zip(planned, runs, strict=True):
        message.origin, message.origin_id = "workflow", run.pk
    OutboundMessage.objects.bulk_update(planned, ["origin", "origin_id"])


def race(world: World, rounds: int, messages: int) -> None:
    dice, figures = random.Random(8), Figures("T8 flips while mail leaves")
    early = stopped = 0
    for number in range(rounds):
        before, held = _telling_round(world, list(FLIPS)[number % len(FLIPS)], dice, messages)
        early, stopped = early + before, stopped + held
    figures.tell(rounds=rounds, senders=SENDERS, left_before=early, stopped=stopped, left_after=0)


def _telling_round(world: World, name: str, dice: random.Random, messages: int) -> tuple[int, int]:
    """A round that tells something: mail was leaving when the flip came, and the flip stopped some of what it forbids.

    Senders who are quicker than the flip make one that does not, and it is played again.
    """
    for _ in range(PLAYED):
        world.fresh()
        world.slow(0.002)
        ada = User.objects.create_user("ada@example.com", "correct horse", name="Ada", role="admin")
        late, early, stopped = play(world, name, ApiToken.issue(ada, "write")[1], dice, messages)
        assert late == 0, f"{name}: {late} mails began to leave after the commit that forbids them"
        if early and stopped:
            return early, stopped
    raise AssertionError(f"{name}: no mail was in flight when the flip came, {PLAYED} times")


def test_nothing_leaves_after_it_is_forbidden(world: World) -> None:
    race(world, len(FLIPS), 60)


@pytest.mark.long
def test_nothing_leaves_after_it_is_forbidden_in_a_hundred_rounds(world: World) -> None:
    race(world, 9 * len(FLIPS) + 1, 5000)
