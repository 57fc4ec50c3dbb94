"""Pairs to look at, a merge on its page and back, and where old addresses lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Account
from crm.duplicates import merging
from crm.duplicates.models import AccountPair, Merge
from crm.history.models import Act
from crm.team.models import ApiToken, User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(mira: User) -> Client:
    return signed_in(mira)


@pytest.fixture
def pair(mira: User) -> AccountPair:
    kelp = factories.account("Kelp & Co", domain="kelp.example", owner=mira)
    twin = factories.account("Kelp Ltd", domain="kelp.example", owner=mira, industry="Food")
    return AccountPair.objects.create(first=kelp, second=twin, strength=95, signs=["domain", "same_name"])


def test_pairs_stand_with_the_strongest_first_and_say_why(page, pair):
    weak = AccountPair.objects.create(first=pair.first, second=factories.account("Kelpie"), strength=50, signs=["name"])
    shown = page.get(reverse("duplicates:list"))
    assert [row["pair"].pk for row in shown.context["pairs"]] == [pair.pk, weak.pk]
    assert "The same domain and the same name" in shown.content.decode()


def test_nobody_is_shown_a_pair_of_which_they_may_see_one(pair, olaf):
    Account.objects.filter(pk=pair.second_id).update(owner=olaf)
    shown = signed_in(olaf).get(reverse("duplicates:list"))
    assert shown.context["pairs"] == []
    assert signed_in(olaf).post(reverse("duplicates:apart", args=["account", pair.pk])).status_code == 404


def test_not_the_same_sticks_and_can_be_taken_back(page, pair, mira):
    said = page.post(reverse("duplicates:apart", args=["account", pair.pk]), headers=HTMX)
    assert "Nobody is asked about them again" in said.content.decode()
    pair.refresh_from_db()
    assert (pair.apart_at, pair.apart_by) == (NOON, mira)
    assert page.get(reverse("duplicates:list")).context["pairs"] == []
    page.post(reverse("duplicates:again", args=["account", pair.pk]))
    assert len(page.get(reverse("duplicates:list")).context["pairs"]) == 1


def test_later_is_in_two_weeks(page, pair):
    page.post(reverse("duplicates:later", args=["account", pair.pk]))
    assert page.get(reverse("duplicates:list")).context["pairs"] == []
    back = NOON + timedelta(days=14)
    assert not AccountPair.objects.waiting(back - timedelta(microseconds=1)).exists()
    assert AccountPair.objects.waiting(back).exists()


def test_a_merge_and_its_undo(page, pair):
    here = reverse("duplicates:merge", args=["account", pair.first_id, pair.second_id])
    shown = page.get(here)
    assert shown.status_code == 200
    assert "Kelp Ltd becomes part of it" in shown.content.decode()
    done = page.post(here, {"keep_name": "keeper"})
    assert done["Location"] == pair.first.get_absolute_url()
    kept = Account.objects.get()
    assert (kept.name, kept.industry) == ("Kelp & Co", "Food")
    deed = Act.objects.get(kind="account.merged")
    page.post(reverse("history:undo", args=[deed.pk]))
    assert set(Account.objects.values_list("name", "industry")) == {("Kelp & Co", ""), ("Kelp Ltd", "Food")}


def test_who_came_second_is_told_and_nothing_happens(page, pair, mira):
    third = factories.account("Third")
    here = reverse("duplicates:merge", args=["account", pair.first_id, pair.second_id])
    merging.merge("account", third.pk, pair.second_id, {}, mira, NOON)
    assert page.post(here).status_code == 404
    assert Merge.objects.count() == 1


def test_agents_do_not_merge(pair, sam):
    here = reverse("duplicates:merge", args=["account", pair.first_id, pair.second_id])
    assert signed_in(sam).post(here).status_code == 403
    assert Account.objects.count() == 2


# Old addresses --------------------------------------------------------------------------------------------------------


@pytest.fixture
def merged(pair: AccountPair, mira: User) -> AccountPair:
    merging.merge("account", pair.first_id, pair.second_id, {}, mira, NOON)
    return pair


def test_an_old_page_leads_to_the_one_that_stayed(page, merged):
    old = reverse("accounts:detail", args=[merged.second_id])
    assert page.get(old)["Location"] == reverse("accounts:detail", args=[merged.first_id])
    assert page.get(reverse("accounts:edit", args=[merged.second_id]))["Location"] == reverse(
        "accounts:detail", args=[merged.first_id]
    )
    assert page.get(reverse("accounts:detail", args=[999_999])).status_code == 404


def test_nobody_is_led_to_what_they_may_not_see(merged, olaf):
    assert signed_in(olaf).get(reverse("accounts:detail", args=[merged.second_id])).status_code == 404


def test_what_was_typed_meanwhile_is_put_beside_what_the_other_says(page, pair, mira):
    pair.first.industry = "Fishing"
    pair.first.save()
    form = page.get(reverse("accounts:edit", args=[pair.second_id])).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"industry": "Seafood", "language": "de"}
    merging.merge("account", pair.first_id, pair.second_id, {}, mira, NOON)

    told = page.post(reverse("accounts:edit", args=[pair.second_id]), typed)
    there = reverse("accounts:edit", args=[pair.first_id])
    assert (told.status_code, f'action="{there}"' in told.content.decode()) == (422, True)
    assert "This customer became part of Kelp &amp; Co while you were writing" in told.content.decode()
    assert [(one.name, one.theirs, one.yours) for one in told.context["form"].differences] == [
        ("industry", "Fishing", "Seafood")
    ]
    assert (Account.objects.get().industry, Account.objects.get().language) == ("Fishing", "")

    again = {name: told.context["form"][name].value() or "" for name in form.fields}
    assert page.post(there, again | {"choice_industry": "mine"}).status_code == 302
    kelp = Account.objects.get()
    assert (kelp.name, kelp.industry, kelp.language) == ("Kelp & Co", "Seafood", "de")


def test_what_is_sent_to_a_page_that_has_gone_is_given_back(page, merged, olaf):
    for url, typed, said in (
        (reverse("accounts:fact", args=[merged.second_id, "industry"]), {"industry": "<Seafood>"}, "&lt;Seafood&gt;"),
        (reverse("touches:log", args=[merged.second_id]), {"kind": "call", "text": "They want two more"}, "two more"),
        (reverse("correspondence:write", args=[merged.second_id]), {"subject": "Hello", "text": " "}, "Hello"),
    ):
        told = page.post(url, typed | {"version": "never"})
        assert told.status_code == 409, url
        shown = told.content.decode()
        assert "Now part of Kelp &amp; Co" in shown
        assert "by Mira" in shown
        assert said in shown
        assert "never" not in [value for _, value in told.context["typed"]]
        assert signed_in(olaf).post(url, typed).status_code == 404
    assert Account.objects.get().industry == "Food"
    assert not TimelineEntry.objects.filter(kind__startswith="call").exists()


def api(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiToken.issue(user, 'write')[1]}"})


def test_programs_are_led_on_too_but_write_nothing_elsewhere(merged, mira):
    old = reverse("api-account-detail", args=[merged.second_id])
    there = reverse("api-account-detail", args=[merged.first_id])
    moved = api(mira).get(old)
    assert (moved.status_code, moved["Location"]) == (301, there)
    gone = api(mira).patch(old, {"name": "Other"}, content_type="application/json")
    assert (gone.status_code, gone.json()["merged_into"]) == (410, there)
    assert Account.objects.get().name == "Kelp & Co"


def test_a_program_hears_of_doubles(mira):
    kelp = factories.account("Kelp & Co", domain="kelp.example")
    made = api(mira).post(
        reverse("api-account-list"), {"name": "Kelp Ltd", "domain": "kelp.example"}, content_type="application/json"
    )
    assert made.status_code == 201
    (double,) = made.json()["possible_duplicates"]
    assert (double["id"], double["reason"]) == (kelp.pk, "The same domain and the same name")


def test_a_program_finds_by_what_a_record_was_called(mira):
    kelp, twin = factories.account("Kelp", external_id="k-1"), factories.account("Twin", external_id="k-2")
    merging.merge("account", kelp.pk, twin.pk, {}, mira, NOON)
    found: Any = api(mira).get(reverse("api-account-list"), {"external_id": "k-2"}).json()
    assert [row["id"] for row in found["results"]] == [kelp.pk]


# While somebody types -------------------------------------------------------------------------------------------------


def test_a_form_says_who_looks_like_this(page, pair):
    said = page.get(reverse("duplicates:like", args=["account"]), {"name": "KELP", "domain": ""})
    assert "Kelp &amp; Co</b> looks like this: the same name" in said.content.decode()
    assert page.get(reverse("duplicates:like", args=["account"]), {"name": "Zebra"}).content.strip() == b""


def test_any_record_can_be_merged_with_one_that_is_searched(page, pair):
    here = reverse("duplicates:choose", args=["account", pair.first_id])
    assert [one["record"].pk for one in page.get(here).context["found"]] == [pair.second_id]
    assert [one["record"].pk for one in page.get(here, {"q": "Ltd"}).context["found"]] == [pair.second_id]
