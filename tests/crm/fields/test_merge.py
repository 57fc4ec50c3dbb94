"""Fields of two records that become one: whoever merges chooses, and the undo brings both back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crm.accounts.models import Account
from crm.duplicates import merging
from crm.fields.rules import Definition
from crm.history.actions import undo
from crm.privacy.erasing import erase
from crm.privacy.exporting import collect
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]


@pytest.fixture
def two(field: Field) -> tuple[Account, Account]:
    field("seats", "number")
    field("tier", "choice")
    field("uses", "choices")
    field("note")
    keeper = factories.account("Kelp & Co", custom={"seats": "1", "tier": "gold", "uses": ["gold"]})
    loser = factories.account("Kelp Ltd", custom={"seats": "2", "tier": "silver", "uses": ["silver"], "note": "old"})
    return keeper, loser


def test_who_merges_is_asked_for_each_field_that_differs(two: tuple[Account, Account]) -> None:
    asked = merging.preview("account", *two).choices
    assert [(one.name, one.label, one.keeper, one.loser, one.chosen) for one in asked if "custom" in one.name] == [
        ("custom.seats", "Seats", "1", "2", "keeper"),
        ("custom.tier", "Tier", "Gold", "Silver", "keeper"),
    ]


def test_what_is_chosen_stays_and_the_undo_brings_both_back(two: tuple[Account, Account], ada: User) -> None:
    keeper, loser = two
    before = [dict(row.custom) for row in two]
    made = merging.merge("account", keeper.pk, loser.pk, {"custom.tier": "loser"}, ada, NOON)
    keeper.refresh_from_db()
    assert keeper.custom == {"seats": "1", "tier": "silver", "uses": ["gold", "silver"], "note": "old"}
    note = TimelineEntry.objects.get(kind="account.merged").payload["note"]
    assert "Seats: 2" in note
    assert "Tier: Gold" in note

    Account.objects.filter(pk=keeper.pk).update(custom=keeper.custom | {"note": "new"})
    assert made.act
    kept = undo(made.act, ada, NOON + timedelta(days=1)).kept

    assert Account.objects.get(pk=keeper.pk).custom == before[0] | {"note": "new"}
    assert Account.objects.get(pk=loser.pk).custom == before[1]
    assert [(one.field, one.value) for one in kept] == [("Note", "new")]


def test_a_person_is_told_what_is_known_of_them(field: Field) -> None:
    field("shoe", "number", subject="contact", name="Shoe size")
    anna = factories.contact(custom={"shoe": "41"})
    assert collect(anna, NOON)["person"]["custom"] == {"Shoe size": "41"}


def test_who_is_erased_leaves_the_words_of_their_customer_and_no_key(field: Field, ada: User) -> None:
    field("zelda_note")
    field("tier", "choice", options=[{"code": "zelda", "label": "Zelda"}])
    kelp = factories.account(custom={"zelda_note": "Ask Zelda Quist", "tier": "zelda"})
    erase(factories.contact(kelp, first_name="Zelda", last_name="Quist").pk, ada, NOON)
    kelp.refresh_from_db()
    assert kelp.custom == {"zelda_note": "Ask Erased person", "tier": "zelda"}
