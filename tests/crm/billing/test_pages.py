"""The page of billing: who waits, what the last look found, and secrets that are never shown again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.billing import secrets
from crm.billing.models import BillingCustomer, BillingLook, BillingObject, BillingSettings
from crm.billing.slots import _CARDS
from crm.ledger.models import Contract
from crm.privacy.erasing import erase
from crm.slots import Traffic, date_fields, integrations
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.billing.objects import at, deliver, event, invoice, paid, subscription
from tests.crm.billing.server import KEY, Stripe

pytestmark = pytest.mark.django_db
PAGE = "/settings/billing/"


@pytest.fixture
def admin(client: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Who has just proven who they are."""
    monkeypatch.setattr("crm.team.signin.SignInAdapter.is_reauthentication_required", lambda *_, **__: False)
    client.force_login(ada)
    return client


def test_a_new_installation_says_what_to_paste_where(admin: Client) -> None:
    page = admin.get(PAGE).content.decode()
    assert "/hooks/stripe/" in page
    assert "/hooks/billing/" in page
    assert "invoice.payment_failed" in page
    assert "Everybody is known" in page
    assert "Compare now" not in page
    assert "<dialog" in page  # for linking somebody


def test_somebody_unknown_is_linked_and_what_waits_says_why(admin: Client, acme: Account) -> None:
    deliver(
        event("invoice.paid", paid(id="in_9", subscription="sub_9"), at("2026-05-12")),
        event("customer.subscription.created", subscription(), at("2026-05-10")),
    )
    row = BillingCustomer.objects.get()
    assert "cus_1" in admin.get(PAGE).content.decode()
    assert (
        "No customer of yours is called"
        in admin.post(f"{PAGE}customers/{row.pk}/link/", {"account": "Nobody"}).content.decode()
    )

    admin.post(f"{PAGE}customers/{row.pk}/link/", {"account": "acme"})

    assert Contract.objects.get().account == acme
    page = admin.get(PAGE).content.decode()
    assert "Everybody is known" in page
    assert "Its contract sub_9 has not been reported yet." in page
    assert admin.get(f"{PAGE}customers/{row.pk}/link/").status_code == 404


def test_a_link_without_a_rate_changes_nothing_and_says_the_remedy(admin: Client, acme: Account) -> None:
    deliver(event("customer.subscription.created", subscription(currency="chf"), at("2026-05-10")))
    row = BillingCustomer.objects.get()
    answer = admin.post(f"{PAGE}customers/{row.pk}/link/", {"account": "Acme"})
    assert answer.status_code == 422
    assert "CHF has no rate to EUR" in answer.content.decode()
    row.refresh_from_db()
    assert row.account is None


def test_whoever_is_put_away_waits_no_more(admin: Client, acme: Account) -> None:
    deliver(event("customer.subscription.created", subscription(), at("2026-05-10")))
    row = BillingCustomer.objects.get()
    admin.post(f"{PAGE}customers/{row.pk}/put-away/")
    deliver(event("customer.updated", {"id": "cus_1", "email": "kim@acme.example"}, at("2026-05-11")))
    assert not Contract.objects.exists()
    assert not BillingCustomer.objects.unmatched().exists()


def test_whoever_was_put_away_by_mistake_is_found_and_linked(admin: Client, acme: Account) -> None:
    deliver(event("customer.subscription.created", subscription(), at("2026-05-10")))
    row, away = BillingCustomer.objects.get(), f"{PAGE}customers/put-away/"
    assert "Nobody was put away" in admin.get(away).content.decode()
    admin.post(f"{PAGE}customers/{row.pk}/put-away/")
    assert away in admin.get(PAGE).content.decode()
    assert f"{PAGE}customers/{row.pk}/link/" in admin.get(away).content.decode()
    admin.post(f"{PAGE}customers/{row.pk}/link/", {"account": "Acme"})
    assert Contract.objects.get().account == acme
    assert "Nobody was put away" in admin.get(away).content.decode()


def test_a_long_list_of_those_put_away_goes_on_by_pages(admin: Client) -> None:
    BillingCustomer.objects.bulk_create(
        BillingCustomer(source="stripe", external_id=f"cus_{number}", put_away_at=NOON) for number in range(21)
    )
    away = f"{PAGE}customers/put-away/"
    first = admin.get(away)
    assert len(first.context["page"].rows) == 20
    rest = admin.get(away, {"cursor": first.context["page"].next}, headers={"HX-Request": "true"}).content.decode()
    assert "cus_0" in rest
    assert "<html" not in rest
    assert admin.get(away, {"cursor": "nonsense"}).status_code == 400


