"""What a campaign must not do behind its page: leave unread, leave uncalled, or stay away from who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from crm.accounts.models import Contact
from crm.history import actions as history
from crm.history.undoing import UndoError
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from retention.campaigns import actions
from retention.campaigns.actions import CampaignError
from retention.campaigns.models import Campaign
from retention.workflows import actions as workflows
from retention.workflows import publishing
from retention.workflows.building import drafts, files, making
from retention.workflows.building.drafts import DraftError
from retention.workflows.bulk import EnrollForm
from retention.workflows.changing import stopping
from retention.workflows.definition import parse
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.recipes import RecipeError
from tests.conftest import NOON
from tests.retention.campaigns.test_campaigns import EVENING, sent

HOUR = timedelta(hours=1)


@pytest.fixture
def alarm(news: Callable[..., Campaign]) -> Campaign:
    return news(kind="crisis", day=None, name="Outage", subject="What happened", who="everybody")


def test_called_off_with_its_audience_taken_it_goes_to_all_of_them_when_planned_again(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    taken = datetime(2026, 6, 1, 14, tzinfo=UTC)  # its day has begun on Kiribati, and nobody's hour has come
    walk(taken)
    assert Enrollment.objects.count() == 4
    actions.call_off(row.pk, ada, taken)
    actions.reopen(row.pk, ada, taken)
    actions.write(row.pk, {"subject": "Better", "name": row.name}, ada, taken)
    actions.plan(row.pk, ada, taken)

    walk(EVENING, start=taken)

    assert set(sent(row)) == {"Anna", "Chie"}
    left = OutboundMessage.objects.filter(state="sent")
    assert [mail.template.subject for mail in left] == ["Better", "Better"]  # the first words never leave


def test_a_workflow_of_the_same_name_in_addresses_is_in_nobodys_way(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User
) -> None:
    row = news()
    making.begin(f"Campaign {row.pk}", ada, NOON)
    assert actions.plan(row.pk, ada, NOON).state == Campaign.State.PLANNED


def test_what_was_called_off_cannot_be_switched_on_as_a_workflow(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    slug = row.workflow.slug
    workflows.disable(slug, NOON, ada)
    actions.call_off(row.pk, ada, NOON)
    with pytest.raises(RecipeError, match="page"):
        workflows.enable(slug, NOON)
    if (stopped := stopping.last_stop(Workflow.objects.get(slug=slug), NOON)) is not None:
        with pytest.raises(UndoError):
            history.undo(stopped, ada, NOON)
    with pytest.raises(DraftError):
        making.bring_back(slug, ada, NOON)
    walk(EVENING)
    assert not sent(row)


def test_an_old_campaign_is_not_sent_to_those_who_came_since(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User, walk: Any
) -> None:
    row = actions.plan(news().pk, ada, NOON)
    walk(EVENING)
    workflows.disable(row.workflow.slug, EVENING, ada)
    with pytest.raises(RecipeError, match="page"):
        workflows.enable(row.workflow.slug, EVENING)


def test_the_words_of_a_campaign_are_not_changed_in_the_builder(
    people: dict[str, Contact], alarm: Campaign, ada: User, client: Any
) -> None:
    actions.plan(alarm.pk, ada, NOON)
    row = actions.approve(alarm.pk, ada, NOON)
    with pytest.raises(DraftError):
        drafts.edit(row.workflow.slug, 0, lambda data: data.update(name="x") or "named it", "", ada, NOON)
    client.force_login(ada)
    assert client.get(reverse("workflows:builder", args=[row.workflow.slug])).status_code == 404


def test_nobody_builds_a_letter_past_caps_without_a_second_yes(alarm: Campaign, ada: User, people: Any) -> None:
    """Neither as a copy of a campaign, nor from a file, nor step by step."""
    actions.plan(alarm.pk, ada, NOON)
    slug = actions.approve(alarm.pk, ada, NOON).workflow.slug
    with pytest.raises(DraftError, match="its own page"):
        making.copy_of(slug, "Mine", ada, NOON)
    text = files.written(Workflow.objects.get(slug=slug).version.definition)  # type: ignore[union-attr]
    imported = making.from_file(text, ada, NOON)
    with pytest.raises(DraftError, match="Made on the page of campaigns"):
        drafts.publish(imported.slug, imported.draft_edition, ada, NOON)
    plan = parse(Workflow.objects.get(slug=slug).version.definition)  # type: ignore[union-attr]
    with pytest.raises(RecipeError, match="belongs to campaigns"):
        publishing.publish(imported, plan, NOON, ada)
    imported.refresh_from_db()
    assert imported.version_id is None


def test_the_builder_does_not_offer_what_campaigns_do(ada: User, client: Any) -> None:
    client.force_login(ada)
    own = making.begin("Mine", ada, NOON)
    page = client.get(reverse("workflows:builder", args=[own.slug]) + "?at=add&place=::0").content.decode()
    assert "Send a mail" in page
    assert "Send a campaign" not in page
    client.post(reverse("workflows:draft_steps", args=[own.slug]), {"do": "broadcast", "place": "::0", "edition": "1"})
    own.refresh_from_db()
    assert own.draft["steps"] == []


def test_nobody_is_put_into_a_campaign_by_hand(
    people: dict[str, Contact], news: Callable[..., Campaign], ada: User
) -> None:
    actions.plan(news().pk, ada, NOON)
    assert not EnrollForm(viewer=ada).fields["workflow"].queryset.exists()  # type: ignore[attr-defined]


# What is approved is what was read --------------------------------------------------------------------------------


def test_a_yes_is_to_the_words_that_were_read(alarm: Campaign, ada: User, make_user: Any, people: Any) -> None:
    bea = make_user("Bea", "admin")
    actions.plan(alarm.pk, ada, NOON)
    read = Campaign.objects.get(pk=alarm.pk).digest
    actions.call_off(alarm.pk, ada, NOON)
    actions.write(alarm.pk, {"name": "Outage", "body": "Something else."}, ada, NOON)
    actions.plan(alarm.pk, ada, NOON)
    with pytest.raises(CampaignError, match="changed"):
        actions.approve(alarm.pk, bea, NOON, read)
    assert not Workflow.objects.exists()
    read = Campaign.objects.get(pk=alarm.pk).digest
    assert actions.approve(alarm.pk, bea, NOON, read).state == Campaign.State.PLANNED


def test_the_page_sends_along_what_it_showed(
    alarm: Campaign, ada: User, make_user: Any, people: Any, client: Any
) -> None:
    bea = make_user("Bea", "admin")
    actions.plan(alarm.pk, ada, NOON)
    client.force_login(bea)
    page = client.get(reverse("campaigns:campaign", args=[alarm.pk])).content.decode()
    read = Campaign.objects.get(pk=alarm.pk).digest
    assert f'value="{read}"' in page
    at = reverse("campaigns:approval", args=[alarm.pk])
    assert "changed" in client.post(at, follow=True).content.decode()
    assert Campaign.objects.get(pk=alarm.pk).state == "asked"
    client.post(at, {"read": read})
    assert Campaign.objects.get(pk=alarm.pk).state == "planned"


def test_what_waits_for_a_yes_is_not_changed_by_an_undo(
    alarm: Campaign, ada: User, make_user: Any, people: Any
) -> None:
    make_user("Bea", "admin")
    written = actions.write(alarm.pk, {"name": "Outage", "body": "Harmless."}, ada, NOON)
    actions.plan(alarm.pk, ada, NOON)
    with pytest.raises(UndoError):
        history.undo(written, ada, NOON)
    alarm.refresh_from_db()
    assert alarm.body == "Harmless."
    actions.call_off(alarm.pk, ada, NOON)
    history.undo(written, ada, NOON)
    alarm.refresh_from_db()
    assert alarm.body == "All of it."
