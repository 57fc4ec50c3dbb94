"""One of two: what stays, what moves, and that nothing is lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm.accounts.models import Account, Alias, Contact
from crm.duplicates import merging
from crm.duplicates.models import AccountPair, Merge
from crm.history.actions import undo
from crm.ledger.models import Contract
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage, Suppression, Switch
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from retention.usage.models import UsageDay
from retention.workflows.actions import enable
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp & Co", domain="kelp.example", owner=mira, tags=["pilot"], external_id="k-1")


@pytest.fixture
def twin(mira: User) -> Account:
    return factories.account("Kelp Ltd", country="DE", tags=["north", "pilot"], external_id="k-2")


def merge(keeper: Any, loser: Any, by: User, **chosen: str) -> Merge:
    subject = "account" if isinstance(keeper, Account) else "contact"
    return merging.merge(subject, keeper.pk, loser.pk, chosen, by, NOON)


def hang_on(account: Account) -> Contact:
    """One of everything."""
    person = factories.contact(account)
    factories.contract(account, date(2026, 1, 1), date(2027, 1, 1), mrr=100)
    record(Fact(account.pk, "note.written", "They asked for an export", contact_id=person.pk), now=NOON)
    Task.objects.create(title="Call", account=account, contact=person, due_at=NOON)
    UsageDay.objects.create(account=account, contact=person, feature="exports", day=date(2026, 5, 1), count=3)
    draft = Draft(key=f"mail-{account.pk}", category="service", template_id=template("Hello", "Hello"),
                  due_at=LATER, account_id=account.pk, contact_id=person.pk)  # fmt: skip
    enqueue([draft], now=NOON)
    return person


def test_all_that_hangs_on_one_hangs_on_the_other(kelp, twin, mira):
    person = hang_on(twin)
    merge(kelp, twin, mira)
    assert not Account.objects.filter(pk=twin.pk).exists()
    assert set(Contact.objects.filter(account=kelp)) == {person}
    for model in (Contract, Task, UsageDay, OutboundMessage):
        assert [row.account_id for row in model.objects.all()] == [kelp.pk]  # type: ignore[attr-defined]
    kinds = TimelineEntry.objects.filter(account=kelp).values_list("kind", flat=True)
    assert set(kinds) == {"note.written", "account.merged"}


def test_the_ledger_counts_what_both_have(kelp, twin, mira):
    factories.contract(kelp, date(2026, 1, 1), mrr=50)
    factories.contract(twin, date(2026, 3, 1), mrr=100)
    merge(kelp, twin, mira)
    kelp.refresh_from_db()
    assert (kelp.mrr, kelp.lifecycle, kelp.customer_since) == (150, "customer", date(2026, 1, 1))


def test_filled_beats_blank_and_lists_keep_both(kelp, twin, mira):
    merge(kelp, twin, mira)
    kelp.refresh_from_db()
    assert (kelp.name, kelp.domain, kelp.country, kelp.owner) == ("Kelp & Co", "kelp.example", "DE", mira)
    assert kelp.tags == ["pilot", "north"]
    assert kelp.external_id == "k-1"


def test_the_newer_record_says_it_but_not_what_the_keeper_is_called(kelp, twin, mira):
    Account.objects.filter(pk=twin.pk).update(updated_at=LATER, industry="Food")
    Account.objects.filter(pk=kelp.pk).update(industry="Fish")
    asked = merging.preview("account", Account.objects.get(pk=kelp.pk), Account.objects.get(pk=twin.pk)).choices
    assert {choice.name: choice.chosen for choice in asked} == {"name": "keeper", "industry": "loser"}
    merge(kelp, twin, mira)
    kelp.refresh_from_db()
    assert (kelp.name, kelp.industry) == ("Kelp & Co", "Food")
    told = TimelineEntry.objects.get(kind="account.merged")
    assert told.payload["note"] == "Not kept: Name: Kelp Ltd; Industry: Fish"


def test_somebody_chooses(kelp, twin, mira):
    Account.objects.filter(pk=kelp.pk).update(industry="Fish")
    Account.objects.filter(pk=twin.pk).update(industry="Food")
    merge(kelp, twin, mira, name="loser", industry="keeper")
    kelp.refresh_from_db()
    assert (kelp.name, kelp.industry) == ("Kelp Ltd", "Fish")


def test_a_preview_counts_and_changes_nothing(kelp, twin, django_assert_max_num_queries):
    hang_on(twin)
    with django_assert_max_num_queries(5):
        seen = merging.preview("account", kelp, twin)
    assert (1, "person") in seen.moves
    assert (1, "contract") in seen.moves
    assert (1, "mail") in seen.moves
    assert Account.objects.filter(pk=twin.pk).exists()


def test_what_the_loser_was_known_by_finds_the_keeper(kelp, twin, mira):
    merge(kelp, twin, mira)
    assert Alias.holder("account", "id", str(twin.pk)) == kelp.pk
    assert Alias.holder("account", "external_id", "k-2") == kelp.pk
    third = factories.account("Third")
    merge(third, kelp, mira)  # aliases go along
    assert Alias.holder("account", "id", str(twin.pk)) == third.pk
    assert Alias.holder("account", "external_id", "k-2") == third.pk
    third.refresh_from_db()
    assert third.external_id == "k-1"  # it had none of its own


def test_there_is_one_primary_contact(kelp, twin, mira):
    ours, theirs = factories.contact(kelp), factories.contact(twin)
    merge(kelp, twin, mira)
    assert list(Contact.objects.filter(account=kelp, is_primary=True)) == [ours]
    theirs.refresh_from_db()
    assert not theirs.is_primary


def test_days_that_both_used_are_added_up(kelp, twin, mira):
    for account, count in ((kelp, 3), (twin, 4)):
        UsageDay.objects.create(account=account, feature="exports", day=date(2026, 5, 1), count=count)
    made = merge(kelp, twin, mira)
    assert UsageDay.objects.get().count == 7
    undo(made.act, mira, LATER)
    assert set(UsageDay.objects.values_list("account", "count")) == {(kelp.pk, 3), (twin.pk, 4)}


def test_one_fact_enrolls_the_two_of_them_once(kelp, twin, mira):
    workflow = enable("renewal-reminder", NOON)
    rows = [
        Enrollment.objects.create(workflow=workflow, version_id=workflow.version_id, account=account,
                                  trigger_key="2026-03-01", step_id="x", due_at=LATER)
        for account in (kelp, twin)
    ]  # fmt: skip
    made = merge(kelp, twin, mira)
    states = dict(Enrollment.objects.filter(account=kelp).values_list("pk", "state"))
    assert states == {rows[0].pk: "active", rows[1].pk: "exited"}
    undo(made.act, mira, LATER)
    back = Enrollment.objects.get(account=twin)
    assert (back.state, back.trigger_key, back.ended_because) == ("active", "2026-03-01", "")


def test_who_is_not_the_one_is_not_the_other(kelp, twin, mira):
    third = factories.account("Kelp Holding")
    pair = {"first": twin, "second": third, "strength": 60, "signs": ["name"], "apart_at": NOON, "apart_by": mira}
    AccountPair.objects.create(**pair)
    AccountPair.objects.create(first=kelp, second=twin, strength=60, signs=["name"])
    made = merge(kelp, twin, mira)
    kept = AccountPair.objects.get()
    assert {kept.first_id, kept.second_id} == {kelp.pk, third.pk}
    assert kept.apart_at == NOON
    undo(made.act, mira, LATER)
    found = AccountPair.objects.values_list("first", "second", "apart_at").order_by("second")
    assert list(found) == [(kelp.pk, twin.pk, None), (twin.pk, third.pk, NOON)]


# People ---------------------------------------------------------------------------------------------------------------


def test_two_people_become_one(kelp, mira):
    anna = factories.contact(kelp, email="anna@kelp.example", title="")
    double = factories.contact(kelp, email="a.meyer@kelp.example", title="CFO", phone="+49 30 1234567")
    record(Fact(kelp.pk, "note.written", "Said hello", contact_id=double.pk), now=NOON)
    merge(anna, double, mira, email="keeper", first_name="keeper", last_name="keeper")
    anna.refresh_from_db()
    assert (anna.email, anna.title, anna.phone, anna.match_phone) == (
        "anna@kelp.example", "CFO", "+49 30 1234567", "+49301234567",
    )  # fmt: skip
    assert Alias.holder("contact", "email", "a.meyer@kelp.example") == anna.pk
    assert TimelineEntry.objects.get(kind="note.written").contact_id == anna.pk


@pytest.mark.parametrize(
    ("ours", "theirs", "kept"),
    [("yes", "no", "no"), ("no", "yes", "no"), ("yes", "", "yes"), ("", "yes", ""), ("", "no", "no")],
)
def test_a_refusal_of_either_holds(kelp, mira, ours, theirs, kept):
    anna, double = factories.contact(kelp, email_consent=ours), factories.contact(kelp, email_consent=theirs)
    merge(anna, double, mira, email="keeper")
    anna.refresh_from_db()
    assert anna.email_consent == kept


def test_stops_of_either_hold_and_go_with_the_undo(kelp, mira):
    anna, double = factories.contact(kelp), factories.contact(kelp)
    Suppression.objects.create(address=double.email, reason="complained")
    Switch.objects.create(scope=f"contact:{double.pk}", reason="asked for quiet")
    made = merge(anna, double, mira, email="keeper")
    assert Suppression.objects.get(address=anna.email).reason == f"Taken over from {double.email}: complained"
    assert Switch.objects.filter(scope=f"contact:{anna.pk}").exists()
    undo(made.act, mira, LATER)
    assert not Suppression.objects.filter(address=anna.email).exists()
    assert not Switch.objects.filter(scope=f"contact:{anna.pk}").exists()
    assert Suppression.objects.filter(address=double.email).exists()


# Refusals -------------------------------------------------------------------------------------------------------------


def test_nobody_merges_what_is_gone(kelp, twin, mira):
    merge(kelp, twin, mira)
    with pytest.raises(merging.Gone) as refused:
        merge(factories.account("Another"), twin, mira)
    assert refused.value.now_at == kelp.pk
    assert Merge.objects.count() == 1


def test_nobody_is_merged_with_themselves(kelp, mira):
    with pytest.raises(merging.NotPossible):
        merge(kelp, kelp, mira)
    assert not Merge.objects.exists()
