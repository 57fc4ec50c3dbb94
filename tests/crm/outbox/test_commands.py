"""`mail`, `verify_journal`, and the hold that the first import puts on."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import journal, policy, repairs
from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, OutboundMessage, Switch
from crm.slots import LATE
from crm.web import standing
from crm.web.models import Pulse
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path, db: None) -> None:
    settings.EMAIL_URL = f"folder://{tmp_path}"


def said(*command: str) -> tuple[int, Any]:
    """Exit code and JSON of a command."""
    out, code = io.StringIO(), 0
    try:
        call_command(*command, "--json", stdout=out, stderr=io.StringIO())
    except SystemExit as error:
        code = int(str(error.code))
    except CommandError as error:
        return error.returncode, None
    return code, json.loads(out.getvalue())


def test_mail_shows_and_sets_whether_mail_leaves(plan: Plan) -> None:
    plan(factories.contact())
    code, state = said("mail")
    assert (code, state["mode"], state["waiting"], state["went_live_at"]) == (0, "live", 1, None)

    assert said("mail", "--hold")[1]["mode"] == "hold"
    redirected = said("mail", "--redirect-to", "ops@us.example")[1]
    assert (redirected["mode"], redirected["redirect_to"]) == ("redirect", "ops@us.example")
    live = said("mail", "--live")[1]
    assert (live["mode"], live["redirect_to"], live["went_live_at"]) == ("live", None, NOON.isoformat())


def test_what_is_no_address_is_refused_and_changes_nothing() -> None:
    policy.hold("so")

    assert said("mail", "--redirect-to", "nobody") == (2, None)
    assert MailPolicy.the_only().mode == "hold"


def test_the_first_import_holds_mail_until_somebody_goes_live() -> None:
    assert policy.hold_for_import(NOON) is True
    assert MailPolicy.the_only().mode == "hold"
    assert policy.hold_for_import(NOON) is False

    policy.go_live(NOON)
    assert policy.hold_for_import(NOON) is False
    assert MailPolicy.the_only().mode == "live"


CLEAN = {"lost": 0, "doubled": 0, "late": 0, "parked": 0, "uncertain": 0}


def verified() -> tuple[int, dict[str, int], dict[str, list[str]]]:
    code, found = said("verify_journal")
    details = found.pop("details")
    return code, found, details


def test_a_clean_journal(anna: Contact, plan: Plan) -> None:
    plan(anna, origin="workflow", origin_id=1)
    plan(anna, origin="workflow", origin_id=2)
    work(NOON)

    assert verified()[:2] == (0, CLEAN)


@pytest.mark.parametrize(("ago", "lost"), [(timedelta(hours=1), 0), (timedelta(hours=1, microseconds=1), 1)])
def test_due_long_past_is_lost(anna: Contact, plan: Plan, ago: timedelta, lost: int) -> None:
    plan(anna, due_at=NOON - ago)

    assert verified()[:2] == (lost, CLEAN | {"lost": lost})


@pytest.mark.parametrize("stop", ["hold", "switch", "no way out", "contact"])
def test_what_is_held_is_not_lost(anna: Contact, plan: Plan, stop: str, settings: Any) -> None:
    plan(anna, due_at=NOON - timedelta(days=9))
    if stop == "hold":
        policy.hold()
    elif stop == "no way out":
        settings.EMAIL_URL = ""
    else:
        policy.throw("all" if stop == "switch" else f"contact:{anna.pk}", "so", NOON)

    assert verified()[:2] == (0, CLEAN)


LET_GO = {
    "hold": (lambda: policy.hold(), lambda: policy.go_live(NOON)),
    "redirected": (lambda: policy.hold(), lambda: policy.redirect_to("ops@us.example", NOON)),
    "switch": (lambda: policy.throw("all", "so", NOON), lambda: policy.lift("all", NOON)),
}


@pytest.mark.parametrize("how", list(LET_GO))
def test_what_may_leave_again_waits_from_then_on(anna: Contact, plan: Plan, how: str) -> None:
    plan(anna, due_at=NOON - timedelta(days=9))
    keep, let_go = LET_GO[how]
    keep()
    let_go()

    assert verified()[:2] == (0, CLEAN)
    how_it_stands = standing.read(NOON + timedelta(minutes=2))
    assert (how_it_stands.wait, how_it_stands.total("late"), how_it_stands.alarming) == (LATE, 0, False)
    later = NOON + timedelta(minutes=2, microseconds=1)
    assert (standing.read(later).total("late"), standing.read(later).alarming) == (1, True)
    assert journal.verify(NOON + timedelta(hours=1))["lost"] == []
    assert len(journal.verify(NOON + timedelta(hours=1, microseconds=1))["lost"]) == 1


def test_what_was_never_kept_back_has_waited_all_the_while(anna: Contact, plan: Plan) -> None:
    plan(anna, due_at=NOON - timedelta(days=9))
    policy.go_live(NOON)
    policy.lift("all", NOON)

    assert verified()[:2] == (1, CLEAN | {"lost": 1})
    assert standing.read(NOON).wait == timedelta(days=9)


@pytest.mark.parametrize("state", ["claimed", "sending"])
def test_a_lease_long_over_is_lost(anna: Contact, plan: Plan, state: str) -> None:
    plan(anna)
    OutboundMessage.objects.update(state=state, lease_until=NOON - timedelta(minutes=2, microseconds=1))

    assert verified()[:2] == (1, CLEAN | {"lost": 1})


def test_the_same_row_sent_twice_to_one_reader_is_doubled(anna: Contact, plan: Plan) -> None:
    first, second = (plan(anna, origin="workflow", origin_id=7) for _ in range(2))
    work(NOON)

    code, counts, details = verified()

    assert (code, counts) == (1, CLEAN | {"doubled": 1})
    assert details["doubled"] == [f"messages {first.pk}, {second.pk}: the same reader got the same workflow row twice"]


def test_failed_without_having_been_handed_over_is_lost(anna: Contact, plan: Plan) -> None:
    untried, unwritable, refused = plan(anna), plan(anna, body="{{ 'x' | date: 1, 2, 3 }}"), plan(anna)
    deadly = plan(anna)
    OutboundMessage.objects.filter(pk=deadly.pk).update(attempts=5)
    OutboundMessage.objects.filter(pk=untried.pk).update(state="failed", reason="It was taken for broken.")
    work(NOON)
    OutboundMessage.objects.filter(pk=refused.pk).update(state="failed")

    code, counts, details = verified()

    assert {state_of(unwritable), state_of(deadly)} == {"failed"}
    assert [row.id for row in repairs.FAILED.find(9) if row.id == deadly.pk]  # where a person looks
    assert OutboundMessage.objects.needing_eyes().filter(pk=deadly.pk, guard="deadly").exists()
    assert (code, counts) == (1, CLEAN | {"lost": 1})
    assert details["lost"][0].startswith(f"message {untried.pk}: failed without ever being handed over: It was taken")


@pytest.mark.parametrize(
    ("story", "doubled"),
    [
        ("sending retry sending sent", 0), ("sending failed requeued sending sent", 0), ("sending uncertain sent", 0),
        ("sending uncertain settled", 0), ("sending uncertain requeued sending sent", 1),
        ("sending uncertain requeued sending", 1), ("sending uncertain retry sending sent", 0),
    ],
)  # fmt: skip
def test_handed_over_twice_is_doubled(anna: Contact, plan: Plan, story: str, doubled: int) -> None:
    message = plan(anna, due_at=NOON)
    for verdict in story.split():
        message.decisions.create(verdict=verdict, reason="so", at=NOON)

    code, counts, details = verified()

    assert (code, counts) == (doubled, CLEAN | {"doubled": doubled})
    assert details["doubled"] == [f"message {message.pk}: handed over 2 times"] * doubled


@pytest.mark.parametrize(
    "scope", ["origin:welcome", "", "everything", "channel:sms", "sender:", "contact:anna", "contact:0"]
)
def test_a_switch_that_would_stop_nothing_is_refused(scope: str) -> None:
    with pytest.raises(ValueError, match="is no switch"):
        policy.throw(scope, "so", NOON)
    assert not Switch.objects.exists()


def test_sent_after_its_last_moment_is_late(anna: Contact, plan: Plan) -> None:
    message = plan(anna, expires_at=NOON + timedelta(days=1))
    work(NOON)
    OutboundMessage.objects.filter(pk=message.pk).update(sending_at=NOON + timedelta(days=1, microseconds=1))

    assert verified()[:2] == (1, CLEAN | {"late": 1})


def test_uncertain_is_listed_and_is_no_failure(anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    OutboundMessage.objects.update(state="uncertain", reason="No answer.")

    code, counts, details = verified()

    assert (code, counts) == (0, CLEAN | {"uncertain": 1})
    assert details["uncertain"] == [f"message {message.pk}: No answer."]


def test_other_rooms_add_what_their_tables_know() -> None:
    def check(now: datetime) -> Mapping[str, Sequence[str]]:
        return {"lost": [f"step run 5 has no message at {now:%H:%M}"]}

    with slots.journal_checks.temporarily("test", check):
        code, counts, details = verified()

    assert (code, counts["lost"], details["lost"]) == (1, 1, ["step run 5 has no message at 12:00"])


def test_what_is_parked_is_a_figure_of_its_own() -> None:
    with slots.journal_checks.temporarily("test", lambda now: {"parked": ["enrollment 5 is parked: KeyError: plan"]}):
        assert verified()[:2] == (1, CLEAN | {"parked": 1})


@pytest.mark.parametrize(("many", "more"), [(20, []), (21, ["  … and 1 more"]), (65, ["  … and 45 more"])])
def test_people_read_few_lines_of_a_kind(many: int, more: list[str]) -> None:
    lines = [f"fact {number} is parked: one\n  two {'x' * 500}" for number in range(many)]
    out = io.StringIO()
    with slots.journal_checks.temporarily("test", lambda now: {"parked": lines}), pytest.raises(SystemExit):
        call_command("verify_journal", stdout=out)

    said = out.getvalue().splitlines()
    assert said[:4] == ["lost: 0", "doubled: 0", "late: 0", f"parked: {many}"]
    assert said[-1] == "uncertain: 0"
    assert said[4].startswith("  fact 0 is parked: one two xxx")
    assert {len(line) for line in said[4:24]} == {162}
    assert said[24:-1] == more


def test_where_only_ticks_work_the_last_tick_is_now(anna: Contact, plan: Plan) -> None:
    plan(anna, due_at=NOON - timedelta(days=1))
    Pulse.objects.create(name="tick", ran_at=NOON - timedelta(days=2))
    assert verified()[0] == 0

    Pulse.objects.create(name="outbox", ran_at=NOON)
    assert verified()[0] == 1
