"""What a campaign's pages show at each time of its life, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from crm.accounts.models import Contact
from crm.outbox import policy
from crm.team.models import User
from retention.campaigns import actions
from retention.campaigns.models import Campaign
from retention.workflows import naming
from retention.workflows.building import letters
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON


def page(client: Any, row: Campaign) -> str:
    found: str = client.get(reverse("campaigns:campaign", args=[row.pk])).content.decode()
    return found


def test_planned_it_can_be_called_off_and_shows_no_zeros(
    client: Any, ada: User, people: dict[str, Contact], news: Callable[..., Campaign]
) -> None:
    client.force_login(ada)
    row = actions.plan(news().pk, ada, NOON)
    shown = page(client, row)
    assert "Call it off" in shown
    assert "Write to them again" not in shown
    assert "What became of it" not in shown


def test_sent_it_has_figures_and_is_not_called_off_any_more(
    client: Any, ada: User, people: dict[str, Contact], news: Callable[..., Campaign]
) -> None:
    client.force_login(ada)
    row = actions.plan(news().pk, ada, NOON)
    row.refresh_from_db()
    assert row.workflow is not None
    Enrollment.objects.create(
        workflow=row.workflow, version=row.workflow.version, account=factories.account(), trigger_key="a",
        state="done", step_id="", due_at=NOON, entered_at=NOON, ended_at=NOON,
    )  # fmt: skip
    shown = page(client, row)
    assert "What became of it" in shown
    assert "Write to them again" in shown
    assert "Call it off" not in shown


def test_the_list_names_places_in_subjects(client: Any, ada: User, news: Callable[..., Campaign]) -> None:
    news()
    client.force_login(ada)
    shown = client.get(reverse("campaigns:list")).content.decode()
    assert "News, [" in shown
    assert "{{" not in shown


def test_what_can_be_named_is_offered_by_the_words_people_use(client: Any, ada: User) -> None:
    client.force_login(ada)
    shown = client.get(reverse("campaigns:new")).content.decode()
    assert (
        "<dt>End of the contract</dt><dd><code>{{ contract.ends_on | default: &quot;soon&quot; }}</code></dd>" in shown
    )


def test_every_name_that_texts_may_have_is_offered_once(db: None) -> None:
    offered = [one.name for _, group in letters.variables() for one in group]
    assert sorted(offered) == sorted(name for name, _ in naming.offered())
    assert len(offered) == len(set(offered))


def test_in_a_crisis_it_says_how_soon_it_leaves_and_whether_mail_does(
    client: Any, ada: User, make_user: Any, people: Any, news: Callable[..., Campaign], settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://mail.example:25"
    client.force_login(make_user("Bea", "admin"))
    row = actions.plan(news(kind="crisis", day=None, subject="What happened").pk, ada, NOON)
    assert "caps and quiet hours do not hold in a crisis" in page(client, row)
    back = client.post(reverse("campaigns:calling_off", args=[row.pk]), follow=True).content.decode()
    assert "a draft again" in back
    assert "Called off" not in back
    row = actions.plan(row.pk, ada, NOON)
    policy.throw("all", "Wrong list", NOON, ada)
    said = client.post(reverse("campaigns:approval", args=[row.pk]), {"read": row.digest}, follow=True)
    said = said.content.decode()
    assert "has its yes, and waits" in said
    assert "Wrong list" in said
    assert "leaves now" not in said
    assert "within a minute" in said
    assert "anywhere on Earth" not in said
