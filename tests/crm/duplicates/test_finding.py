"""Who looks like what somebody is just writing."""

from __future__ import annotations

import pytest

from crm.accounts.matching.finding import like_account, like_contact
from tests import factories

pytestmark = pytest.mark.django_db


def names(matches):
    return [(str(match.record), match.signs) for match in matches]


def test_the_same_domain_is_the_same_customer(mira):
    factories.account("Kelp & Co", domain="www.kelp.example")
    factories.account("Gmail", domain="gmail.com")
    (match,) = like_account(mira, "Sea Weed", "https://kelp.example/about")
    assert (str(match.record), match.signs, match.strength) == ("Kelp & Co", ("domain",), 80)
    assert like_account(mira, "Somebody", "gmail.com") == []


def test_names_are_compared_without_legal_forms(mira):
    factories.account("Kelp & Co GmbH")
    assert names(like_account(mira, "KELP Ltd")) == [("Kelp & Co GmbH", ("same_name",))]


def test_a_similar_name_wants_a_second_sign(mira):
    factories.account("Nordwind Logistics", country="DE")
    assert like_account(mira, "Nordwindt Logistik") == []
    found = names(like_account(mira, "Nordwindt Logistik", country="DE"))
    assert found == [("Nordwind Logistics", ("name", "country"))]


def test_a_typing_error_at_the_beginning_is_found_too(mira):
    factories.account("Nordwind Logistics", country="DE")
    factories.account("Ordwin")  # stands next to it by name
    found = names(like_account(mira, "Mordwind Logistics", country="DE"))
    assert found == [("Nordwind Logistics", ("name", "country"))]


def test_nobody_hears_of_what_they_may_not_see(mira, olaf):
    factories.account("Kelp", owner=mira)
    assert like_account(olaf, "Kelp") == []


def test_the_record_itself_is_not_its_double(mira):
    kelp = factories.account("Kelp")
    assert like_account(mira, "Kelp", but=kelp.pk) == []


def test_people_by_address_number_and_name(mira):
    kelp = factories.account("Kelp", country="DE")
    anna = factories.contact(kelp, first_name="Anna", last_name="Meyer", email="anna@kelp.example", phone="030 1234567")
    (match,) = like_contact(mira, email="ANNA@kelp.example")
    assert match.exact
    assert match.record == anna
    (match,) = like_contact(mira, first_name="Anna", last_name="Mayer", phone="+49 30 1234567")
    assert match.signs == ("phone", "name")
    (match,) = like_contact(mira, first_name="Anna", last_name="Meyer", account=kelp)
    assert match.signs == ("same_name", "customer")
    assert like_contact(mira, first_name="Anna", last_name="Meyer") == []  # there are many