def test_secrets_are_sealed_and_never_shown(admin: Client) -> None:
    said = {"stripe_signing": "whsec_new_and_long", "stripe_key": "rk_test_abcdefgh1234"}
    assert admin.post(f"{PAGE}connection/", {"stripe_key": "nonsense"}).status_code == 422
    assert admin.post(f"{PAGE}connection/", said).status_code == 302
    row = BillingSettings.the_only()
    assert secrets.stripe_signing(NOON) == ["whsec_new_and_long"]
    assert secrets.stripe_key() == "rk_test_abcdefgh1234"
    page = admin.get(PAGE).content.decode()
    for text in (page, row.stripe_signing, row.stripe_key):
        assert "new_and_long" not in text
        assert "abcdefgh1234" not in text

    admin.post(f"{PAGE}connection/", {"off": "1"})
    assert not secrets.stripe_signing(NOON)
    assert not secrets.stripe_key()


def test_a_fresh_hook_secret_is_shown_once(admin: Client) -> None:
    page = admin.post(f"{PAGE}hook-secret/").content.decode()
    shown = page.partition('readonly value="whsec_')[2].partition('"')[0]
    assert len(shown) == 44
    assert shown not in admin.get(PAGE).content.decode()
    assert len(secrets.hook(NOON)) == 1


def test_a_secret_is_shown_to_who_has_just_proven_themselves(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.team.signin.SignInAdapter.is_reauthentication_required", lambda *_, **__: True)
    client.force_login(ada)
    assert "/sign-in/again/" in client.post(f"{PAGE}hook-secret/").headers["Location"]
    assert not BillingSettings.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_key_is_tried_and_a_look_asked_for(admin: Client, server: Stripe) -> None:
    assert b"Compare now" in admin.get(PAGE).content
    admin.post(f"{PAGE}test/")
    assert server.asked[-1][0] == "/v1/events"
    admin.post(f"{PAGE}looks/")
    admin.post(f"{PAGE}looks/")
    assert BillingLook.objects.get().by_hand
    assert KEY.encode() not in admin.get(PAGE).content


def test_billing_is_nothing_for_agents_and_managers(client: Client, mira: User, sam: User) -> None:
    for user in (mira, sam):
        client.force_login(user)
        assert client.get(PAGE).status_code == 403
        assert client.post(f"{PAGE}looks/").status_code == 403
    assert not BillingLook.objects.exists()


def test_the_cards_say_how_it_stands(stripe: None) -> None:
    card = integrations["stripe"]
    assert card.says(Traffic(1, None, "")).tone == "warn"
    assert card.says(Traffic(1, NOON, "")).tone == "good"
    assert card.says(Traffic(1, NOON, "It failed")).tone == "bad"
    assert integrations["billing hook"].says(Traffic(0, None, "")).words == "Not set up"


def test_workflows_count_from_the_end_of_the_card_that_is_charged(known: Account) -> None:
    from django.db import connection

    card = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_1",
            "card": {"brand": "visa", "last4": "4242", "exp_year": 2026, "exp_month": 8}}  # fmt: skip
    primary = {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": "pm_1"}}
    deliver(event("payment_method.attached", card, at("2026-05-11")))
    with connection.cursor() as cursor:
        cursor.execute(date_fields["card.expires_on"].sql)
        assert cursor.fetchall() == []
        deliver(event("customer.updated", primary, at("2026-05-12")))
        cursor.execute(_CARDS)
        assert [(row[0], str(row[3])) for row in cursor.fetchall()] == [(known.pk, "2026-09-01")]


def test_an_erasure_leaves_ids_and_amounts_and_no_name(acme: Account, ada: User) -> None:
    whole = {"id": "cus_1", "object": "customer", "email": "kim@acme.example", "name": "Kim Sands"}
    deliver(
        event("customer.created", whole, at("2026-05-10")),
        event("customer.subscription.created", subscription(), at("2026-05-10")),
        event("invoice.finalized", invoice(customer_email="kim@acme.example"), at("2026-05-10")),
    )
    erase(acme.contacts.get().pk, ada, NOON)
    row = BillingCustomer.objects.get()
    assert (row.name, row.email, row.account) == ("", "", acme)
    told: list[Any] = [BillingObject.objects.values_list("state", flat=True)]
    told += [fact.said for one in BillingObject.objects.all() for fact in one.facts.all()]
    assert "kim" not in str(told).lower()
    assert Contract.objects.exists()


def test_it_asks_as_little_as_others(admin: Client, acme: Account, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        BillingCustomer.objects.create(source="stripe", external_id=f"cus_{number}", name=f"Nr {number}")
        factories.account()
    admin.get(PAGE)
    with django_assert_max_num_queries(12):
        admin.get(PAGE)
