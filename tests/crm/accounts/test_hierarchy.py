"""Which customer belongs to which: no circles, and nobody sees more of a group than of customers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.accounts.actions.hierarchy import circle, family
from crm.accounts.models import Account
from crm.team.models import User
from tests import factories
from tests.crm.accounts.test_facts import opened, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(mira: User) -> list[Account]:
    """Ocean > Kelp > Reef."""
    ocean = factories.account("Ocean", owner=mira, mrr=100)
    kelp = factories.account("Kelp", owner=mira, mrr=50, parent=ocean)
    return [ocean, kelp, factories.account("Reef", owner=mira, mrr=25, parent=kelp)]


def test_a_circle_is_refused_with_its_reason(group: list[Account]) -> None:
    ocean, kelp, reef = group

    assert circle(ocean, ocean) == "A customer cannot be a part of itself."
    assert circle(ocean, kelp).startswith("Kelp belongs to Ocean already, directly or through others")
    assert circle(ocean, reef).startswith("Reef belongs to Ocean already")
    assert circle(reef, ocean) == ""
    assert circle(kelp, factories.account("Other")) == ""


def test_the_page_refuses_it_and_keeps_nothing(client: Client, mira: User, group: list[Account]) -> None:
    client.force_login(mira)

    answer = post(client, group[0], "parent", opened(client, group[0], "parent") | {"parent": "Reef"})

    assert answer.status_code == 422
    assert "this would make a circle" in answer.content.decode()
    group[0].refresh_from_db()
    assert group[0].parent is None


def test_a_parent_is_named_by_typing(client: Client, mira: User, group: list[Account]) -> None:
    client.force_login(mira)
    other = factories.account("Atoll")

    assert post(client, other, "parent", opened(client, other, "parent") | {"parent": "ocean"}).status_code == 200

    other.refresh_from_db()
    assert other.parent == group[0]
    names = client.get("/accounts/names/?parent=Oc").content.decode()
    assert names.strip() == '<option value="Ocean"></option>'


def test_the_database_refuses_the_smallest_circle(group: list[Account]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=group[0].pk).update(parent=group[0].pk)


def test_a_group_with_what_it_pays_together(mira: User, group: list[Account]) -> None:
    _, kelp, reef = group

    found = family(kelp, mira)

    assert found.parent is not None
    assert found.parent["name"] == "Ocean"
    assert [child["name"] for child in found.children] == ["Reef"]
    assert (found.mrr, found.more) == (Decimal(75), False)
    assert family(reef, mira).children == []


def test_children_that_one_may_not_see_are_neither_named_nor_counted(
    client: Client, olaf: User, mira: User, group: list[Account]
) -> None:
    Account.objects.filter(name="Kelp").update(owner=olaf)
    kelp = Account.objects.get(name="Kelp")

    found = family(kelp, olaf)

    assert (found.parent, found.children, found.mrr) == (None, [], Decimal(50))
    client.force_login(olaf)
    page = client.get(f"/accounts/{kelp.pk}/").content.decode()
    assert "A customer that you cannot see." in page
    assert "Ocean" not in page
    assert "Reef" not in page


def test_a_parent_that_one_may_not_see_stays_when_something_else_is_saved(
    client: Client, olaf: User, group: list[Account]
) -> None:
    Account.objects.filter(name="Kelp").update(owner=olaf)
    kelp = Account.objects.get(name="Kelp")
    client.force_login(olaf)
    address = f"/accounts/{kelp.pk}/edit/"
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}

    client.post(address, {k: v for k, v in values.items() if v not in (None, False)} | {"industry": "Seaweed"})

    kelp.refresh_from_db()
    assert (kelp.industry, kelp.parent) == ("Seaweed", group[0])
    assert "Ocean" not in client.get(f"/accounts/{kelp.pk}/facts/parent/").content.decode()
