"""The link at the foot of a mail: opening it is harmless, posting to it ends the mail, and a person can undo it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client

from crm.accounts.models import Contact
from crm.duplicates import merging
from crm.outbox import unsubscribing
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def anna(db: None) -> Contact:
    account = factories.account("Kelp & Co")
    return factories.contact(account, first_name="Anna", email="anna@kelp.example", email_consent="yes")


@pytest.fixture
def link(anna: Contact) -> str:
    return unsubscribing.url_for(anna.pk).removeprefix("http://localhost:8000")


@pytest.fixture
def outside() -> Client:
    """A browser or mailbox without a session, to which the CSRF check applies."""
    return Client(enforce_csrf_checks=True)


def consent_of(contact: Contact) -> str:
    return Contact.objects.get(pk=contact.pk).email_consent


def test_a_link_is_good_for_whom_its_reader_was_merged_into(
    outside: Client, anna: Contact, link: str, mira: User
) -> None:
    keeper = factories.contact(anna.account, email_consent="yes")
    merging.merge("contact", keeper.pk, anna.pk, {}, mira, NOON)

    assert outside.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert consent_of(keeper) == "no"


def test_scanners_change_nothing(outside: Client, anna: Contact, link: str) -> None:
    for _ in range(3):
        assert outside.get(link).status_code == 200
        assert outside.head(link).status_code == 200

    assert consent_of(anna) == "yes"
    assert not TimelineEntry.objects.exists()


def test_the_page_says_who_and_offers_a_button(outside: Client, link: str) -> None:
    page = outside.get(link).content.decode()

    assert "Mail to anna<wbr>@kelp.example" in page
    assert '<form method="post">' in page
    assert "Send me no more of it" in page


def test_a_mailbox_unsubscribes_with_one_click(outside: Client, anna: Contact, link: str) -> None:
    for _ in range(2):
        response = outside.post(link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert response.status_code == 200
        assert response.content == b"Unsubscribed.\n"

    assert consent_of(anna) == "no"
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.source, entry.contact, entry.payload) == (
        "email.unsubscribed", "customer", anna, {"before": "yes"},
    )  # fmt: skip


def test_one_click_may_come_as_multipart(outside: Client, anna: Contact, link: str) -> None:
    assert outside.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert consent_of(anna) == "no"


def test_a_person_unsubscribes_and_thinks_better_of_it(outside: Client, anna: Contact, link: str) -> None:
    page = outside.post(link).content.decode()
    assert consent_of(anna) == "no"
    assert "You get no more such mail" in page

    page = outside.post(link, {"undo": "1"}).content.decode()
    assert consent_of(anna) == "yes"
    assert "Send me no more of it" in page
    assert list(TimelineEntry.objects.order_by("id").values_list("kind", flat=True)) == [
        "email.unsubscribed", "email.resubscribed",
    ]  # fmt: skip


@pytest.mark.parametrize("before", ["yes", ""])
def test_undoing_gives_back_what_there_was_and_no_more(outside: Client, anna: Contact, link: str, before: str) -> None:
    Contact.objects.update(email_consent=before)
    for _ in range(2):
        outside.post(link)
        outside.post(link, {"undo": "1"})
        assert consent_of(anna) == before

    outside.post(link, {"undo": "1"})
    assert consent_of(anna) == before
    assert TimelineEntry.objects.filter(kind="email.resubscribed").count() == 2


@pytest.mark.parametrize("consent", ["", "no"])
def test_a_link_gives_no_consent_that_was_never_given(outside: Client, anna: Contact, link: str, consent: str) -> None:
    Contact.objects.update(email_consent=consent)

    page = outside.post(link, {"undo": "1"}).content.decode()

    assert consent_of(anna) == consent
    assert "undo" not in page
    assert not TimelineEntry.objects.exists()


def test_a_link_takes_back_no_refusal_noted_by_hand(outside: Client, anna: Contact, link: str) -> None:
    outside.post(link)
    later = NOON + timedelta(seconds=1)
    record(Fact(anna.account_id, "contact.consent_changed", "Refused mail.", later, contact_id=anna.pk), now=later)

    outside.post(link, {"undo": "1"})

    assert consent_of(anna) == "no"
    assert not TimelineEntry.objects.filter(kind="email.resubscribed").exists()


@pytest.mark.parametrize("token", ["nonsense", "WzEsImVtYWlsIl0:1abcde:xyz"])
def test_a_damaged_link_gets_a_friendly_answer(outside: Client, anna: Contact, token: str) -> None:
    for response in (outside.get(f"/u/{token}/"), outside.post(f"/u/{token}/")):
        assert response.status_code == 404
        assert "This link is damaged" in response.content.decode()
    assert consent_of(anna) == "yes"


def test_a_token_of_another_list_or_purpose_is_none_of_ours(anna: Contact) -> None:
    other_list = signing.dumps([anna.pk, "sms"], salt="crm.outbox.unsubscribe")
    other_purpose = signing.dumps([anna.pk, "email"], salt="crm.surveys.answer")

    assert unsubscribing.contact_of(other_list) is None
    assert unsubscribing.contact_of(other_purpose) is None
