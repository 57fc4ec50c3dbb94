"""What people and workers do at the same moment: each thing happens once, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox import approving
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import Decision, OutboundMessage
from crm.team.models import User
from crm.timeline.actions import Fact, record
from retention.campaigns import actions as campaigns
from retention.campaigns.actions import CampaignError
from retention.campaigns.models import Campaign
from retention.workflows import actions
from retention.workflows.building import drafts, making
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.retention.workflows.building.conftest import FINISHED

pytestmark = pytest.mark.django_db(transaction=True)


def calls(text: str) -> Any:
    def change(data: dict[str, Any]) -> str:
        data["name"] = text
        return "called it"

    return change


@pytest.fixture
def own(ada: User) -> Workflow:
    made = making.begin("Silent", ada, NOON)

    def fill(data: dict[str, Any]) -> str:
        data.update(FINISHED)
        return "filled it in"

    return drafts.edit(made.slug, 10**6, fill, "", ada, NOON)


def test_publishing_while_another_window_keeps_what_is_typed_loses_neither(own: Workflow, ada: User) -> None:
    for turn in range(6):
        drafts.edit("silent", 10**6, calls(f"Turn {turn}"), "", ada, NOON)
        edition = Workflow.objects.get().draft_edition
        gave = beside(
            lambda edition=edition: drafts.publish("silent", edition, ada, NOON),
            lambda edition=edition, turn=turn: drafts.edit(
                "silent", edition, calls(f"Typed {turn}"), "whole", ada, NOON
            ),
        )
        assert not [one for one in gave if isinstance(one, Exception)], gave
        row, last = Workflow.objects.get(), WorkflowVersion.objects.latest("number")
        names = {last.definition["name"], drafts.current(row)["name"]}
        assert f"Typed {turn}" in names, "what was typed is published, or stands in the draft"
        assert WorkflowVersion.objects.count() == turn + 1


def test_two_who_publish_make_one_version(own: Workflow, ada: User, make_user: Any) -> None:
    zoe = make_user("Zoe", "admin")
    edition = Workflow.objects.get().draft_edition
    gave = beside(*(lambda by=by: drafts.publish("silent", edition, by, NOON) for by in (ada, zoe)))
    assert sum(isinstance(one, drafts.DraftError) for one in gave) == 1
    assert WorkflowVersion.objects.count() == 1


def test_facts_that_come_while_it_is_paused_and_resumed_start_each_once(own: Workflow, ada: User) -> None:
    def start(data: dict[str, Any]) -> str:
        data["trigger"] = {"when": "fact", "kind": "deal.won"}
        return "chose another start"

    drafts.edit("silent", 10**6, start, "", ada, NOON)
    drafts.publish("silent", 10**6, ada, NOON)
    actions.enable("silent", NOON)
    accounts = [factories.account(f"Kelp {n}") for n in range(20)]
    record([Fact(one.pk, "deal.won", "Won", NOON + timedelta(minutes=1)) for one in accounts])
    at = NOON + timedelta(minutes=2)

    def switching() -> None:
        for second in range(4):
            moment = at + timedelta(seconds=second)
            actions.pause(Workflow.objects.get(), moment)
            actions.resume(Workflow.objects.get(), moment)

    def working() -> None:
        for _ in range(6):
            actions.work(at + timedelta(seconds=5))

    gave = beside(switching, working, working)
    assert not [one for one in gave if isinstance(one, Exception)], gave
    working()
    assert Enrollment.objects.count() == len(accounts)
    assert OutboundMessage.objects.count() <= len(accounts)


def test_a_yes_and_a_no_at_once_are_one_decision(mira: User, ada: User) -> None:

    person: Contact = factories.contact(factories.account("Kelp", owner=mira), email="anna@kelp.example")
    for number in range(8):
        draft = Draft(
            key=f"b:{number}", category="service", template_id=template("Hi", "x"), due_at=NOON, contact_id=person.pk,
            account_id=person.account_id, needs_approval_by=mira.pk,
        )  # fmt: skip
        pk = enqueue([draft], now=NOON)[f"b:{number}"]
        gave = beside(
            lambda pk=pk: approving.approve([pk], mira, NOON),
            lambda pk=pk: approving.refuse([pk], "No", ada, NOON),
            lambda pk=pk: approving.approve([pk], ada, NOON),
        )
        assert sum(len(one.done) for one in gave) == 1
        assert Decision.objects.filter(message=pk, verdict__in=["approved", "refused"]).count() == 1
        said = Decision.objects.get(message=pk, verdict__in=["approved", "refused"]).verdict
        assert OutboundMessage.objects.get(pk=pk).state == {"approved": "due", "refused": "cancelled"}[said]


def test_a_yes_to_a_campaign_while_it_is_taken_back_and_changed(ada: User, make_user: Any) -> None:
    zoe = make_user("Zoe", "admin")
    written = {"name": "Outage", "kind": "crisis", "subject": "Sorry", "body": "We were down."}
    for _ in range(6):
        row = campaigns.plan(campaigns.make(written, ada, NOON).pk, ada, NOON)
        read = Campaign.objects.get(pk=row.pk).digest

        def changing(pk: int = row.pk) -> None:
            campaigns.call_off(pk, ada, NOON)
            campaigns.write(pk, written | {"body": "Something else."}, ada, NOON)

        beside(lambda pk=row.pk, read=read: campaigns.approve(pk, zoe, NOON, read), changing)
        now = Campaign.objects.select_related("workflow").get(pk=row.pk)
        assert now.state in ("planned", "called_off", "draft")
        if now.state == "planned":
            assert now.body == "We were down.", "what leaves is what was read"
        else:
            with pytest.raises(CampaignError):
                campaigns.approve(row.pk, zoe, NOON, read)
