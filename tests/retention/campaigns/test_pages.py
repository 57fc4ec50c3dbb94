"""The pages of campaigns: written, looked at, planned and called off in the browser; what is refused says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from crm.accounts.models import Contact
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from retention.campaigns import actions
from retention.campaigns.models import Campaign
from tests.conftest import NOON

FORM = {
    "name": "June", "kind": "news", "who": "reader", "hour": "09:00", "over_hours": "0", "other_share": "50",
    "subject": "Hello {{ contact.first_name }}", "body": "News of {{ account.name }}", "day": "2026-06-03",
}  # fmt: skip


@pytest.fixture
def office(client: Any, ada: User) -> Any:
    client.force_login(ada)
    return client


def test_from_the_form_to_the_plan(office: Any, people: dict[str, Contact]) -> None:
    at = office.post(reverse("campaigns:new"), FORM)
    row = Campaign.objects.get()
    assert at["Location"] == reverse("campaigns:campaign", args=[row.pk])
    page = office.get(at["Location"]).content.decode()
    assert "Hello Anna" in page
    assert "News of Kelp" in page
    assert "Would get it" in page

    said = office.post(reverse("campaigns:planning", args=[row.pk]), follow=True).content.decode()
    assert "is planned" in said
    assert "Call it off" in said
    assert "campaign-" not in office.get(reverse("workflows:list")).content.decode()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"body": "{{ contact.first_name | shout }}"}, "no filter named shout"),
        ({"over_hours": "73"}, "At most 72 hours"),
        ({"name": ""}, "Fill this in."),
        ({"other_share": "0"}, "From 1 to 99"),
        ({"body": "Hello\n{% if %}"}, ">Line 2: "),
        ({"segment": "4711"}, "Choose one of the list."),
    ],
)
def test_a_form_that_is_refused_keeps_nothing(office: Any, db: None, changed: dict[str, str], why: str) -> None:
    answer = office.post(reverse("campaigns:new"), FORM | changed)
    assert answer.status_code == 422
    assert any(part in answer.content.decode() for part in why.split("|"))
    assert not Campaign.objects.exists()


def test_a_letter_to_oneself_is_filled_in_and_leaves_once_a_minute(
    office: Any, ada: User, people: dict[str, Contact], news: Callable[..., Campaign]
) -> None:
    row = news()
    for _ in range(3):
        office.post(reverse("campaigns:trial", args=[row.pk]))
    mail = OutboundMessage.objects.get()
    assert (mail.user_id, mail.facts["subject"]) == (ada.pk, "News, Anna")


def test_a_manager_reads_and_changes_nothing(client: Any, mira: User, news: Callable[..., Campaign]) -> None:
    row = news()
    client.force_login(mira)
    page = client.get(reverse("campaigns:campaign", args=[row.pk])).content.decode()
    assert "Plan it" not in page
    for verb in ("planning", "trial", "copies"):
        assert client.post(reverse(f"campaigns:{verb}", args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.state == Campaign.State.DRAFT
    assert Campaign.objects.count() == 1


def test_whoever_sees_a_part_reads_no_foreign_name(
    client: Any, olaf: User, mira: User, people: dict[str, Contact], news: Callable[..., Campaign]
) -> None:
    for person in people.values():
        person.account.owner = mira
        person.account.save()
    client.force_login(olaf)
    page = client.get(reverse("campaigns:campaign", args=[news().pk])).content.decode()
    assert "Anna" not in page
    assert "Whom it would reach" not in page


def test_lists_and_pages_ask_few_questions(
    office: Any,
    people: Any,
    news: Callable[..., Campaign],
    ada: User,
    django_assert_max_num_queries: Any,
    kept_standing: Any,
) -> None:
    for number in range(12):
        row = news(name=f"News {number}")
        actions.plan(row.pk, ada, NOON)
    for address in (reverse("campaigns:list"), reverse("campaigns:campaign", args=[row.pk])):
        office.get(address)
        with django_assert_max_num_queries(12):
            office.get(address)


@pytest.mark.parametrize("others", [0, 1])
def test_a_lone_admin_is_told_that_the_yes_is_theirs(
    office: Any, people: dict[str, Contact], make_user: Callable[..., User], others: int
) -> None:
    for number in range(others):
        make_user(f"Zoe{number}", User.Role.ADMIN)
    office.post(reverse("campaigns:new"), FORM | {"kind": "crisis"})
    row = Campaign.objects.get()
    said = office.post(reverse("campaigns:planning", args=[row.pk]), follow=True).content.decode()
    assert ("Another admin is asked" in said) == bool(others)
    assert ("There is no other admin to ask" in said) == (not others)
    assert ("Say yes: it leaves at once" in said) == (not others)
    assert Campaign.objects.get().state == "asked"
