"""What was decided, asked again from what was kept: the same answer."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import slots
from crm.accounts.models import Account, Contact
from crm.outbox import asking, policy, recalling
from crm.outbox.actions import work
from crm.outbox.models import Decision, MailPolicy, OutboundMessage, Suppression
from crm.outbox.sending import guards
from crm.outbox.sending.known import Known
from crm.slots import Passed, Refusal
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.outbox.conftest import Plan

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=NOON.tzinfo))
TIMES = st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None))
KNOWN = st.builds(
    Known,
    moment=MOMENTS, category=st.sampled_from(["service", "marketing", "reply", "transactional"]), due_at=MOMENTS,
    planned_for=MOMENTS, expires_at=st.none() | MOMENTS, waited_for=st.text(max_size=9),
    mode=st.sampled_from(["live", "hold", "redirect"]), mode_reason=st.text(max_size=9), is_test=st.booleans(),
    reader=st.sampled_from(["", "Anna"]), is_contact=st.booleans(), address=st.sampled_from(["", "a@kelp.example"]),
    closed=st.booleans(), suppressed=st.none() | st.text(max_size=9), marked=st.sampled_from(["", "Anna"]),
    consent=st.sampled_from(["", "yes", "no"]), stopped=st.sampled_from(["", "all"]),
    paused_until=st.none() | MOMENTS, paused_because=st.text(max_size=9), wants_pause_until=st.none() | MOMENTS,
    refused_topic=st.sampled_from(["", "news"]), topic=st.text(max_size=9), got=st.lists(MOMENTS, max_size=4),
    caps=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)).map(list), max_size=2),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Chatham"]),
    quiet_from=TIMES, quiet_to=TIMES,
)  # fmt: skip


@given(KNOWN)
def test_what_is_kept_comes_back_whole(known: Known) -> None:
    assert Known.revived(known.kept()) == known


@given(KNOWN)
def test_whatever_was_known_the_guards_say_the_same_again(known: Known) -> None:
    said = guards.decided(known, guards.first(guards.BEFORE_OTHERS, known))
    verdict = "sending" if said is None else "skipped" if isinstance(said, Refusal) else "moved"
    kept = Decision(verdict=verdict, facts={"known": known.kept()})
    again = recalling.ask_again(kept)
    assert (again.verdict, again.guard, again.reason) == (
        verdict, getattr(said, "guard", ""), getattr(said, "reason", ""),
    )  # fmt: skip
    assert again.until == getattr(said, "until", None)


@given(KNOWN)
def test_the_questions_are_those_of_the_guards(known: Known) -> None:
    """What is said to stand in the way, in words, is what the guards say stands in the way."""
    against = {one.guard for one in asking.questions(known) if not one.holds}
    every = [*guards.BEFORE_OTHERS, *guards.AFTER_OTHERS]
    assert against == {said.guard for guard in every if guard is not guards.closed and (said := guard(known))}


def test_a_later_release_reads_what_an_earlier_one_kept() -> None:
    known = Known(NOON, "service", NOON, NOON)
    kept = known.kept() | {"something_new": 1}
    assert set(known.kept()) == {"moment", "category", "due_at", "planned_for"}
    assert Known.revived(kept) == known


def decisions() -> list[Decision]:
    return list(Decision.objects.order_by("id"))


def agrees(decision: Decision) -> bool:
    again = recalling.ask_again(decision)
    until = decision.facts.get("until")
    same = (again.guard, again.reason[:300]) == (decision.guard, decision.reason) or decision.verdict == "sending"
    return same and again.verdict == decision.verdict and (again.until.isoformat() if again.until else None) == until


@pytest.mark.parametrize(
    ("how", "guard"),
    [("none", ""), ("consent", "consent"), ("address", "no-address"), ("marked", "do-not-contact"),
     ("suppressed", "suppression"), ("paused", "pause"), ("night", "quiet-hours"), ("late", "late")],
)  # fmt: skip
def test_each_word_of_the_real_way_out_is_said_again(
    anna: Contact, plan: Plan, server: Server, how: str, guard: str
) -> None:
    moment = NOON
    message = plan(anna, category="service", expires_at=NOON + timedelta(hours=4))
    match how:
        case "consent":
            Contact.objects.update(email_consent="no")
        case "address":
            Contact.objects.update(email=None)
        case "marked":
            Account.objects.update(do_not_contact=True)
        case "suppressed":
            Suppression.objects.create(address=anna.email, reason="It bounced.")
        case "paused":
            Contact.objects.update(automation_paused_until=NOON + timedelta(hours=1))
        case "night":
            MailPolicy.objects.update_or_create(pk=1, defaults={"quiet_from": time(11), "quiet_to": time(13)})
        case "late":
            moment = NOON + timedelta(hours=5)
    work(moment)
    first = decisions()[0]
    assert (first.message_id, first.guard) == (message.pk, guard)
    # everything changes afterwards; what was decided then does not
    Contact.objects.update(email_consent="", automation_paused_until=None)
    MailPolicy.objects.update(quiet_from=time(0), quiet_to=time(0), cap_count=0)
    Suppression.objects.all().delete()
    assert recalling.can_be_asked(first)
    assert agrees(first)


def test_the_cap_is_asked_again_of_the_same_mails(anna: Contact, plan: Plan, server: Server) -> None:
    for hours in (1, 2, 3):
        sent = plan(anna, category="service")
        OutboundMessage.objects.filter(pk=sent.pk).update(state="sent", sending_at=NOON - timedelta(hours=hours))
    plan(anna, category="service")
    work(NOON)
    OutboundMessage.objects.filter(state="sent").delete()
    found = decisions()[0]
    assert (found.guard, recalling.known(found).caps[0]) == ("cap", [3, 7])
    assert agrees(found)


def test_mails_that_left_at_one_moment_each_count(anna: Contact, plan: Plan, server: Server) -> None:
    for _ in range(3):
        sent = plan(anna, category="service")
        OutboundMessage.objects.filter(pk=sent.pk).update(state="sent", sending_at=NOON - timedelta(hours=1))
    plan(anna, category="service")
    work(NOON)
    found = decisions()[0]
    assert (found.guard, len(recalling.known(found).got)) == ("cap", 3)
    assert agrees(found)


def test_the_word_of_another_room_is_kept_and_recalled(anna: Contact, plan: Plan, server: Server) -> None:
    def say(messages: Any, now: datetime) -> Any:
        return {m.pk: recall({"odd": bool(m.pk % 2)}, now) or Passed("parity", {"odd": False}) for m in messages}

    def recall(facts: Any, now: datetime) -> Refusal | None:
        return Refusal("parity", "odd", dict(facts)) if facts["odd"] else None

    plan(anna), plan(anna)
    with slots.send_guards.temporarily("parity", say), slots.guard_recalls.temporarily("parity", recall):
        work(NOON)
        found = [one for one in decisions() if one.verdict in ("skipped", "sending")]
        assert {one.verdict for one in found} == {"skipped", "sending"}
        assert all(agrees(one) for one in found)
        passed = next(one for one in found if one.verdict == "sending")
        passed.facts["asked"][0][1]["odd"] = True  # the recall is asked, not believed
        assert not agrees(passed)


def test_what_a_hold_keeps_back_has_no_decision(anna: Contact, plan: Plan) -> None:
    policy.hold("Not yet.")
    plan(anna)
    work(NOON)
    assert decisions() == []
