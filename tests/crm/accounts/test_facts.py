"""Fields changed in their place: kept, refused, and brought together when two people write at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.crm.accounts.conftest import HTMX


def opened(web: Client, account: Account, name: str) -> dict[str, str]:
    """What the form in the place of a field would send if nobody touched it."""
    page = web.get(f"/accounts/{account.pk}/facts/{name}/", headers=HTMX).content.decode()
    version = re.search(r'name="version" value="([^"]*)"', page)
    assert version, page
    return {"version": version[1]}


def post(web: Client, account: Account, name: str, data: dict[str, Any]) -> Any:
    return web.post(f"/accounts/{account.pk}/facts/{name}/", data, headers=HTMX)


def test_a_field_is_changed_in_its_place(web: Client, kelp: Account) -> None:
    form = opened(web, kelp, "industry")

    answer = post(web, kelp, "industry", form | {"industry": "Seaweed"})

    kelp.refresh_from_db()
    page = answer.content.decode()
    assert (answer.status_code, kelp.industry) == (200, "Seaweed")
    assert ">Seaweed</a>" in page
    assert "<html" not in page
    assert 'id="about" hx-swap-oob="true">Company, added June 2026 · Seaweed' in page


def test_without_scripts_the_field_has_a_page_and_leads_back(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/facts/industry/").content.decode()
    assert "<h1>Industry of Kelp &amp; Co</h1>" in page

    answer = web.post(f"/accounts/{kelp.pk}/facts/industry/", opened(web, kelp, "industry") | {"industry": "Seaweed"})

    assert answer["Location"] == f"/accounts/{kelp.pk}/"


def test_to_put_back_shows_what_is_stored(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/facts/industry/?part=value", headers=HTMX).content.decode()

    assert ">Food</a>" in page
    assert "<form" not in page


def test_two_people_who_change_different_fields_do_not_disturb_each_other(web: Client, kelp: Account) -> None:
    mine = opened(web, kelp, "industry")
    theirs = opened(web, kelp, "domain")
    assert post(web, kelp, "domain", theirs | {"domain": "kelp.example"}).status_code == 200

    assert post(web, kelp, "industry", mine | {"industry": "Seaweed"}).status_code == 200

    kelp.refresh_from_db()
    assert (kelp.domain, kelp.industry) == ("kelp.example", "Seaweed")


def test_the_same_field_changed_by_two_is_shown_as_a_difference_and_mine_can_be_kept(
    web: Client, kelp: Account
) -> None:
    mine = opened(web, kelp, "industry")
    Account.objects.filter(pk=kelp.pk).update(industry="Fishing")

    answer = post(web, kelp, "industry", mine | {"industry": "Seaweed"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<del>Fishing</del>" in page
    assert "<ins>Seaweed</ins>" in page
    kelp.refresh_from_db()
    assert kelp.industry == "Fishing"

    version = re.search(r'name="version" value="([^"]*)"', page)
    assert version
    again = {"version": version[1], "industry": "Seaweed", "choice_industry": "mine"}
    assert post(web, kelp, "industry", again).status_code == 200
    kelp.refresh_from_db()
    assert kelp.industry == "Seaweed"


def test_who_writes_what_the_other_wrote_meets_nobody(web: Client, kelp: Account) -> None:
    mine = opened(web, kelp, "industry")
    Account.objects.filter(pk=kelp.pk).update(industry="Seaweed")

    assert post(web, kelp, "industry", mine | {"industry": "Seaweed"}).status_code == 200


def test_an_untouched_form_takes_what_the_other_wrote(web: Client, kelp: Account) -> None:
    mine = opened(web, kelp, "industry")
    Account.objects.filter(pk=kelp.pk).update(industry="Fishing")

    assert post(web, kelp, "industry", mine | {"industry": "Food"}).status_code == 200

    kelp.refresh_from_db()
    assert kelp.industry == "Fishing"


@pytest.mark.parametrize("version", ["", "nonsense", ":", "industry:old", "industry"])
def test_a_form_that_does_not_know_what_it_saw_overwrites_nothing(web: Client, kelp: Account, version: str) -> None:
    answer = post(web, kelp, "industry", {"version": version, "industry": "Seaweed"})

    assert answer.status_code == 422
    kelp.refresh_from_db()
    assert kelp.industry == "Food"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("name", "", "Fill this in."),
        ("language", "klingonish", "is no language code"),
        ("timezone", "Mars", "is no time zone"),
        ("parent", "Nobody at all", "No customer of yours is called"),
    ],
)
def test_what_a_field_does_not_take(web: Client, kelp: Account, name: str, value: str, error: str) -> None:
    answer = post(web, kelp, name, opened(web, kelp, name) | {name: value})

    assert answer.status_code == 422
    assert error in answer.content.decode()


@pytest.mark.parametrize("name", ["mrr", "lifecycle", "external_id", "nonsense", "version"])
def test_what_others_write_is_no_field_here(web: Client, kelp: Account, name: str) -> None:
    assert web.get(f"/accounts/{kelp.pk}/facts/{name}/").status_code == 404
    assert post(web, kelp, name, {name: "1"}).status_code == 404


def test_tags_are_suggested_by_what_others_have(web: Client, kelp: Account) -> None:
    factories.account("Other", tags=["vip", "pilot"])
    factories.account("Third", tags=["vip"])

    page = web.get(f"/accounts/{kelp.pk}/facts/tags/", headers=HTMX).content.decode()

    assert re.findall(r'data-adds="(\w+)"', page) == ["vip", "pilot"]
    assert post(web, kelp, "tags", opened(web, kelp, "tags") | {"tags": "vip, north"}).status_code == 200
    kelp.refresh_from_db()
    assert kelp.tags == ["vip", "north"]


def test_do_not_contact_stands_on_the_timeline(web: Client, kelp: Account, mira: User) -> None:
    post(web, kelp, "do_not_contact", opened(web, kelp, "do_not_contact") | {"do_not_contact": "on"})

    kelp.refresh_from_db()
    entry = TimelineEntry.objects.get()
    assert kelp.do_not_contact
    assert (entry.kind, entry.text, entry.actor) == (
        "account.contacting_changed", "Kelp & Co is not to be contacted any more", mira,
    )  # fmt: skip
    assert "Do not contact</span>" in web.get(f"/accounts/{kelp.pk}/").content.decode()


def test_what_is_typed_is_shown_as_text(web: Client, kelp: Account) -> None:
    answer = post(web, kelp, "industry", opened(web, kelp, "industry") | {"industry": "<script>alert(1)</script>"})

    assert "<script>" not in answer.content.decode()
    assert "&lt;script&gt;" in web.get(f"/accounts/{kelp.pk}/").content.decode()
