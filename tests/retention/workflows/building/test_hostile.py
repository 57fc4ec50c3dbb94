"""Every form of the builder with values that nobody types by mistake, and definitions that no person writes: each is
kept or refused with words, its page opens again, and nothing is published that cannot run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.team.models import ApiToken
from retention.workflows.building import drafts
from retention.workflows.building.asked import all_of, asked
from retention.workflows.kinds import step_kinds, trigger_kinds
from retention.workflows.models import WorkflowVersion

VALUES = [
    "", " ", "0", "-1", "−7", "1.5", "1e9", "99999999999", "9" * 400, "NaN", "\0", "\ud7ff\u202e<script>", "x" * 30_000,
    "{{ x", "{% for a in (1..99999999) %}", "[]", "null", "2026-02-30", "25:61", "../../etc", "'; DROP TABLE x; --",
]  # fmt: skip
STEPS = [do for do in step_kinds.names() if not step_kinds[do].room]
STARTS = [when for when in trigger_kinds.names() if not trigger_kinds[when].room]


def posts(model: Any) -> list[dict[str, str]]:
    """Each value in every input at once, groups on and off."""
    names = [one.name for one in all_of(asked(model))]
    first = {"v.one_of": names[0] if names else ""}
    on = {f"{name}.on": "1" for name in names}
    return [dict.fromkeys(names, value) | first | more for value in VALUES for more in (on, {})]


def sound(client: Any, slug: str, at: str) -> None:
    assert client.get(f"/workflows/{slug}/building/?at={at}").status_code == 200
    assert (
        client.post(f"/workflows/{slug}/draft/preview/", {"v.subject": "{{ x", "v.body": "{% if %}"}).status_code == 200
    )


@pytest.mark.parametrize("do", STEPS)
def test_a_step_is_kept_or_refused_whatever_is_sent(browse, built, ada, do):
    client, slug = browse(ada), built.slug
    client.post(f"/workflows/{slug}/draft/steps/", {"do": do, "place": "::0"})
    built.refresh_from_db()
    step = built.draft["steps"][0]["id"]
    for given in posts(step_kinds[do].model):
        answer = client.post(f"/workflows/{slug}/draft/steps/{step}/", given | {"typed": "1", "at": f"step:{step}"})
        assert answer.status_code in (200, 302, 409), given
    for more in (
        "more:v.arms",
        "more:v.fields",
        "more:v.languages",
        "drop:v.arms.99",
        "drop:v.languages.",
        "|",
        "more:",
    ):
        given = {"do": more, "v.languages.new": "x\0", "typed": "1"}
        assert client.post(f"/workflows/{slug}/draft/steps/{step}/", given).status_code in (200, 302, 409), more
    sound(client, slug, f"step:{step}")


@pytest.mark.parametrize("when", STARTS)
def test_a_start_is_kept_or_refused_whatever_is_sent(browse, built, ada, when):
    client, slug = browse(ada), built.slug
    client.post(f"/workflows/{slug}/draft/start/", {"when": when})
    for given in posts(trigger_kinds[when].model):
        answer = client.post(f"/workflows/{slug}/draft/trigger/", given | {"typed": "1", "at": "trigger"})
        assert answer.status_code in (200, 302, 409), given
    sound(client, slug, "trigger")


DEEP: Any = {"id": "b", "do": "branch", "if": {}, "then": [], "else": []}
for _ in range(80):
    DEEP = {"id": f"b{_}", "do": "branch", "if": {}, "then": [DEEP], "else": []}
PLAN = {"name": "x", "trigger": {"when": "silence", "days": 14}, "steps": [{"id": "a", "do": "task", "title": "x"}]}


@pytest.mark.parametrize(
    "sent",
    [
        json.dumps(PLAN | {"steps": [DEEP]}),
        json.dumps(PLAN | {"steps": [{"id": f"s{n}", "do": "task", "title": "x"} for n in range(20_000)]}),
        json.dumps(PLAN | {"name": "a\u0000b"}),
        json.dumps(PLAN | {"steps": [{"id": "a", "do": "task", "title": "\ud800"}]}),
        json.dumps(PLAN | {"trigger": {"when": ["silence"]}}),
        json.dumps(PLAN | {"trigger": {"when": "silence", "days": 10**400}}),
        json.dumps(PLAN | {"holdout_percent": 0.5}),
        json.dumps(PLAN | {"steps": {"0": {}}}),
        json.dumps(PLAN | {"segments": {"x": "y"}, "settings": {"a": {"label": 1, "default": 2}}}),
        json.dumps(PLAN | {"steps": [{"id": "../x", "do": "task", "title": "x"}]}),
        json.dumps(PLAN | {"steps": [None, 7, "x", []]}),
        json.dumps(PLAN).replace("14", "NaN"),
        json.dumps(PLAN).replace("14", "1e400"),
        "[" * 100_000,
    ],
    ids=range(14),
)
def test_a_hostile_definition_is_refused_and_the_draft_stays(built, ada, sent):
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(ada, 'write')[1]}")
    body = f'{{"definition": {sent}}}'
    for answer in (
        client.put(f"/api/v1/workflows/{built.pk}/draft/", body, content_type="application/json"),
        client.post("/api/v1/workflows/", body, content_type="application/json"),
    ):
        assert answer.status_code in (400, 413), answer.content[:300]
    built.refresh_from_db()
    assert drafts.current(built)["name"] == "Silent"
    assert not WorkflowVersion.objects.exists()
