"""A draft that nobody has published is rehearsed like any other."""

from __future__ import annotations

from typing import Any

from django.test import Client

from crm.team.models import User
from retention.workflows.models import Workflow
from retention.workflows.rehearsal.models import Rehearsal
from tests.conftest import NOON
from tests.retention.workflows.building.conftest import FINISHED


def _built(draft: dict[str, Any]) -> Workflow:
    return Workflow.objects.create(slug="silent", name="Silent", draft=draft, draft_edition=1, drafted_at=NOON)


def test_a_finished_draft_is_rehearsed_before_anything_is_published(client: Client, ada: User) -> None:
    _built(FINISHED)
    client.force_login(ada)
    page = client.get("/workflows/silent/", {"tab": "rehearsal"})
    assert "The draft, as it stands in the builder" in page.content.decode()
    client.post("/workflows/silent/rehearsals/", {"span": "ahead", "of": "draft"})
    asked = Rehearsal.objects.get()
    assert (asked.source, asked.definition["steps"][0]["id"]) == ("the draft", "mail")


def test_an_unfinished_one_is_refused_and_says_where_to_look(client: Client, ada: User) -> None:
    _built({"name": "Silent", "trigger": {"when": "silence", "days": 14}, "steps": []})
    client.force_login(ada)
    answer = client.post("/workflows/silent/rehearsals/", {"span": "ahead"}, follow=True)
    assert "The draft is not finished" in answer.content.decode()
    assert not Rehearsal.objects.exists()
