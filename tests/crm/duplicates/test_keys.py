"""What records are compared by."""

from __future__ import annotations

import pytest

from crm.accounts.matching import rules
from crm.accounts.models import Account, Contact
from tests import factories


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Kelp & Co", "kelp"),
        ("KELP", "kelp"),
        ("Kelp GmbH & Co. KG", "kelp"),
        ("Nordwind Logistics Ltd.", "nordwind logistics"),
        ("Ökobau  Berlin", "okobau berlin"),
        ("O’Neill's Inc", "oneills"),
        ("Société Générale S.A.", "societe generale"),
        ("Co", "co"),  # nothing but a legal form keeps it
        ("Monaco", "monaco"),  # ends like one, and is none
        ("Яндекс", "яндекс"),
        ("!!!", ""),
    ],
)
def test_names_lose_case_accents_and_legal_forms(db, name, key):
    assert Account.objects.get(pk=factories.account(name).pk).match_name == key


@pytest.mark.parametrize(
    ("phone", "country", "key"),
    [
        ("+49 (0)30 1234567", "", "+49301234567"),
        ("0049 30 1234567", "", "+49301234567"),
        ("030 / 123 45 67", "DE", "+49301234567"),
        ("030 1234567", "", ""),  # dialled where?
        ("(020) 7946 0018", "gb", "+442079460018"),
        ("12", "DE", ""),
        ("call me", "DE", ""),
        ("", "DE", ""),
    ],
)
def test_numbers_become_e164(phone, country, key):
    assert rules.phone_key(phone, country) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://www.Kelp.example/about", "kelp.example"),
        ("anna@kelp.example", "kelp.example"),
        ("www.kelp.example", "kelp.example"),
        ("anna@gmail.com", ""),  # everybody has an address there
        ("", ""),
    ],
)
def test_domains_are_bare_and_those_of_everybody_say_nothing(text, key):
    assert rules.domain_key(text) == key


@pytest.mark.parametrize(
    ("signs", "sentence"),
    [
        ([], ""),
        (["domain"], "The same domain"),
        (["country", "name", "domain"], "The same domain, a similar name and the same country"),
    ],
)
def test_a_match_says_why(signs, sentence):
    assert rules.reason(signs) == sentence


def test_a_number_is_worked_out_whenever_a_person_is_saved(db):
    account = factories.account(country="DE")
    person = factories.contact(account, phone="030 1234567")
    assert Contact.objects.get(pk=person.pk).match_phone == "+49301234567"
    person.phone = "+44 20 7946 0018"
    person.save(update_fields=["phone"])
    assert Contact.objects.get(pk=person.pk).match_phone == "+442079460018"
    made = Contact.objects.bulk_create([Contact(account=account, first_name="Ben", phone="030 7654321")])
    assert Contact.objects.get(pk=made[0].pk).match_phone == "+49307654321"


def test_the_country_of_the_installation_stands_in(db, settings):
    settings.COUNTRY = "DE"
    assert factories.contact(factories.account(), phone="030 1234567").match_phone == "+49301234567"
