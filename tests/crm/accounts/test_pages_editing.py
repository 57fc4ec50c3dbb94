"""Making and changing accounts and contacts: what is kept, what is refused, and whose version wins."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def filled(web: Client, address: str) -> dict[str, Any]:
    """What the form on a page would send if nobody touched it."""
    form = web.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_a_new_account(web: Client, mira: User) -> None:
    offered = filled(web, "/accounts/new/")
    assert (offered["owner"], offered["signed_up_on"]) == (mira.pk, date(2026, 6, 1))

    response = web.post(
        "/accounts/new/",
        {
            "name": "Nordwind", "kind": "company", "domain": "https://www.Nordwind.example/about", "owner": mira.pk,
            "signed_up_on": "2026-05-30", "timezone": "berlin", "tags": " key  account, beta,,key account",
            "primary_use_case": "Closing",
        },
    )  # fmt: skip

    account = Account.objects.get()
    assert response["Location"] == f"/accounts/{account.pk}/"
    assert (account.name, account.domain, account.timezone) == ("Nordwind", "nordwind.example", "Europe/Berlin")
    assert account.tags == ["key account", "beta"]
    assert (account.owner, account.signed_up_on, account.lifecycle) == (mira, date(2026, 5, 30), "lead")
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text, entry.actor) == ("account.added", "Nordwind was added", mira)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"name": " "}, "This field is required."),
        ({"name": "x", "timezone": "Mars"}, "“Mars” is no time zone."),
        ({"name": "x", "tags": "y" * 61}, "too long for a tag"),
        ({"name": "x", "kind": "planet"}, "planet is not one of the available choices"),
        ({"name": "x", "country": "EU"}, "EU is not one of the available choices"),
        ({"name": "x", "owner": "999999"}, "Select a valid choice"),
    ],
)
def test_an_account_that_cannot_be(web: Client, data: dict[str, str], error: str) -> None:
    response = web.post("/accounts/new/", {"kind": "company"} | data)

    assert response.status_code == 422
    assert error in response.content.decode()
    assert not Account.objects.exists()
    assert not TimelineEntry.objects.exists()


def test_a_country_is_chosen_and_a_strange_one_that_is_stored_stays(web: Client) -> None:
    account = factories.account("Nordwind", country="EU")
    address = f"/accounts/{account.pk}/edit/"

    web.post(address, filled(web, address))
    account.refresh_from_db()
    assert account.country == "EU"

    web.post(address, filled(web, address) | {"country": "DE"})
    account.refresh_from_db()
    assert account.country == "DE"


def test_editing_keeps_what_was_not_touched(web: Client) -> None:
    account = factories.account("Nordwind", tags=["a", "b"], mrr=500, updated_at=NOON - timedelta(days=3))
    address = f"/accounts/{account.pk}/edit/"

    response = web.post(address, filled(web, address) | {"industry": "Logistics"})

    assert response.status_code == 302
    account.refresh_from_db()
    assert (account.name, account.industry, account.tags, account.mrr) == ("Nordwind", "Logistics", ["a", "b"], 500)
    assert account.updated_at == NOON


def test_who_comes_second_sees_what_the_first_has_saved(web: Client) -> None:
    account = factories.account("Nordwind", updated_at=NOON - timedelta(days=3))
    address = f"/accounts/{account.pk}/edit/"
    mine = filled(web, address) | {"industry": "Shipping"}
    Account.objects.filter(pk=account.pk).update(industry="Logistics", updated_at=NOON - timedelta(minutes=2))

    response = web.post(address, mine)

    page = response.content.decode()
    assert response.status_code == 422
    assert "Somebody else saved this at 13:58 on 1 Jun" in page
    assert "Stored now: Industry: Logistics." in page
    assert 'value="Shipping"' in page
    account.refresh_from_db()
    assert account.industry == "Logistics"
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version

    again = web.post(address, mine | {"version": version[1]})

    assert again.status_code == 302
    account.refresh_from_db()
    assert account.industry == "Shipping"


def test_an_owner_who_has_left_stays_when_something_else_changes(web: Client, sam: User) -> None:
    account = factories.account("Nordwind", owner=sam)
    User.objects.filter(pk=sam.pk).update(is_active=False)
    address = f"/accounts/{account.pk}/edit/"

    web.post(address, filled(web, address) | {"industry": "Logistics"})

    account.refresh_from_db()
    assert (account.owner, account.industry) == (sam, "Logistics")


def test_a_confined_manager_may_give_an_account_away(client: Client, olaf: User, sam: User) -> None:
    account = factories.account("Nordwind", owner=olaf)
    client.force_login(olaf)
    address = f"/accounts/{account.pk}/edit/"

    response = client.post(address, filled(client, address) | {"owner": sam.pk})

    assert response["Location"] == "/accounts/"
    account.refresh_from_db()
    assert account.owner == sam


def test_a_new_contact_and_the_first_is_primary(web: Client, mira: User) -> None:
    account = factories.account("Nordwind")
    address = f"/accounts/{account.pk}/contacts/"
    assert filled(web, address)["is_primary"] is True

    response = web.post(address, {"first_name": "Jonas", "email": " Jonas@Nordwind.Example ", "is_primary": "on"})

    assert response["Location"] == f"/accounts/{account.pk}/"
    jonas = Contact.objects.get()
    assert (jonas.account, jonas.email, jonas.is_primary) == (account, "jonas@nordwind.example", True)
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.contact, entry.actor) == ("contact.added", jonas, mira)


def test_one_primary_contact_at_a_time(web: Client) -> None:
    account = factories.account("Nordwind")
    first = factories.contact(account, is_primary=True)
    second = factories.contact(account, is_primary=False)
    address = f"/accounts/{account.pk}/contacts/{second.pk}/"

    web.post(address, filled(web, address) | {"is_primary": "on"})

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_primary, second.is_primary) == (False, True)


def test_an_address_in_use_names_where_it_is(web: Client) -> None:
    tagus = factories.account("Tagus Games")
    factories.contact(tagus, first_name="Ana", last_name="Ruiz", email="ana@tagus.example")
    account = factories.account("Nordwind")

    response = web.post(f"/accounts/{account.pk}/contacts/", {"first_name": "A", "email": "ANA@tagus.example"})

    assert response.status_code == 422
    assert "This address belongs to Ana Ruiz at Tagus Games." in response.content.decode()
    assert not account.contacts.exists()
    assert not TimelineEntry.objects.exists()


def test_an_address_at_a_hidden_account_names_nothing(client: Client, olaf: User, mira: User) -> None:
    hidden = factories.account("Secret Corp", owner=mira)
    factories.contact(hidden, first_name="Ana", last_name="Ruiz", email="ana@secret.example")
    own = factories.account("Own", owner=olaf)
    client.force_login(olaf)

    response = client.post(f"/accounts/{own.pk}/contacts/", {"first_name": "A", "email": "ana@secret.example"})

    page = response.content.decode()
    assert response.status_code == 422
    assert "a customer you cannot see. Ask an admin" in page
    assert "Secret Corp" not in page
    assert "Ruiz" not in page
    assert not own.contacts.exists()


def test_a_contact_needs_something_to_be_known_by(web: Client) -> None:
    account = factories.account("Nordwind")

    response = web.post(f"/accounts/{account.pk}/contacts/", {"title": "COO"})

    assert response.status_code == 422
    assert "Give a name or an e-mail address" in response.content.decode()
    assert not Contact.objects.exists()


def test_consent_noted_by_hand_is_on_the_timeline(web: Client, mira: User) -> None:
    person = factories.contact(factories.account("Nordwind"), first_name="Ana", last_name="Ruiz")
    address = f"/accounts/{person.account_id}/contacts/{person.pk}/"

    web.post(address, filled(web, address) | {"email_consent": "no"})

    person.refresh_from_db()
    assert person.email_consent == "no"
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text) == ("contact.consent_changed", "Ana Ruiz refused mail, as noted by hand")


def test_a_contact_is_reached_through_its_own_account_only(web: Client) -> None:
    person = factories.contact()
    other = factories.account("Other")

    assert web.get(f"/accounts/{other.pk}/contacts/{person.pk}/").status_code == 404
