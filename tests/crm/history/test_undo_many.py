"""Acts on many rows: taken back in slices, by a worker, and beside others who are at work."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from crm.accounts.models import Account
from crm.history import rules, runs
from crm.history.actions import UndoError, act, begin_undo, undo
from crm.history.models import Act, Run, Waiting
from crm.history.undoing import Undone
from tests import factories
from tests.conftest import NOON
from tests.crm.history.deeds import change

pytestmark = pytest.mark.django_db


def test_many_rows_go_back_in_few_statements(mira, sam, monkeypatch, django_assert_max_num_queries):
    Account.objects.bulk_create(Account(name=f"Account {n}", owner=sam) for n in range(300))
    deed = change("x", mira, Account.objects.all(), owner=mira)
    with django_assert_max_num_queries(28):  # one of them asks whether billing was told
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
