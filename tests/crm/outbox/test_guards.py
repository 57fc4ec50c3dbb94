"""What stands between a message and its reader: each guard at its boundary and one tick before."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from crm import slots
from crm.accounts.models import Account, Contact
from crm.outbox import policy
from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, OutboundMessage, Sender, Suppression, Switch
from crm.slots import Refusal
from tests import factories
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.outbox.conftest import Plan, moved_to, state_of, trail

TICK = timedelta(microseconds=1)
CAREFUL = ["service", "marketing"]
ALWAYS = ["reply", "transactional"]


@pytest.fixture(autouse=True)
def mailbox(server: Server) -> Server:
    return server


def agreed(contact: Contact) -> Contact:
    contact.email_consent = "yes"
    contact.save()
    return contact


@pytest.mark.parametrize(
    ("category", "consent", "state"),
    [
        ("reply", "no", "sent"), ("transactional", "no", "sent"), ("service", "no", "skipped"),
        ("marketing", "no", "skipped"), ("service", "", "sent"), ("marketing", "", "skipped"),
        ("service", "yes", "sent"), ("marketing", "yes", "sent"),
    ],
)  # fmt: skip
def test_consent(anna: Contact, plan: Plan, server: Server, category: str, consent: str, state: str) -> None:
    Contact.objects.update(email_consent=consent)
    message = plan(anna, category=category)

    work(NOON)

    assert state_of(message) == state
    assert len(server.raw) == (state == "sent")
    if state == "skipped":
        assert trail(message) == [("skipped", "consent")]


@pytest.mark.parametrize("marked", ["contact", "account"])
@pytest.mark.parametrize("category", [*CAREFUL, *ALWAYS])
def test_who_is_marked_gets_replies_and_receipts_only(
    anna: Contact, plan: Plan, server: Server, category: str, marked: str
) -> None:
    agreed(anna)
    Contact.objects.update(do_not_contact=marked == "contact")
    anna.account.do_not_contact = marked == "account"
    anna.account.save()
    message = plan(anna, category=category)

    work(NOON)

    assert len(server.raw) == (category in ALWAYS)
    if category in CAREFUL:
        message.refresh_from_db()
        name = anna.name if marked == "contact" else anna.account.name
        assert trail(message) == [("skipped", "do-not-contact")]
        assert message.reason == f"{name} is marked “do not contact”."


def test_nobody_to_read_it(plan: Plan, anna: Contact, server: Server) -> None:
    Contact.objects.update(email=None)
    to_contact, to_account = plan(anna), plan(account_id=anna.account_id)

    work(NOON)

    assert trail(to_contact) == trail(to_account) == [("skipped", "no-address")]


@pytest.mark.parametrize("category", [*CAREFUL, *ALWAYS])
def test_a_suppressed_address_gets_nothing(anna: Contact, plan: Plan, server: Server, category: str) -> None:
    Suppression.objects.create(address="anna@kelp.example", reason="complained")
    message = plan(agreed(anna), category=category)

    work(NOON)

    assert trail(message) == [("skipped", "suppression")]
    assert not server.raw


@pytest.mark.parametrize("scope", ["all", "channel:email", "sender:default", "contact:{}"])
def test_a_switch_keeps_mail_waiting_and_lets_it_go(anna: Contact, plan: Plan, server: Server, scope: str) -> None:
    scope = scope.format(anna.pk)
    policy.throw(scope, "wrong text", NOON)
    message = plan(anna, category="transactional")

    assert work(NOON) == 0
    assert state_of(message) == "due"

    assert policy.lift(scope, NOON) is True
    assert work(NOON) == 1
    assert state_of(message) == "sent"


def test_a_switch_for_another_stops_nothing(anna: Contact, plan: Plan) -> None:
    for scope in ("channel:sms", "sender:sales", f"contact:{anna.pk + 1}"):
        Switch.objects.create(scope=scope)
    message = plan(anna)

    work(NOON)

    assert state_of(message) == "sent"


def test_account_mail_to_a_stopped_contact_waits_without_running_in_circles(anna: Contact, plan: Plan) -> None:
    policy.throw(f"contact:{anna.pk}", "asked us to", NOON)
    message = plan(account_id=anna.account_id)

    assert work(NOON) == 1  # who reads it is known from now on
    assert work(NOON) == 0
    assert trail(message) == [("moved", "switch")]


def test_on_hold_nothing_is_taken(anna: Contact, plan: Plan, server: Server) -> None:
    policy.hold()
    message = plan(anna)

    assert work(NOON) == 0
    policy.go_live(NOON)
    assert work(NOON) == 1
    assert state_of(message) == "sent"


def test_redirected_mail_goes_to_one_address_and_says_so(anna: Contact, plan: Plan, server: Server) -> None:
    policy.redirect_to("ops@us.example", NOON)
    message = plan(anna)

    work(NOON)

    (mail,) = server.mails
    assert mail["To"] == "ops@us.example"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.startswith("Redirected by Holdfast. This was meant for Anna Berg <anna@kelp.example>")
    message.refresh_from_db()
    assert (message.state, message.to_address) == ("sent", "ops@us.example")
    assert message.decisions.first().facts["meant_for"] == "anna@kelp.example"  # type: ignore[union-attr]


@pytest.mark.parametrize(("category", "waits"), [("service", True), ("marketing", True), ("transactional", False)])
def test_a_pause_moves_what_is_not_urgent(anna: Contact, plan: Plan, category: str, waits: bool) -> None:
    Contact.objects.update(automation_paused_until=NOON + timedelta(hours=1), email_consent="yes")
    message = plan(anna, category=category)

    work(NOON)

    assert state_of(message) == ("due" if waits else "sent")
    if waits:
        assert moved_to(message) == NOON + timedelta(hours=1)
        assert trail(message) == [("moved", "pause")]
        work(NOON + timedelta(hours=1))
        assert state_of(message) == "sent"


def test_a_pause_that_ends_now_is_over(anna: Contact, plan: Plan) -> None:
    Contact.objects.update(automation_paused_until=NOON)
    message = plan(anna)

    work(NOON)

    assert state_of(message) == "sent"


def test_another_room_s_word_counts(anna: Contact, plan: Plan, server: Server) -> None:
    message, other = plan(anna, origin="test"), plan(anna)

    def refuse(messages: Any, now: datetime) -> dict[int, Refusal]:
        return {m.pk: Refusal("workflow", "it was switched off", {"slug": "x"}) for m in messages if m.origin == "test"}

    with slots.send_guards.temporarily("test", refuse):
        work(NOON)

    message.refresh_from_db()
    assert (message.state, message.guard, message.reason) == ("skipped", "workflow", "it was switched off")
    assert message.decisions.get().facts["slug"] == "x"
    assert state_of(other) == "sent"


@pytest.mark.parametrize(("late_by", "state"), [(timedelta(0), "sent"), (TICK, "skipped")])
def test_lateness(anna: Contact, plan: Plan, late_by: timedelta, state: str) -> None:
    message = plan(anna, expires_at=NOON + timedelta(days=3) - late_by, category="transactional")

    work(NOON + timedelta(days=3))

    assert state_of(message) == state
    if state == "skipped":
        assert trail(message) == [("skipped", "late")]


def sent_before(contact: Contact, plan: Plan, *ages: timedelta, **fields: Any) -> None:
    for age in ages:
        message = plan(contact, **fields)
        OutboundMessage.objects.filter(pk=message.pk).update(state="sent", sending_at=NOON - age)


@pytest.mark.parametrize("category", CAREFUL)
def test_the_cap_moves_the_fourth_in_a_week(anna: Contact, plan: Plan, category: str) -> None:
    week = timedelta(days=7)
    sent_before(agreed(anna), plan, timedelta(days=1), timedelta(days=2), week - TICK)
    message = plan(anna, category=category)

    work(NOON)

    assert trail(message) == [("moved", "cap")]
    assert moved_to(message) == NOON + TICK
    work(NOON + TICK)
    assert state_of(message) == "sent"


def test_what_is_a_week_old_or_not_careful_is_not_counted(anna: Contact, plan: Plan) -> None:
    sent_before(anna, plan, timedelta(days=1), timedelta(days=2), timedelta(days=7))
    sent_before(anna, plan, timedelta(days=1), category="transactional")
    message = plan(anna)

    work(NOON)

    assert state_of(message) == "sent"


def test_the_cap_stops_neither_replies_nor_receipts(anna: Contact, plan: Plan) -> None:
    sent_before(anna, plan, *[timedelta(hours=1)] * 5)
    messages = [plan(anna, category=category) for category in ALWAYS]

    work(NOON)

    assert [state_of(message) for message in messages] == ["sent", "sent"]


def test_a_move_past_the_last_moment_is_a_no(anna: Contact, plan: Plan) -> None:
    sent_before(anna, plan, *[timedelta(days=1)] * 3)
    message = plan(anna, expires_at=NOON + timedelta(days=3))

    work(NOON)

    assert trail(message) == [("skipped", "late")]


NIGHT = datetime.fromisoformat("2026-06-01T20:00:00+00:00")


@pytest.mark.parametrize(("before", "state"), [(TICK, "sent"), (timedelta(0), "due")])
def test_quiet_hours_begin_on_the_stroke(anna: Contact, plan: Plan, before: timedelta, state: str) -> None:
    message = plan(anna)

    work(NIGHT - before)

    assert state_of(message) == state
    if state == "due":
        assert moved_to(message) == NIGHT + timedelta(hours=12)
        assert trail(message) == [("moved", "quiet-hours")]


@pytest.mark.parametrize(
    ("contact_zone", "account_zone", "state"),
    [
        ("Asia/Tokyo", "Europe/Berlin", "due"),  # 21:00 there
        ("", "Asia/Tokyo", "due"),
        ("Europe/Berlin", "Asia/Tokyo", "sent"),
        ("", "", "sent"),
    ],
)
def test_whose_night_it_is(anna: Contact, plan: Plan, contact_zone: str, account_zone: str, state: str) -> None:
    Contact.objects.update(timezone=contact_zone)
    Account.objects.update(timezone=account_zone)
    message = plan(anna)

    work(NOON)

    assert state_of(message) == state


@pytest.mark.parametrize("category", ALWAYS)
def test_replies_and_receipts_leave_at_night(anna: Contact, plan: Plan, category: str) -> None:
    message = plan(anna, category=category)

    work(NIGHT)

    assert state_of(message) == "sent"


def test_moves_cost_no_attempts(anna: Contact, plan: Plan) -> None:
    message, now = plan(anna), NIGHT
    for _ in range(7):
        work(now)
        now += timedelta(hours=24)
        OutboundMessage.objects.update(due_at=now)
    MailPolicy.objects.update(quiet_from=time(0), quiet_to=time(0))

    work(now)

    assert state_of(message) == "sent"


def test_a_slot_kept_from_a_minute_long_past_is_void(plan: Plan, db: None, server: Server) -> None:
    Sender.objects.create(name="default", per_minute=1)
    for _ in range(3):
        plan(factories.contact())
    work(NOON)

    work(NOON + timedelta(hours=1))

    assert len(server.raw) == 2
