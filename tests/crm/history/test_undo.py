"""Taking an act back: field by field, whatever happened since, whoever else is at work."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm.accounts.models import Account, AccountChange, Contact
from crm.history import rules, runs
from crm.history.actions import UndoError, act, begin_undo, can_undo, undo
from crm.history.models import Act, Run, Waiting
from crm.history.undoing import Kept, Undone, undoers
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def change(kind, by, rows, at=NOON, **values):
    with act(kind, f"{kind} by {by}", by, at) as deed:
        rows.update(**values)
    return deed


def test_everything_goes_back(mira, sam):
    for n in range(3):
        factories.account(f"Kelp {n}", owner=sam, tags=["a", "b"], do_not_contact=n == 1)
    deed = change("x", mira, Account.objects.all(), owner=mira, tags=["c"], do_not_contact=True)
    assert undo(deed, mira, NOON) == Undone(3)
    assert set(Account.objects.values_list("owner", "do_not_contact")) == {(sam.pk, False), (sam.pk, True)}
    assert all(tags == ["a", "b"] for tags in Account.objects.values_list("tags", flat=True))
    assert Account.objects.first().updated_at == NOON


def test_a_field_that_somebody_changed_since_is_kept_and_named(mira, sam, ada):
    kelp = factories.account("Kelp", owner=sam, domain="kelp.example")
    deed = change("x", mira, Account.objects.all(), owner=mira, domain="new.example")
    change("y", ada, Account.objects.all(), NOON + timedelta(hours=1), domain="ada.example")
    undone = undo(deed, mira, NOON + timedelta(hours=2))
    kelp.refresh_from_db()
    assert (kelp.owner, kelp.domain) == (sam, "ada.example")
    assert undone == Undone(1, [
        Kept("Kelp", "domain", "ada.example", "Ada", NOON + timedelta(hours=1), "Ada edited it since",
             model="crm.Account", pk=kelp.pk)
    ])  # fmt: skip


def test_a_field_changed_and_changed_back_by_hand_is_kept(mira, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    change("y", ada, Account.objects.all(), domain="c.example")
    change("y", ada, Account.objects.all(), domain="b.example")
    assert [one.field for one in undo(deed, mira, NOON).kept] == ["domain"]
    assert Account.objects.get().domain == "b.example"


def test_what_was_undone_meanwhile_does_not_count_as_a_change(mira, ada):
    factories.account("Kelp", domain="a.example")
    first = change("x", mira, Account.objects.all(), domain="b.example")
    second = change("y", ada, Account.objects.all(), domain="c.example")
    undo(second, ada, NOON)
    assert undo(first, mira, NOON) == Undone(1)
    assert Account.objects.get().domain == "a.example"


def test_an_undo_can_be_undone_and_that_again(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    for expected in ("a.example", "b.example", "a.example", "b.example"):
        assert undo(deed, mira, NOON) == Undone(1)
        assert Account.objects.get().domain == expected
        deed = Act.objects.latest("pk")
    assert deed.turns == 4
    assert deed.label == "undid: x by Mira" or deed.label.startswith("did again")


def test_a_redo_counts_as_a_change_again(mira, ada):
    factories.account("Kelp", domain="a.example")
    first = change("x", mira, Account.objects.all(), domain="b.example")
    second = change("y", ada, Account.objects.all(), domain="c.example")
    undo(second, ada, NOON)
    undo(Act.objects.latest("pk"), ada, NOON)  # c.example again
    (kept,) = undo(first, mira, NOON).kept
    assert (kept.value, kept.by) == ("c.example", "Ada")


def test_several_changes_of_one_act_go_back_to_before_the_first(mira):
    factories.account("Kelp", domain="a.example")
    with act("x", "", mira, NOON) as deed:
        for domain in ("b.example", "c.example", "d.example"):
            Account.objects.update(domain=domain)
    assert undo(deed, mira, NOON).reverted == 1
    assert Account.objects.get().domain == "a.example"


def test_deleted_rows_come_back_with_their_ids_and_all_they_had(mira):
    kelp = factories.account("Kelp", owner=mira, mrr=500, last_seen_at=NOON, tags=["vip"])
    anna = factories.contact(kelp, email="anna@kelp.example", last_seen_at=NOON)
    before = (Account.objects.values().get(), Contact.objects.values().get())
    with act("account.deleted", "deleted Kelp", mira, NOON) as deed:
        kelp.delete()
    assert undo(deed, mira, NOON) == Undone(2)
    assert (Account.objects.values().get(), Contact.objects.values().get()) == before
    assert Contact.objects.get().pk == anna.pk


def test_changed_and_then_deleted_in_one_act(mira):
    kelp = factories.account("Kelp", domain="a.example")
    with act("x", "", mira, NOON) as deed:
        Account.objects.update(domain="b.example")
        Account.objects.all().delete()
    assert undo(deed, mira, NOON).kept == []
    assert Account.objects.get(pk=kelp.pk).domain == "a.example"


def test_a_row_that_somebody_deleted_since_is_named(mira, ada):
    kelp = factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    with act("account.deleted", "", ada, NOON + timedelta(hours=1)):
        Account.objects.all().delete()
    assert undo(deed, mira, NOON + timedelta(hours=2)) == Undone(0, [
        Kept("Kelp", "", None, "Ada", NOON + timedelta(hours=1), "Ada deleted it since", "crm.Account", kelp.pk)
    ])  # fmt: skip


def test_an_address_that_somebody_else_has_now_stays_there(mira):
    anna = factories.contact(email="anna@kelp.example", first_name="Anna", last_name="Lee", phone="1")
    deed = change("x", mira, Contact.objects.filter(pk=anna.pk), email=None, phone="2")
    other = factories.contact(email="anna@kelp.example")
    undone = undo(deed, mira, NOON)
    anna.refresh_from_db()
    assert (anna.email, anna.phone) == (None, "1")
    assert [(k.record, k.field, k.because) for k in undone.kept] == [
        ("Anna Lee", "e-mail", "another record has it now")
    ]
    assert Contact.objects.get(pk=other.pk).email == "anna@kelp.example"


def test_two_rows_that_gave_each_other_what_only_one_can_have(mira):
    """The primary contact: giving it back in the wrong order would break the rule that there is one."""
    kelp = factories.account("Kelp")
    anna, bert = factories.contact(kelp), factories.contact(kelp)
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anna.pk).update(is_primary=False)
        Contact.objects.filter(pk=bert.pk).update(is_primary=True)
    assert undo(deed, mira, NOON) == Undone(2)
    assert Contact.objects.get(is_primary=True) == anna


def test_what_a_deleted_row_had_is_given_up_before_it_comes_back(mira):
    """As a merge does it: the one that stays takes the address of the one that goes."""
    kelp = factories.account("Kelp")
    anna, anne = factories.contact(kelp, email=None), factories.contact(kelp, email="anne@kelp.example")
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anne.pk).delete()
        Contact.objects.filter(pk=anna.pk).update(email="anne@kelp.example")
    assert undo(deed, mira, NOON).kept == []
    assert Contact.objects.get(pk=anne.pk).email == "anne@kelp.example"
    assert Contact.objects.get(pk=anna.pk).email is None


def test_people_go_back_to_a_customer_that_comes_back(mira):
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    anna = factories.contact(kelp)
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anna.pk).update(account=ridge)
        Account.objects.filter(pk=kelp.pk).delete()
    assert undo(deed, mira, NOON).kept == []
    assert Contact.objects.get().account == kelp


def test_an_owner_who_is_gone_does_not_come_back(mira, make_user):
    leaver = make_user("Leaver")
    factories.account("Kelp", owner=leaver, domain="a.example")
    deed = change("x", mira, Account.objects.all(), owner=mira, domain="b.example")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_user WHERE id = %s", [leaver.pk])
    (kept,) = undo(deed, mira, NOON).kept
    assert (kept.field, kept.because) == ("owner", "what it pointed to is no longer there")
    assert Account.objects.values_list("owner", "domain").get() == (mira.pk, "a.example")


def test_only_whoever_did_it_or_an_admin(mira, sam, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    with pytest.raises(UndoError, match="Only the person who did this, or an admin"):
        undo(deed, sam, NOON)
    assert Account.objects.get().domain == "b.example"
    assert Act.objects.get().undone_at is None
    assert [can_undo(deed, who, NOON) for who in (mira, sam, ada)] == [True, False, True]
    mira.is_active = False
    assert not can_undo(deed, mira, NOON)
    undo(deed, ada, NOON)
    assert Account.objects.get().domain == "a.example"


def test_thirty_days_and_no_tick_longer(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    late = NOON + timedelta(days=rules.UNDO_DAYS)
    with pytest.raises(UndoError, match="more than 30 days ago"):
        undo(deed, mira, late)
    assert Account.objects.get().domain == "b.example"
    undo(deed, mira, late - timedelta(microseconds=1))
    assert Account.objects.get().domain == "a.example"


def test_nobody_undoes_it_twice(mira, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    undo(deed, mira, NOON)
    with pytest.raises(UndoError, match="Mira has undone this already"):
        undo(Act.objects.get(pk=deed.pk), ada, NOON)
    assert Act.objects.filter(kind="undo").count() == 1


def test_a_room_undoes_what_columns_cannot_tell(mira):
    kelp = factories.account("Kelp", domain="a.example")
    asked = []

    def undoer(deed, by, now):
        asked.append((deed.kind, by, Account.objects.get().domain))
        Account.objects.update(goal="back")
        return Undone(2, [Kept("Task", "", None, "", None, "it is done already")])

    deed = change("room.did", mira, Account.objects.all(), domain="b.example")
    with undoers.temporarily("room.did", undoer):
        undone = undo(deed, mira, NOON)
        undoing = Act.objects.latest("pk")
        with pytest.raises(UndoError, match="do it again"):
            undo(undoing, mira, NOON)
        with undoers.temporarily("redo.room.did", undoer):
            undo(undoing, mira, NOON)
    assert (undone.reverted, [one.record for one in undone.kept]) == (3, ["Task"])
    assert asked == [("room.did", mira, "a.example"), ("room.did", mira, "b.example")]
    assert AccountChange.objects.filter(act=undoing, pgh_obj=kelp.pk).count() == 2  # the domain, then the room's goal


def test_an_undoer_that_refuses_takes_everything_with_it(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("room.did", mira, Account.objects.all(), domain="b.example")

    def undoer(deed, by, now):
        raise UndoError("Not any more.")

    with undoers.temporarily("room.did", undoer), pytest.raises(UndoError, match="Not any more"):
        undo(deed, mira, NOON)
    assert Account.objects.get().domain == "b.example"
    assert Act.objects.get().undone_at is None


def test_many_rows_go_back_in_few_statements(mira, sam, monkeypatch, django_assert_max_num_queries):
    Account.objects.bulk_create(Account(name=f"Account {n}", owner=sam) for n in range(300))
    deed = change("x", mira, Account.objects.all(), owner=mira)
    with django_assert_max_num_queries(42):
        assert undo(deed, mira, NOON) == Undone(300)
    assert not Account.objects.exclude(owner=sam).exists()


def test_slices_and_one_go_do_the_same(mira, sam, ada, monkeypatch):
    monkeypatch.setattr(rules, "SLICE", 7)
    accounts = [factories.account(f"Account {n}", owner=sam) for n in range(25)]
    deed = change("x", mira, Account.objects.all(), owner=mira)
    change("y", ada, Account.objects.filter(pk__in=[a.pk for a in accounts[5:9]]), owner=None)
    undone = undo(deed, mira, NOON)
    assert undone.reverted == 21
    assert [one.pk for one in undone.kept] == [a.pk for a in accounts[5:9]]


def test_what_is_kept_is_named_up_to_a_limit_and_counted_beyond(mira, ada, monkeypatch):
    monkeypatch.setattr(rules, "NAMED", 3)
    Account.objects.bulk_create(Account(name=f"Account {n}") for n in range(10))
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    change("y", ada, Account.objects.all(), domain="c.example")
    undone = undo(deed, mira, NOON)
    assert (undone.reverted, len(undone.kept), undone.unnamed) == (0, 3, 7)


def test_an_act_on_many_rows_waits_for_a_worker(mira, monkeypatch):
    monkeypatch.setattr(rules, "AT_ONCE", 9)
    Account.objects.bulk_create(Account(name=f"Account {n}") for n in range(10))
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    undoing = begin_undo(deed, mira, NOON)
    assert undoing.run.total == 10
    assert set(Account.objects.values_list("domain", flat=True)) == {"b.example"}
    with pytest.raises(UndoError, match="still at work"):
        undo(undoing, mira, NOON)
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_somebody_who_edits_while_it_is_undone_is_waited_for_and_kept(mira, ada):
    kelp = factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    locked, results = threading.Event(), []

    def take_back():
        locked.wait(5)
        results.append(undo(deed, mira, NOON))
        connection.close()

    other = threading.Thread(target=take_back)
    other.start()
    with transaction.atomic(), act("edit.two", "", ada, NOON):
        Account.objects.filter(pk=kelp.pk).update(domain="ada.example")
        locked.set()
        other.join(0.4)  # it waits for our row
        assert results == []
    other.join(5)
    assert [one.value for one in results[0].kept] == ["ada.example"]
    assert Account.objects.get().domain == "ada.example"


@pytest.mark.django_db(transaction=True)
def test_two_people_undo_it_at_once_and_one_is_told(mira, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    start, results = threading.Barrier(2), []

    def take_back(who):
        start.wait()
        try:
            results.append(undo(Act.objects.get(pk=deed.pk), who, NOON))
        except UndoError as error:
            results.append(str(error))
        connection.close()

    both = [threading.Thread(target=take_back, args=[who]) for who in (mira, ada)]
    [one.start() for one in both]
    [one.join() for one in both]
    assert {type(result) for result in results} == {str, Undone}
    assert Account.objects.get().domain == "a.example"
    assert Act.objects.filter(kind="undo").count() == 1


def test_what_waits_for_the_others_makes_no_slice_dearer(mira, monkeypatch):
    monkeypatch.setattr(rules, "AT_ONCE", 5)
    monkeypatch.setattr(rules, "SLICE", 4)
    Account.objects.bulk_create(Account(name=f"Account {n}") for n in range(30))
    with act("account.deleted", "", mira, NOON) as deed:
        Account.objects.update(goal="x")
        Account.objects.all().delete()
    undoing = begin_undo(deed, mira, NOON)
    sizes = []
    while runs.work(NOON):
        sizes.append(len(str(Run.objects.get().place)))
    assert Run.objects.get().state == "done"
    assert (Account.objects.count(), Waiting.objects.count()) == (30, 0)
    assert max(sizes) < min(sizes) + 60, sizes
    assert undoing.run.act_id == undoing.pk
