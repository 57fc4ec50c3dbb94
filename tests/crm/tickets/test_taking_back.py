"""What is taken back was not: no spell, no question, no word on the timeline, nothing counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crm.accounts.models import Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.outbox.rules import REST_DAYS
from crm.team.models import User
from crm.tickets.actions.answering import Written, call_off, write
from crm.tickets.actions.hearing import hear
from crm.tickets.actions.saying import Said
from crm.tickets.actions.turning import set_status
from crm.tickets.models import ServiceLevel, Ticket, TicketRating
from crm.timeline.models import Pending, TimelineEntry
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_leaves")]
HOUR = timedelta(hours=1)
TOLD = ("ticket.solved", "ticket.reopened")
_STANDS = (
    "status", "solved_at", "closed_at", "reopened", "answered_at", "asked_at", "answer_by", "solve_by", "overran",
    "answer_minutes", "solve_minutes", "alarm_at", "paused_until",
)  # fmt: skip


@pytest.fixture
def waiting(says: Callable[..., Said]) -> Ticket:
    """With clocks that go on."""
    from crm.tickets.actions.hearing import NewTicket, begin

    ServiceLevel.objects.create(name="All", targets={"normal": {"answer": 240, "solve": 480}}, always=True)
    return begin(NewTicket("Export times out", says(key="first@nordwind.example")), NOON)


def stands(ticket: Ticket) -> dict[str, Any]:
    """All that hangs on its turns."""
    row = Ticket.objects.get(pk=ticket.pk)
    return {name: getattr(row, name) for name in _STANDS} | {
        "spells": list(row.spells.order_by("pk").values_list("status", "began_at", "ended_at")),
        "ratings": list(row.ratings.values_list("pk", flat=True)),
        "told": list(TimelineEntry.objects.filter(kind__in=TOLD).values_list("kind", "occurred_at")),
        "pending": Pending.objects.filter(entry__kind__in=TOLD).count(),
        "paused": row.contact and row.contact.automation_paused_until,
    }


def last_turn() -> Act:
    return Act.objects.filter(kind="ticket.status").latest("pk")


def test_a_solving_that_is_taken_back_was_none(waiting: Ticket, sam: User) -> None:
    before = stands(waiting)
    assert before["solve_by"] == NOON + 8 * HOUR
    set_status(waiting, "solved", sam, NOON + HOUR)
    assert stands(waiting)["ratings"]
    undone = undo(last_turn(), sam, NOON + HOUR + timedelta(minutes=10))
    assert (undone.reverted, undone.kept) == (1, [])
    assert stands(waiting) == before
    assert OutboundMessage.objects.get(origin="rating").state == "cancelled"


def test_an_opening_that_is_taken_back_asks_nobody_again(waiting: Ticket, sam: User) -> None:
    set_status(waiting, "solved", sam, NOON + HOUR)
    before = stands(waiting)
    set_status(waiting, "open", sam, NOON + 2 * HOUR)
    assert stands(waiting)["reopened"] == 1
    undo(last_turn(), sam, NOON + 3 * HOUR)
    assert stands(waiting) == before
    assert OutboundMessage.objects.get(origin="rating").state == "due"


def test_an_answer_that_is_called_off_solved_nothing(waiting: Ticket, sam: User) -> None:
    before = stands(waiting)
    said = write(waiting, Written(uuid4(), "It is lifted.", then="solved"), sam, NOON + HOUR)
    assert call_off(said, sam, NOON + HOUR + timedelta(seconds=5))
    assert stands(waiting) == before
    assert set(OutboundMessage.objects.values_list("origin", "state")) == {
        ("ticket", "cancelled"), ("rating", "cancelled"),
    }  # fmt: skip


def test_once_the_question_has_left_its_solving_stays(waiting: Ticket, sam: User) -> None:
    set_status(waiting, "solved", sam, NOON + HOUR)
    OutboundMessage.objects.filter(origin="rating").update(state="sent")
    undo(last_turn(), sam, NOON + 2 * HOUR)
    now = stands(waiting)
    assert [status for status, _, _ in now["spells"]] == ["new", "solved", "new"]
    assert (now["status"], now["reopened"], now["solved_at"], len(now["ratings"])) == ("new", 0, None, 1)
    assert [kind for kind, _ in now["told"]] == ["ticket.solved"]  # which it was, and was asked about
    assert TicketRating.objects.get().spell.status == "solved"


def test_what_was_written_since_counts(waiting: Ticket, sam: User, says: Callable[..., Said]) -> None:
    """Sofia wrote while it was open: had it stayed pending, her words would have opened it."""
    set_status(waiting, "pending", sam, NOON + HOUR)
    set_status(waiting, "open", sam, NOON + 2 * HOUR)
    done = last_turn()
    hear(waiting, says("Here it is.", key="second", at=NOON + 3 * HOUR), NOON + 3 * HOUR)
    before = stands(waiting)
    undone = undo(done, sam, NOON + 4 * HOUR)
    assert (undone.reverted, [one.because for one in undone.kept]) == (0, ["somebody has written in it since"])
    assert stands(waiting) == before


def test_an_answer_since_keeps_it_open(waiting: Ticket, sam: User) -> None:
    set_status(waiting, "pending", sam, NOON + HOUR)
    write(waiting, Written(uuid4(), "One more thing."), sam, NOON + 2 * HOUR)
    undo(last_turn(), sam, NOON + 3 * HOUR)
    now = stands(waiting)
    assert (now["status"], now["answered_at"]) == ("open", NOON + 2 * HOUR)


def test_what_is_automatic_waits_again(waiting: Ticket, sam: User, sofia: Contact) -> None:
    set_status(waiting, "solved", sam, NOON + HOUR)
    sofia.refresh_from_db()
    assert sofia.automation_paused_until is None
    undo(last_turn(), sam, NOON + 2 * HOUR)
    sofia.refresh_from_db()
    assert sofia.automation_paused_until == NOON + timedelta(days=REST_DAYS["ticket"])
