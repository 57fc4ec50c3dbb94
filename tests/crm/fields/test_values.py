"""Values on the pages of customers and people: changed in their place, by two at once, remembered and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account, Contact
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.history.actions import undo
from crm.history.models import Act
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.fields.conftest import HTMX

pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp & Co", owner=mira)


def opened(web: Client, row: Any, key: str) -> dict[str, str]:
    """What the form in the place of a field would send if nobody touched it."""
    page = web.get(f"{row.get_absolute_url()}facts/custom_{key}/", headers=HTMX).content.decode()
    version = re.search(r'name="version" value="([^"]*)"', page)
    assert version, page
    return {"version": version[1]}


def post(web: Client, row: Any, key: str, value: Any, form: dict[str, str] | None = None) -> Any:
    sent = (form or opened(web, row, key)) | {f"custom_{key}": value}
    return web.post(f"{row.get_absolute_url()}facts/custom_{key}/", sent, headers=HTMX)


def stored(row: Any) -> dict[str, Any]:
    row.refresh_from_db()
    return dict(row.custom)


def test_fields_stand_under_their_headings(web: Client, field: Field, kelp: Account) -> None:
    field("seats", "number")
    field("tier", "choice", group="Contract")
    field("site", "url", group="Contract")
    Account.objects.update(custom={"tier": "gold", "site": "https://kelp.example"})
    page = web.get(f"/accounts/{kelp.pk}/").content.decode()
    details, contract = page.split('id="facts"')[1].split('aria-label="Contract"')
    assert ">Seats</dt>" in details
    assert ">Gold</a>" in contract
    assert 'href="https://kelp.example"' in contract


def test_a_value_is_changed_in_its_place(web: Client, field: Field, kelp: Account, mira: User) -> None:
    field("tier", "choice")
    answer = post(web, kelp, "tier", "gold")
    assert (answer.status_code, stored(kelp)) == (200, {"tier": "gold"})
    assert ">Gold</a>" in answer.content.decode()
    assert ">Gold</a>" in web.get(f"/accounts/{kelp.pk}/facts/custom_tier/?part=value", headers=HTMX).content.decode()
    assert (post(web, kelp, "tier", "").status_code, stored(kelp)) == (200, {})
    assert [act.by for act in Act.objects.all()] == [mira, mira]


def test_what_cannot_be_kept_is_refused_beside_the_field(web: Client, field: Field, kelp: Account) -> None:
    field("seats", "number")
    answer = post(web, kelp, "seats", "many")
    assert answer.status_code == 422
    assert "Is not a number. Write digits, such as 1250.50." in answer.content.decode()
    assert stored(kelp) == {}


def test_several_choices_are_ticked_and_emptied(web: Client, field: Field, kelp: Account) -> None:
    field("tier", "choices")
    assert post(web, kelp, "tier", ["silver", "gold"]).status_code == 200
    assert stored(kelp) == {"tier": ["gold", "silver"]}
    assert post(web, kelp, "tier", []).status_code == 200
    assert stored(kelp) == {}


def test_what_must_be_filled_in_is_asked_for_and_cannot_be_emptied(web: Client, field: Field, kelp: Account) -> None:
    field("tier", "choice", required=True)
    answer = web.post("/accounts/new/", {"name": "Nordwind", "kind": "company"})
    assert answer.status_code == 422
    assert "Tier must have a value." in answer.content.decode()
    assert not Account.objects.filter(name="Nordwind").exists()
    web.post("/accounts/new/", {"name": "Nordwind", "kind": "company", "custom_tier": "gold"})
    assert Account.objects.get(name="Nordwind").custom == {"tier": "gold"}

    assert post(web, kelp, "tier", "gold").status_code == 200
    assert post(web, kelp, "tier", "").status_code == 422
    assert stored(kelp) == {"tier": "gold"}


def test_the_form_of_a_new_customer_begins_with_defaults(web: Client, field: Field) -> None:
    field("tier", "choice", default="silver")
    assert '<option value="silver" selected>' in web.get("/accounts/new/").content.decode()


def test_two_people_who_change_different_fields_do_not_disturb_each_other(
    web: Client, field: Field, kelp: Account
) -> None:
    field("seats", "number")
    field("tier", "choice")
    mine, theirs = opened(web, kelp, "seats"), opened(web, kelp, "tier")
    assert post(web, kelp, "tier", "gold", theirs).status_code == 200
    assert post(web, kelp, "seats", "12", mine).status_code == 200
    assert stored(kelp) == {"tier": "gold", "seats": "12"}


def test_the_same_field_changed_by_two_is_shown_as_a_difference_and_mine_can_be_kept(
    web: Client, field: Field, kelp: Account
) -> None:
    field("tier", "choice")
    mine = opened(web, kelp, "tier")
    post(web, kelp, "tier", "gold")
    answer = post(web, kelp, "tier", "silver", mine)
    page = answer.content.decode()
    assert (answer.status_code, stored(kelp)) == (422, {"tier": "gold"})
    assert "<b>You (in another window)</b> changed this" in page
    assert "<dd><del>Gold</del></dd><dt>Yours</dt><dd><ins>Silver</ins></dd>" in page
    again = re.search(r'name="version" value="([^"]*)"', page)
    assert again
    chosen = {"version": again[1], "choice_custom_tier": "mine"}
    assert post(web, kelp, "tier", "silver", chosen).status_code == 200
    assert stored(kelp) == {"tier": "silver"}


def test_each_change_is_told_by_the_name_of_its_field_and_taken_back_by_itself(
    web: Client, field: Field, kelp: Account, ada: User, mira: User
) -> None:
    field("tier", "choice")
    field("seats", "number")
    field("industry")  # the name of a column
    page = web.get(f"/accounts/{kelp.pk}/edit/").content.decode()
    version = re.search(r'name="version" value="([^"]*)"', page)
    assert version
    form = {
        "version": version[1], "name": "Kelp & Co", "owner": mira.pk, "kind": "company", "industry": "Food",
        "custom_industry": "Own", "custom_tier": "gold", "custom_seats": "12",
    }  # fmt: skip
    web.post(f"/accounts/{kelp.pk}/edit/", form)
    assert stored(kelp) == {"tier": "gold", "seats": "12", "industry": "Own"}
    first = Act.objects.get()
    page = web.get(f"/accounts/{kelp.pk}/history/").content.decode()
    assert "Seats" in page
    assert "Gold" in page
    post(web, kelp, "tier", "silver")

    undone = undo(first, ada, NOON)

    kelp.refresh_from_db()
    assert (kelp.custom, kelp.industry) == ({"tier": "silver"}, "")
    assert [(kept.field, kept.value, kept.by) for kept in undone.kept] == [("Tier", "Silver", "Mira")]


def test_a_field_called_like_another_one_of_everywhere_is_its_own(web: Client, field: Field, kelp: Account) -> None:
    """Names that mean something to SQL or Python mean nothing here."""
    for key in ("contains", "select", "id", "name"):
        field(key)
        assert post(web, kelp, key, "x").status_code == 200
    assert stored(kelp) == dict.fromkeys(("contains", "select", "id", "name"), "x")


def test_people_have_fields_too(web: Client, field: Field) -> None:
    field("shoe", "number", subject="contact")
    anna = factories.contact(factories.account("Kelp"))
    assert "Shoe" in web.get(f"/contacts/{anna.pk}/").content.decode()
    assert post(web, anna, "shoe", "41").status_code == 200
    assert stored(anna) == {"shoe": "41"}
    assert web.get(f"/accounts/{anna.account_id}/facts/custom_shoe/").status_code == 404


def test_nobody_changes_what_they_cannot_see(client: Client, olaf: User, mira: User, field: Field) -> None:
    field("tier", "choice")
    field("shoe", "number", subject="contact")
    kelp = factories.account(owner=mira)
    anna = factories.contact(kelp)
    client.force_login(olaf)
    assert client.post(f"/accounts/{kelp.pk}/facts/custom_tier/", {"custom_tier": "gold"}).status_code == 404
    assert client.post(f"/contacts/{anna.pk}/facts/custom_shoe/", {"custom_shoe": "41"}).status_code == 404
    assert (Account.objects.get().custom, Contact.objects.get().custom) == ({}, {})


def test_the_page_of_a_customer_asks_nothing_more_for_fields(
    web: Client, field: Field, kelp: Account, django_assert_num_queries: Any, kept_standing: Any
) -> None:
    web.get(f"/accounts/{kelp.pk}/")
    with CaptureQueriesContext(connection) as asked:
        web.get(f"/accounts/{kelp.pk}/")
        without = len(asked)
    for n in range(5):
        field(f"n{n}", "number")
    Account.objects.update(custom={"n1": "1", "n2": "2"})
    web.get(f"/accounts/{kelp.pk}/")  # the process comes to know the fields
    with django_assert_num_queries(without):
        page = web.get(f"/accounts/{kelp.pk}/")
    assert "N1" in page.content.decode()


def test_a_colleague_who_has_left_is_still_named(web: Client, field: Field, kelp: Account, sam: User) -> None:
    field("expert", "user")
    assert post(web, kelp, "expert", str(sam.pk)).status_code == 200
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert ">Sam</a>" in web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert post(web, kelp, "expert", str(sam.pk)).status_code == 200
    Account.objects.update(custom={})
    assert post(web, kelp, "expert", str(sam.pk)).status_code == 422
    assert CustomField.objects.get().type == "user"


def test_a_no_is_an_answer_and_can_be_taken_back(web: Client, field: Field, kelp: Account) -> None:
    field("signed", "yes_no")
    assert (post(web, kelp, "signed", "no").status_code, stored(kelp)) == (200, {"signed": False})
    assert ">no</a>" in web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert (post(web, kelp, "signed", "").status_code, stored(kelp)) == (200, {})
