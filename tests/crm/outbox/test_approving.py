"""Mail that waits for a yes: nothing sends it before, every guard is asked after, and a yes can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crm.accounts.models import Account, Contact
from crm.outbox import approving, policy
from crm.outbox.actions import ANY_ADMIN, work
from crm.outbox.approving import UNDO_FOR, Said
from crm.outbox.erasing import forget_in_mail
from crm.outbox.models import Notification, OutboundMessage
from crm.outbox.settling import NotPossible
from crm.settings.actions import handover
from crm.slots import Person
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.outbox.conftest import TICK, Plan, state_of, trail

DAY = timedelta(days=1)


@pytest.fixture
def asked(plan: Plan, anna: Contact, mira: User) -> OutboundMessage:
    return plan(anna, needs_approval_by=mira.pk, expires_at=NOON + 3 * DAY)


def waiting_for(user: User) -> set[int]:
    return set(approving.may_be_approved_by(OutboundMessage.objects, user, NOON).values_list("pk", flat=True))


def test_nobody_sends_it_before(folder: Path, asked: OutboundMessage) -> None:
    assert asked.state == "asked"
    assert work(NOON + DAY) == 0
    assert not folder.exists()


def test_a_yes_lets_it_leave_when_nobody_has_thought_better_of_it(
    folder: Path, asked: OutboundMessage, mira: User
) -> None:
    assert approving.approve([asked.pk], mira, NOON) == Said((asked.pk,))

    assert work(NOON + UNDO_FOR - TICK) == 0
    work(NOON + UNDO_FOR)
    assert state_of(asked) == "sent"
    assert trail(asked) == [("approved", ""), ("sending", ""), ("sent", "")]
    assert asked.decisions.get(verdict="approved").by == mira


def test_what_is_planned_for_later_leaves_later(folder: Path, plan: Plan, anna: Contact, mira: User) -> None:
    later = plan(anna, needs_approval_by=mira.pk, due_at=NOON + DAY)

    approving.approve([later.pk], mira, NOON)

    later.refresh_from_db()
    assert (later.state, later.due_at) == ("due", NOON + DAY)


def test_every_guard_is_asked_after_a_yes(folder: Path, asked: OutboundMessage, mira: User, anna: Contact) -> None:
    approving.approve([asked.pk], mira, NOON)
    Contact.objects.filter(pk=anna.pk).update(email_consent="no")

    work(NOON + UNDO_FOR)

    assert state_of(asked) == "skipped"
    assert trail(asked)[-1] == ("skipped", "consent")


def test_a_switch_holds_it_after_a_yes(folder: Path, asked: OutboundMessage, mira: User) -> None:
    approving.approve([asked.pk], mira, NOON)
    policy.throw("all", "Something is wrong.", NOON)

    work(NOON + UNDO_FOR)

    assert state_of(asked) == "due"


def test_a_yes_is_taken_back_until_it_is_taken_up(folder: Path, asked: OutboundMessage, mira: User, sam: User) -> None:
    approving.approve([asked.pk], mira, NOON)

    assert approving.reconsider([asked.pk], sam, NOON).done == ()
    assert approving.reconsider([asked.pk], mira, NOON).done == (asked.pk,)
    assert approving.reconsider([asked.pk], mira, NOON).done == ()
    asked.refresh_from_db()
    assert (asked.state, asked.due_at) == ("asked", NOON)
    assert work(NOON + UNDO_FOR) == 0

    approving.approve([asked.pk], mira, NOON)
    work(NOON + UNDO_FOR)
    assert approving.reconsider([asked.pk], mira, NOON).done == ()
    assert state_of(asked) == "sent"


def test_a_no_says_why_and_can_be_taken_back(asked: OutboundMessage, mira: User) -> None:
    with pytest.raises(ValueError, match="Say why"):
        approving.refuse([asked.pk], " ", mira, NOON)
    assert state_of(asked) == "asked"

    approving.refuse([asked.pk], "They have just renewed.", mira, NOON)
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "They have just renewed.")

    approving.reconsider([asked.pk], mira, NOON)
    asked.refresh_from_db()
    assert (asked.state, asked.settled_at) == ("asked", None)


def test_the_last_moment_is_in_time_and_one_tick_after_it_is_late(plan: Plan, anna: Contact, mira: User) -> None:
    one, other = (plan(anna, needs_approval_by=mira.pk, expires_at=NOON) for _ in range(2))

    assert approving.work(NOON) == 0
    assert approving.next_due(NOON) == NOON + TICK
    assert approving.approve([one.pk], mira, NOON).done == (one.pk,)
    assert approving.approve([other.pk], mira, NOON + TICK) == Said((), (other.pk,))
    other.refresh_from_db()
    assert (other.state, other.guard) == ("skipped", "late")


def test_what_nobody_says_yes_to_is_not_sent(asked: OutboundMessage) -> None:
    assert asked.expires_at is not None
    assert approving.work(asked.expires_at) == 0
    assert approving.work(asked.expires_at + TICK) == 1
    assert approving.work(asked.expires_at + TICK) == 0
    asked.refresh_from_db()
    assert (asked.state, asked.guard) == ("skipped", "late")
    assert "nobody had said yes" in asked.reason


def test_other_words_are_what_leaves(folder: Path, asked: OutboundMessage, mira: User, sam: User) -> None:
    with pytest.raises(NotPossible):
        approving.reword(asked.pk, "Mine", "Mine.", sam, NOON)
    with pytest.raises(ValueError, match="subject and a text"):
        approving.reword(asked.pk, "Mine", " ", mira, NOON)

    approving.reword(asked.pk, "A word, {{ x }}", "Dear Anna,\r\nwell {% done.", mira, NOON)
    asked.refresh_from_db()
    assert asked.preview() == ("A word, {{ x }}", "Dear Anna,\nwell {% done.\n")
    approving.approve([asked.pk], mira, NOON)
    work(NOON + UNDO_FOR)

    asked.refresh_from_db()
    assert asked.rendered_subject == "A word, {{ x }}"
    assert asked.rendered_body.startswith("Dear Anna,\nwell {% done.\n")
    assert ("reworded", "") in trail(asked)


def test_who_may_say_yes(asked: OutboundMessage, plan: Plan, anna: Contact, mira: User, sam: User, ada: User) -> None:
    nobodys = plan(anna, needs_approval_by=ANY_ADMIN)

    assert waiting_for(mira) == {asked.pk}
    assert waiting_for(sam) == set()
    assert waiting_for(ada) == {asked.pk, nobodys.pk}
    assert approving.approve([asked.pk, nobodys.pk], sam, NOON) == Said()
    assert approving.approve([asked.pk, nobodys.pk], mira, NOON).done == (asked.pk,)


def test_whoever_stands_in_says_yes_while_the_other_is_away(
    asked: OutboundMessage, plan: Plan, anna: Contact, mira: User, sam: User, ada: User
) -> None:
    Account.objects.filter(pk=anna.account_id).update(owner=mira)
    handover.hand_over(mira, [sam], "Sam", ada, NOON, until=NOON + 7 * DAY)
    asked.refresh_from_db()
    assert asked.approver_id == sam.pk  # what waited has gone to them

    since = plan(anna, needs_approval_by=mira.pk)  # a workflow still names the one who is away
    assert waiting_for(sam) == {asked.pk, since.pk}
    assert set(approving.may_be_approved_by(OutboundMessage.objects, sam, NOON + 7 * DAY)) == {asked}


def test_they_are_told_once_until_they_have_read_it(plan: Plan, anna: Contact, mira: User) -> None:
    plan(anna, key="one", needs_approval_by=mira.pk)
    plan(anna, key="one", needs_approval_by=mira.pk)
    plan(anna, needs_approval_by=mira.pk)
    assert Notification.objects.filter(user=mira, kind="mail.to_approve").count() == 1

    Notification.objects.update(read_at=NOON)
    plan(anna, key="one", needs_approval_by=mira.pk)
    assert Notification.objects.count() == 1
    plan(anna, needs_approval_by=mira.pk)
    assert Notification.objects.count() == 2


def test_many_are_decided_at_once_in_few_queries(
    plan: Plan, anna: Contact, mira: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    rows = [plan(anna, needs_approval_by=mira.pk) for _ in range(20)]
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]
        assert len(approving.approve([row.pk for row in rows], mira, NOON).done) == 20
    with pytest.raises(ValueError, match="At most"):
        approving.approve(range(approving.MOST + 1), mira, NOON)


def test_whoever_is_erased_gets_none_of_it(asked: OutboundMessage, mira: User, anna: Contact) -> None:
    approving.reword(asked.pk, "A word", "Dear Anna", mira, NOON)
    forget_in_mail(Person(anna.pk, (anna.account_id,), ("anna@kelp.example",)), NOON)
    asked.refresh_from_db()
    assert (asked.state, asked.facts) == ("cancelled", {})
