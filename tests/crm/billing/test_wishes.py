"""What is decided here about a contract that Stripe bills reaches it once, and no report takes it back meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.billing.actions import wishing
from crm.billing.models import BillingWish
from crm.billing.repairing import UNCERTAIN
from crm.billing.stripe import looking, turns
from crm.billing.stripe import wishing as stripe_wishing
from crm.history.actions import undo
from crm.ledger.actions import changing, leaving
from crm.ledger.actions.days import midnight
from crm.ledger.models import CancelReason, Contract
from crm.outbox.models import OutboundMessage
from crm.slots import deciding
from crm.todos.models import Task
from tests.conftest import NOON
from tests.crm.billing.objects import at, deliver, event, subscription
from tests.crm.billing.server import Stripe

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = date(2026, 6, 10)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def contract(server: Stripe, known: Account) -> Contract:
    server.subscriptions["sub_1"] = subscription()
    deliver(event("customer.subscription.created", subscription(), at("2026-05-10")))
    return Contract.objects.get()


def asked(*, themselves: bool = True) -> leaving.Asked:
    return leaving.Asked(CancelReason.objects.get_or_create(name="Too expensive")[0], themselves=themselves)


def cancel(contract: Contract, on: date = ENDS) -> Any:
    return leaving.cancel(contract, asked(), on, None, NOON)


def wish() -> BillingWish:
    return BillingWish.objects.latest("pk")


def terms(contract: Contract) -> list[tuple[date, date | None, Decimal]]:
    return list(contract.terms.order_by("starts_on").values_list("starts_on", "ends_on", "mrr"))


def old_state(day: str = "2026-06-01", hour: int = 13, **more: Any) -> None:
    """Stripe reports something else, and what was before with it."""
    item = {**subscription(), "metadata": {"plan": "Team plus"}} | more
    deliver(event("customer.subscription.updated", item, at(day, hour), key=f"evt_{day}_{hour}"))


def test_a_cancellation_reaches_stripe_once_and_the_customer_hears_of_it(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    assert deciding.billed(contract.pk) == deciding.Billed("end", "asked", True)
    assert not OutboundMessage.objects.filter(origin="billing-wish").exists()
    assert stripe_wishing.work(NOON) == 1
    assert stripe_wishing.work(NOON) == 0

    assert server.told == [{"cancel_at_period_end": "true", "expand[0]": "discounts"}]
    assert (wish().state, deciding.billed(contract.pk)) == ("done", deciding.Billed("end", "done", True))
    mail = OutboundMessage.objects.get(origin="billing-wish")
    assert "nothing is charged from" in mail.facts["what"]
    assert not Task.objects.exists()
    contract.refresh_from_db()
    assert (contract.auto_renew, contract.status) == (False, "paid")


def test_a_day_that_is_not_the_periods_end_is_named(server: Stripe, contract: Contract) -> None:
    cancel(contract, date(2026, 6, 8))
    stripe_wishing.work(NOON)
    assert int(server.told[0]["cancel_at"]) == int(midnight(date(2026, 6, 8)).timestamp())
    assert wish().state == "done"
    assert terms(contract)[-1][1] == date(2026, 6, 8)


def test_one_that_ends_today_leaves_after_a_while_in_which_it_can_be_undone(server: Stripe, contract: Contract) -> None:
    cancel(contract, NOON.date())
    assert stripe_wishing.work(NOON + wishing.GRACE - timedelta(seconds=1)) == 0
    assert server.subscriptions["sub_1"]["status"] == "active"
    assert stripe_wishing.work(NOON + wishing.GRACE) == 1
    assert (server.subscriptions["sub_1"]["status"], wish().state) == ("canceled", "done")


def test_a_pause_and_its_end(server: Stripe, contract: Contract) -> None:
    leaving.save_by_pause(contract, asked(), None, NOON)
    stripe_wishing.work(NOON)
    assert server.subscriptions["sub_1"]["pause_collection"]["behavior"] == "void"
    changing.resume(Contract.objects.get(), None, NOON + MINUTE)
    stripe_wishing.work(NOON + MINUTE)
    assert server.subscriptions["sub_1"]["pause_collection"] is None
    assert list(BillingWish.objects.values_list("what", "state").order_by("pk")) == [
        ("pause", "done"), ("go_on", "done")
    ]  # fmt: skip
    assert Contract.objects.get().status == "paid"


def test_a_discount_stands_beside_others_and_goes_with_its_undo(server: Stripe, contract: Contract) -> None:
    other = {"id": "di_other", "coupon": {"id": "spring", "percent_off": 0.0, "duration": "forever"}}
    server.subscriptions["sub_1"]["discounts"] = [other]
    done = leaving.save_by_discount(contract, asked(), leaving.Discount(20, 3), None, NOON)
    first = wish()
    stripe_wishing.work(NOON)
    assert [one["id"] for one in server.subscriptions["sub_1"]["discounts"]] == [
        "di_other", f"di_holdfast-wish-{first.pk}"
    ]  # fmt: skip
    assert server.coupons[f"holdfast-wish-{first.pk}"]["percent_off"] == 20
    assert (BillingWish.objects.get().state, terms(contract)[-1][2]) == ("done", Decimal("24.00"))

    old_state(discounts=["di_other", f"di_holdfast-wish-{first.pk}"])  # webhooks name discounts, and say none
    assert Contract.objects.get().plan == "Team plus"
    assert terms(contract)[-1][2] == Decimal("24.00")

    undo(done, None, NOON + MINUTE)
    stripe_wishing.work(NOON + MINUTE)
    assert [one["id"] for one in server.subscriptions["sub_1"]["discounts"]] == ["di_other"]
    assert (wish().what, wish().state, wish().takes_back) == ("full", "done", first)


# What billing says meanwhile ------------------------------------------------------------------------------------------


def test_reports_of_the_old_state_take_nothing_back_and_the_one_that_confirms_closes_it(
    server: Stripe, contract: Contract
) -> None:
    cancel(contract)
    old_state()
    contract.refresh_from_db()
    assert (contract.plan, contract.auto_renew, wish().state) == ("Team plus", False, "waiting")
    assert terms(contract) == [(date(2026, 5, 10), ENDS, Decimal("30.00"))]

    old_state(hour=14, cancel_at_period_end=True)  # the webhook before we asked, or before its answer
    assert wish().state == "done"
    assert stripe_wishing.work(NOON) == 0
    assert server.told == []


def test_the_next_period_that_stripe_begins_all_the_same_brings_no_term_back(contract: Contract) -> None:
    cancel(contract)
    goes_on = {"current_period_start": at("2026-06-10"), "current_period_end": at("2026-07-10")}
    old_state("2026-06-10", **goes_on)
    assert terms(contract) == [(date(2026, 5, 10), ENDS, Decimal("30.00"))]


def test_a_pause_holds_and_a_confirming_webhook_before_the_answer_is_enough(server: Stripe, contract: Contract) -> None:
    leaving.save_by_pause(contract, asked(), None, NOON)
    old_state()
    assert Contract.objects.get().status == "paused"
    _, one = turns.claim(stripe_wishing.ERRAND, NOON)
    assert one
    outcome = stripe_wishing.ERRAND.ask(one, NOON)
    old_state(hour=14, pause_collection={"behavior": "void"})
    assert wish().state == "done"
    turns.note(stripe_wishing.ERRAND, one, outcome, NOON)
    assert (wish().state, len(server.told)) == ("done", 1)
    assert OutboundMessage.objects.filter(origin="billing-wish").count() == 1


def test_what_was_said_before_the_decision_confirms_nothing(server: Stripe, contract: Contract) -> None:
    leaving.save_by_pause(contract, asked(), None, NOON)
    stripe_wishing.work(NOON)
    changing.resume(Contract.objects.get(), None, NOON + timedelta(hours=2))
    old_state(hour=13, pause_collection={"behavior": "void"})
    assert (wish().what, wish().state, Contract.objects.get().status) == ("go_on", "waiting", "paid")


# Who dies, who refuses, who is silent ---------------------------------------------------------------------------------


def test_killed_between_asking_and_noting_another_finds_it_done(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    _, one = turns.claim(stripe_wishing.ERRAND, NOON)
    assert one
    stripe_wishing.ERRAND.ask(one, NOON)  # and then nothing is noted
    assert stripe_wishing.work(NOON + turns.LEASE - timedelta(seconds=1)) == 0
    assert stripe_wishing.work(NOON + turns.LEASE) == 1
    assert (wish().state, wish().claims, len(server.told)) == ("done", 2, 1)


def test_who_gets_no_answer_looks_before_asking_again(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    server.silent = 1
    stripe_wishing.work(NOON)
    assert wish().state == "waiting"
    assert stripe_wishing.work(NOON + 2 * MINUTE) == 1
    assert (wish().state, len(server.told)) == ("done", 1)


def test_what_stripe_refuses_for_good_becomes_a_task(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    server.answers = [(200, subscription()), (400, {"error": {"message": "It is managed by a schedule."}})]
    stripe_wishing.work(NOON)
    task = Task.objects.get()
    assert (wish().state, task.title) == ("told", "Tell billing what Acme decided")
    assert "10 Jun 2026" in task.body
    assert "It is managed by a schedule." in task.body
    assert deciding.billed(contract.pk) == deciding.Billed("end", "person", True)
    assert stripe_wishing.work(NOON + timedelta(days=1)) == 0
    old_state()
    contract.refresh_from_db()
    assert not contract.auto_renew


def test_a_subscription_that_stripe_does_not_know_becomes_a_task(server: Stripe, contract: Contract) -> None:
    server.subscriptions.clear()
    cancel(contract)
    stripe_wishing.work(NOON)
    assert (wish().state, wish().code, Task.objects.count()) == ("told", "resource_missing", 1)


def test_without_a_key_a_person_is_asked_at_once(server: Stripe, contract: Contract, settings: Any) -> None:
    settings.STRIPE_API_KEY = ""
    cancel(contract)
    assert (wish().state, Task.objects.count()) == ("told", 1)


def test_uncertain_ones_are_listed_and_settled_by_the_daily_look(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    server.silent = 9
    stripe_wishing.work(NOON)
    BillingWish.objects.update(state="sending", due_at=NOON)
    late = NOON + turns.KEY_HOLDS + timedelta(seconds=1)
    stripe_wishing.work(late)
    assert wish().state == "uncertain"
    assert [row.about for row in UNCERTAIN.find(5)] == ["Acme"]

    server.silent = 0
    server.lists["/v1/subscriptions"] = [server.subscriptions["sub_1"]]
    while looking.work(late):
        pass
    assert wish().state == "done"
    assert list(UNCERTAIN.find(5)) == []


@pytest.mark.parametrize(("verb", "state"), [("again", "done"), ("person", "told"), ("believe", "given_up")])
def test_what_a_person_decides_about_an_uncertain_one(
    server: Stripe, contract: Contract, verb: str, state: str
) -> None:
    cancel(contract)
    BillingWish.objects.update(state="uncertain")
    assert UNCERTAIN.verbs[verb].run([wish().pk], "", None, NOON) == [wish().pk]
    assert UNCERTAIN.verbs["believe"].run([wish().pk], "", None, NOON) == []
    stripe_wishing.work(NOON)
    assert wish().state == state
    if verb != "again":
        old_state()
    contract.refresh_from_db()
    assert contract.auto_renew == (verb == "believe")


# Taken back -----------------------------------------------------------------------------------------------------------


def test_undone_before_it_left_stripe_is_asked_nothing(server: Stripe, contract: Contract) -> None:
    done = cancel(contract)
    undo(done, None, NOON)
    assert stripe_wishing.work(NOON) == 0
    assert (server.told, wish().what, wish().state) == ([], "end", "cancelled")
    assert deciding.billed(contract.pk) is None

    undo(done.__class__.objects.latest("pk"), None, NOON + MINUTE)  # done once more
    stripe_wishing.work(NOON + MINUTE)
    assert (len(server.told), BillingWish.objects.get().state) == (1, "done")


def test_undone_after_it_left_stripe_is_asked_to_go_on(server: Stripe, contract: Contract) -> None:
    done = cancel(contract)
    stripe_wishing.work(NOON)
    undo(done, None, NOON + MINUTE)
    old_state("2026-06-01", 13, cancel_at_period_end=True)
    contract.refresh_from_db()
    assert contract.auto_renew
    stripe_wishing.work(NOON + MINUTE)
    assert server.told[-1] == {"cancel_at_period_end": "false", "expand[0]": "discounts"}
    assert (wish().what, wish().state) == ("stay", "done")


def test_undone_while_it_is_being_asked_goes_behind_it(server: Stripe, contract: Contract) -> None:
    done = cancel(contract)
    _, one = turns.claim(stripe_wishing.ERRAND, NOON)
    assert one
    undo(done, None, NOON)
    assert stripe_wishing.work(NOON) == 0  # what was decided first is asked first
    turns.note(stripe_wishing.ERRAND, one, stripe_wishing.ERRAND.ask(one, NOON), NOON)
    assert stripe_wishing.work(NOON) == 1
    assert server.subscriptions["sub_1"]["cancel_at_period_end"] is False


def test_a_notice_withdrawn_is_told_like_an_undo(server: Stripe, contract: Contract) -> None:
    cancel(contract)
    stripe_wishing.work(NOON)
    leaving.reinstate(Contract.objects.get(), None, NOON + MINUTE)
    stripe_wishing.work(NOON + MINUTE)
    assert server.subscriptions["sub_1"]["cancel_at_period_end"] is False


def test_what_is_only_looked_at_beforehand_wishes_nothing(contract: Contract) -> None:
    changing.effect(lambda: cancel(contract), contract.account_id, ENDS)
    assert not BillingWish.objects.exists()


# Who can only be told by a person -------------------------------------------------------------------------------------


def test_what_another_system_bills_is_told_by_a_person_and_its_report_closes_it(acme: Account) -> None:
    from tests import factories

    row = factories.contract(acme, date(2026, 1, 1), ends_on=date(2027, 1, 1))
    Contract.objects.filter(pk=row.pk).update(external_id="c-7")
    done = leaving.save_by_pause(row, asked(themselves=False), None, NOON)
    task = Task.objects.get()
    assert (wish().state, task.title) == ("told", "Tell billing what was decided about Acme")
    undo(done, None, NOON)
    assert (wish().state, Task.objects.exists()) == ("cancelled", False)


def test_one_that_was_written_down_here_wishes_nothing(acme: Account) -> None:
    from tests import factories

    row = factories.contract(acme, date(2026, 1, 1))
    Contract.objects.filter(pk=row.pk).update(external_id=None)
    changing.pause(row, None, NOON)
    assert not BillingWish.objects.exists()
    assert not Task.objects.exists()
