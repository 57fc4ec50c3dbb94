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
from crm.web import clock
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
        ({"name": " "}, "Fill this in."),
        ({"name": "x", "timezone": "Mars"}, "“Mars” is no time zone."),
        ({"name": "x", "tags": "y" * 61}, "too long for a tag"),
        ({"name": "x", "kind": "planet"}, "“planet” is not in the list"),
        ({"name": "x", "country": "EU"}, "“EU” is not in the list"),
        ({"name": "x", "owner": "999999"}, "Choose one of the list."),
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


@pytest.fixture
def overtaken(web: Client, sam: User) -> tuple[str, dict[str, Any]]:
    """Mira has changed industry and goal; Sam meanwhile industry, owner and whether to contact them. Her form."""
    account = factories.account("Nordwind", industry="Freight", updated_at=NOON - timedelta(days=3))
    address = f"/accounts/{account.pk}/edit/"
    mine = filled(web, address) | {"industry": "Shipping", "goal": "A port"}
    his = Client()
    his.force_login(sam)
    with clock.travelling(NOON - timedelta(minutes=2)):
        his.post(address, filled(his, address) | {"industry": "Logistics", "owner": sam.pk, "do_not_contact": "on"})
    return address, mine


def version(page: str) -> str:
    return re.findall(r'name="version" value="([^"]+)"', page)[0]


def test_who_comes_second_chooses_field_by_field(web: Client, overtaken: tuple[str, dict[str, Any]]) -> None:
    address, mine = overtaken

    response = web.post(address, mine)

    page = response.content.decode()
    (one,) = response.context["form"].differences
    assert response.status_code == 422
    assert (one.label, one.theirs, one.yours, one.who, one.at) == (
        "Industry", "Logistics", "Shipping", "Sam", NOON - timedelta(minutes=2),
    )  # fmt: skip
    assert "Sam changed this customer while you were writing" in page
    assert "<small>Keep theirs</small><b>Logistics</b>" in page
    assert "<small>Take mine</small><b>Shipping</b>" in page
    assert 'name="industry" value="Shipping"' in page
    assert 'name="goal" value="A port"' in page
    assert "Owner is <b>Sam</b> now: Sam changed it" in page  # and is not asked about
    assert Account.objects.get().industry == "Logistics"

    again = mine | {"version": version(page), "owner": response.context["form"]["owner"].value()}
    assert web.post(address, again).status_code == 422  # nothing is chosen by leaving it
    assert Account.objects.get().industry == "Logistics"


@pytest.mark.parametrize(("choice", "industry"), [("mine", "Shipping"), ("theirs", "Logistics")])
def test_what_was_chosen_is_kept_with_all_else(
    web: Client, overtaken: tuple[str, dict[str, Any]], sam: User, choice: str, industry: str
) -> None:
    address, mine = overtaken
    again = mine | {"version": version(web.post(address, mine).content.decode()), "choice_industry": choice}
    again |= {"owner": sam.pk, "do_not_contact": "on"}

    broken = web.post(address, again | {"timezone": "Mars"})

    assert broken.status_code == 422
    assert broken.context["form"]["industry"].value() == industry
    assert not broken.context["form"].differences  # decided once
    again = again | {"version": version(broken.content.decode()), "industry": industry}
    del again["choice_industry"]

    assert web.post(address, again).status_code == 302

    account = Account.objects.get()
    assert (account.industry, account.goal, account.owner, account.do_not_contact) == (industry, "A port", sam, True)
    assert TimelineEntry.objects.count() == 1  # who is not to be contacted was said by Sam alone


def test_a_third_hand_is_put_beside_mine_anew(web: Client, overtaken: tuple[str, dict[str, Any]]) -> None:
    address, mine = overtaken
    again = mine | {"version": version(web.post(address, mine).content.decode()), "choice_industry": "mine"}
    Account.objects.update(industry="Aviation")

    response = web.post(address, again)

    assert response.status_code == 422
    (one,) = response.context["form"].differences
    assert (one.theirs, one.yours, one.who) == ("Aviation", "Shipping", "Somebody")
    assert Account.objects.get().industry == "Aviation"


def test_what_only_the_other_changed_is_kept_and_told(web: Client, overtaken: tuple[str, dict[str, Any]]) -> None:
    address, mine = overtaken

    response = web.post(address, mine | {"industry": "Freight"}, follow=True)

    account = Account.objects.get()
    assert (account.industry, account.goal) == ("Logistics", "A port")
    assert "What Sam changed meanwhile is kept: Industry, Owner and Do not contact." in response.content.decode()


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


def test_two_people_at_one_person(web: Client, sam: User) -> None:
    person = factories.contact(factories.account("Nordwind"), first_name="Ana", title="COO")
    address = f"/accounts/{person.account_id}/contacts/{person.pk}/"
    mine = filled(web, address) | {"title": "CFO", "roles": ["decides"]}
    Contact.objects.update(title="CEO", roles=["champion"])

    response = web.post(address, mine, headers={"HX-Request": "true"})

    page = response.content.decode()
    assert response.status_code == 422
    assert [(one.name, one.theirs, one.yours) for one in response.context["form"].differences] == [
        ("title", "CEO", "CFO"), ("roles", "Champion", "Decides"),
    ]  # fmt: skip
    chosen = mine | {"version": version(page), "choice_title": "mine", "choice_roles": "theirs"}
    assert web.post(address, chosen).status_code == 302
    person.refresh_from_db()
    assert (person.title, person.roles) == ("CFO", ["champion"])


def test_a_contact_is_reached_through_its_own_account_only(web: Client) -> None:
    person = factories.contact()
    other = factories.account("Other")

    assert web.get(f"/accounts/{other.pk}/contacts/{person.pk}/").status_code == 404
