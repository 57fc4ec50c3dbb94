"""Deals elsewhere: filters, fields of customers, search, Today, being told, many at once, merges and erasure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.duplicates.merging.joining import merge
from crm.history.actions import act, undo
from crm.history.bulk.acting import act_on
from crm.history.models import Act
from crm.home.reasons import finder
from crm.outbox.models import Notification
from crm.pipelines import searching
from crm.pipelines.actions import plans, stuck
from crm.pipelines.actions.editing import change
from crm.pipelines.actions.linking import link_contact
from crm.pipelines.actions.moving import move
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.actions.winning import Booked, win
from crm.pipelines.models import Deal, DealChange, DealContact, KeyAccountPlan, Stage
from crm.privacy.erasing import erase
from crm.segments.filters import parse
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def asked(field: str, op: str, value: Any, subject: str = "deal", now: Any = NOON) -> list[str]:
    model: Any = Deal if subject == "deal" else Account
    rows = parse({"field": field, "op": op, "value": value}, subject).apply(model.objects.all(), now)
    return sorted(str(row) for row in rows)


def test_filters_ask_deals_and_customers_of_their_deals(deal, sales, mira):
    Stage.objects.filter(pk=sales.talk.pk).update(expected_days=7, probability=25)
    kelp = factories.account("Kelp", industry="Sea")
    deal("small", account=kelp, amount=Decimal(100))
    deal("large", account=kelp, stage=sales.demo)
    won = deal("won", account=factories.account("Tang"))
    win(won.pk, Booked("Pro", Decimal(1), date(2026, 6, 1)), mira, NOON + DAY)
    assert asked("value", ">", 100) == ["large", "won"]
    assert asked("weighted", "=", 25) == ["small"]
    assert asked("open", "is", True) == ["large", "small"]
    assert asked("stage", "is", "Demo") == ["large"]
    assert asked("contract", "is", "expected") == ["won"]
    assert asked("account.industry", "is", "Sea") == ["large", "small"]
    assert asked("stuck", "is", True, now=NOON + 7 * DAY) == ["small"]
    assert asked("stuck", "is", True, now=NOON + 7 * DAY - timedelta(microseconds=1)) == []
    assert asked("days_in_stage", "=", 3, now=NOON + 4 * DAY) == ["won"]
    assert asked("deals_open", "=", 2, "account") == ["Kelp"]
    assert asked("deals_open", "=", 0, "account") == ["Tang"]
    assert asked("deals_value", ">=", 1300, "account") == ["Kelp"]
    assert asked("deal_won_at", "is_set", None, "account") == ["Tang"]


def test_the_search_finds_open_ones_first(deal, sales, mira, olaf):
    lost = deal("Export of kelp", account=factories.account("Tang", owner=mira))
    deal("Kelp, once more")
    Deal.objects.filter(pk=lost.pk).update(outcome="won", closed_at=NOON)
    assert [one.title for one in searching.find(mira, "kelp", 5)] == ["Kelp, once more", "Export of kelp"]
    assert [one.title for one in searching.find(olaf, "kelp", 5)] == ["Kelp, once more"]
    assert searching.find(mira, "ke", 5) == []


def test_who_has_a_stuck_deal_is_told_once_and_sees_it_today(deal, sales, mira, sam):
    Stage.objects.filter(pk=sales.talk.pk).update(expected_days=7)
    account = factories.account("Kelp", owner=mira)
    row = deal("Kelp: Pro", account=account, expected_on=date(2026, 6, 20))
    other = deal("Kelp: Seats", account=account, owner_id=sam.pk)
    late = NOON + 7 * DAY
    assert stuck.next_due(NOON) == late
    assert stuck.work(late - timedelta(microseconds=1)) == 0
    assert stuck.work(late) == 2
    assert stuck.work(late) == 0
    told = Notification.objects.filter(kind="deal.stuck").order_by("user")
    assert [(one.user, one.text) for one in told] == [
        (mira, "Kelp: Pro is stuck in Talk"), (sam, "Kelp: Seats is stuck in Talk"),
    ]  # fmt: skip
    assert TimelineEntry.objects.filter(kind="deal.stuck").count() == 2
    # Moved on and put back, it is in the same stay: nobody is told again.
    undo(move(other.pk, sales.demo.pk, None, mira, late).act, mira, late)
    assert stuck.work(late + DAY) == 1
    assert TimelineEntry.objects.filter(kind="deal.stuck").count() == 2
    (today,) = finder("deal stuck")(mira, late, 5)
    assert not list(finder("deal")(mira, late, 5))
    assert today == (account.pk, "Deal stuck in Talk for 7 days: Kelp: Pro", 0.4, "Move it on")
    (today,) = finder("deal")(mira, NOON + 20 * DAY, 5)
    assert not list(finder("deal stuck")(mira, NOON + 20 * DAY, 5))
    assert today[1] == "Deal expected 1 day ago: Kelp: Pro"
    assert row.outcome == "open"


def test_many_move_at_once_but_those_the_gate_keeps_and_back(deal, sales, mira):
    Stage.objects.filter(pk=sales.demo.pk).update(required=["source"])
    rows = [deal(name, source="Fair" if name != "b" else "") for name in "abc"]
    with act("bulk.stage", "moved deals", mira, NOON) as deed:
        assert act_on("deal.stage", [row.pk for row in rows], {"stage": [str(sales.demo.pk)]}, mira, NOON) == 2
    assert (board(sales.demo), board(sales.talk)) == (["a", "c"], ["b"])
    assert TimelineEntry.objects.filter(kind="deal.stage").count() == 2
    undo(deed, mira, NOON)
    assert sorted(board(sales.talk)) == ["a", "b", "c"]
    assert_whole()


def test_whom_a_deal_is_given_is_told(deal, sales, mira, sam):
    row = deal()
    change(row.pk, {"owner": sam}, mira, NOON)
    assert Notification.objects.get().user == sam
    assert change(row.pk, {"owner": sam}, mira, NOON)[1] is None
    sam.is_active = False
    sam.save()
    with pytest.raises(DealError, match="no active sign-in"):
        change(deal().pk, {"owner": sam}, mira, NOON)


def test_merged_customers_keep_deals_people_and_one_plan_and_part_again(deal, sales, mira, ada):
    keeper, loser = factories.account("Kelp & Co"), factories.account("Kelp")
    people = [factories.contact(of) for of in (keeper, loser)]
    row = deal(account=loser)
    link_contact(row.pk, people[1].pk, True, mira, NOON)
    for account in (keeper, loser):
        plans.write_plan(account.pk, {"goal": f"Goal of {account}"}, mira, NOON)
    merge("contact", people[0].pk, people[1].pk, {}, ada, NOON)
    merge("account", keeper.pk, loser.pk, {}, ada, NOON)
    row.refresh_from_db()
    assert (row.account, row.people.get().contact) == (keeper, people[0])
    assert KeyAccountPlan.objects.get().goal == "Goal of Kelp & Co"
    for deed in Act.objects.filter(kind__in=("account.merged", "contact.merged")).order_by("-pk"):
        assert not undo(deed, ada, NOON).kept
    row.refresh_from_db()
    assert (row.account, row.people.get().contact) == (loser, people[1])
    assert KeyAccountPlan.objects.get(account=loser).goal == "Goal of Kelp"


def test_an_erased_person_is_named_by_no_deal(deal, sales, mira, ada):
    account = factories.account("Kelp")
    sofia = factories.contact(account, first_name="Sofia", last_name="Lindqvist")
    row = deal("Seats for Sofia Lindqvist", account=account, contact_ids=(sofia.pk,))
    change(row.pk, {"title": "Seats", "next_step": "Call Sofia Lindqvist"}, mira, NOON)
    plans.write_plan(account.pk, {"goal": "Sofia Lindqvist wants more"}, mira, NOON)
    erase(sofia.pk, ada, NOON)
    row.refresh_from_db()
    assert (row.next_step, DealContact.objects.exists()) == ("Call Erased person", False)
    assert KeyAccountPlan.objects.get().goal == "Erased person wants more"
    assert not DealChange.objects.filter(title__contains="Sofia").exists()


def test_a_key_account_plan_is_written_changed_and_dropped(mira):
    account = factories.account("Kelp")
    row, begun = plans.write_plan(account.pk, {"goal": "Pro", "mrr_aimed": Decimal(300)}, mira, NOON)
    assert plans.write_plan(account.pk, {"goal": "Pro"}, mira, NOON)[1] is None
    _, changed = plans.write_plan(account.pk, {"goal": "Enterprise"}, mira, NOON)
    undo(changed, mira, NOON)
    row.refresh_from_db()
    assert row.goal == "Pro"
    dropped = plans.drop_plan(account.pk, mira, NOON)
    undo(dropped, mira, NOON)
    assert KeyAccountPlan.objects.get().mrr_aimed == 300
    assert undo(begun, mira, NOON).kept[0].because == "somebody has changed it since"
