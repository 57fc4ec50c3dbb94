"""The search among what has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.accounts.models import Account
from crm.duplicates import sweeping
from crm.duplicates.models import AccountPair, ContactPair, Sweep
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

TICK = timedelta(microseconds=1)


def pairs():
    return {(str(pair.first), str(pair.second), tuple(pair.signs)) for pair in AccountPair.objects.all()}


def test_pairs_are_found_once_with_their_reasons():
    factories.account("Kelp & Co", domain="kelp.example")
    factories.account("Kelp Ltd", domain="www.kelp.example")
    factories.account("Seaweed", country="DE")
    factories.account("Seaweeds", country="DE")
    factories.account("Seaweed", country="FR")  # the same name in another country and of no industry: nobody is asked
    assert sweeping.run(NOON) == 5
    expected = {("Kelp & Co", "Kelp Ltd", ("domain", "same_name")), ("Seaweed", "Seaweeds", ("name", "country"))}
    assert pairs() == expected
    sweeping.run(NOON + timedelta(days=1))
    assert pairs() == expected


def test_an_address_of_everybody_is_no_sign():
    factories.account("A", domain="gmail.com")
    factories.account("B", domain="gmail.com")
    sweeping.run(NOON)
    assert pairs() == set()


def test_a_pass_looks_only_at_what_has_changed(monkeypatch):
    old = [factories.account(updated_at=NOON - timedelta(days=9)) for _ in range(3)]
    assert sweeping.run(NOON) == 3
    due = NOON + sweeping.PASS_EVERY
    Account.objects.filter(pk=old[1].pk).update(updated_at=due)
    assert sweeping.run(due - TICK) == 0  # a moment too early
    looked: list[list[int]] = []
    monkeypatch.setattr(sweeping, "compare", lambda subject, ids, now, among_all: looked.append((ids, among_all)))
    assert sweeping.run(due) == 1
    assert looked == [([old[1].pk], False)]


@pytest.mark.parametrize("changed", ["first", "last"])
def test_one_that_changed_finds_whoever_stands_before_or_behind_it(changed):
    """A pass over all of them looks one way alone, and finds as much."""
    names = ("Seaweed Yacht", "Seaweed Yachts", "Bestrel Motors", "Kestrel Motors")
    accounts = {name: factories.account(name, country="DE", updated_at=NOON - timedelta(days=9)) for name in names}
    sweeping.run(NOON)
    expected = {
        ("Seaweed Yacht", "Seaweed Yachts", ("name", "country")),
        ("Bestrel Motors", "Kestrel Motors", ("name", "country")),
    }
    assert pairs() == expected
    AccountPair.objects.all().delete()
    later = NOON + timedelta(days=1)
    chosen = names[::2] if changed == "first" else names[1::2]
    Account.objects.filter(pk__in=[accounts[name].pk for name in chosen]).update(updated_at=later)
    assert sweeping.run(later) == 2
    assert pairs() == expected


def test_an_hour_of_what_was_seen_is_looked_at_again():
    """A transaction that began before a pass may commit after it."""
    sweeping.run(NOON)
    factories.account(updated_at=NOON - sweeping.LONGEST_TRANSACTION)
    factories.account(updated_at=NOON - sweeping.LONGEST_TRANSACTION - TICK)
    assert sweeping.run(NOON + sweeping.PASS_EVERY) == 1


def test_a_pass_goes_on_where_a_slice_ended(monkeypatch):
    monkeypatch.setattr(sweeping, "SLICE", 2)
    for _ in range(3):
        factories.account()
    assert [sweeping.run(NOON) for _ in range(3)] == [2, 1, 0]
    assert Sweep.objects.get(subject="account").began_at is None


def test_a_pair_that_is_none_any_more_goes_and_one_taken_apart_stays(mira):
    kelp, twin = factories.account("Kelp", domain="kelp.example"), factories.account("Weed", domain="kelp.example")
    factories.account("Third", domain="kelp.example")
    sweeping.run(NOON)
    assert AccountPair.objects.count() == 3
    AccountPair.objects.filter(first=kelp, second=twin).update(apart_at=NOON, apart_by=mira)
    later = NOON + timedelta(days=1)
    Account.objects.filter(pk=twin.pk).update(domain="weed.example", updated_at=later)
    sweeping.run(later)
    assert set(AccountPair.objects.values_list("first__name", "second__name")) == {("Kelp", "Weed"), ("Kelp", "Third")}
    Account.objects.filter(pk=twin.pk).update(domain="kelp.example", updated_at=later)
    sweeping.run(later + timedelta(days=1))
    assert AccountPair.objects.get(first=kelp, second=twin).apart_at == NOON  # nobody is asked again


def test_people_of_one_customer_or_with_one_number():
    kelp = factories.account("Kelp", country="DE")
    same = {"first_name": "Anna", "last_name": "Meyer"}
    factories.contact(kelp, **same)
    factories.contact(kelp, first_name="Anna", last_name="Meier")
    factories.contact(factories.account(country="DE"), phone="030 1234567", **same)
    factories.contact(factories.account(), phone="+49301234567", **same)
    factories.contact(factories.account(), phone="+49301234567", first_name="Bob", last_name="Brown")  # a shared line
    while sweeping.run(NOON):
        pass
    found = {tuple(pair.signs) for pair in ContactPair.objects.all()}
    assert found == {("name", "customer"), ("phone", "same_name")}
    assert ContactPair.objects.count() == 2


def test_names_that_differ_in_their_first_letters_are_found_among_many():
    for number in range(60):  # so many stand between the two
        factories.account(f"{chr(ord('C') + number % 8)}{number} Ltd")
    factories.account("Bestrel Motors", country="GB")
    factories.account("Kestrel Motors", country="GB")
    sweeping.run(NOON)
    assert ("Bestrel Motors", "Kestrel Motors", ("name", "country")) in pairs()
