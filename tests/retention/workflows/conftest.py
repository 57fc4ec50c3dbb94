"""A way to run what is due at a moment, as workers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from crm.web import clock
from retention.workflows import actions, definition
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Workflow, WorkflowVersion


@pytest.fixture
def run_at(db: None) -> Callable[[datetime], None]:
    """Do all that is due in the workflows at this moment."""

    def run(moment: datetime) -> None:
        with clock.travelling(moment):
            while actions.work(moment):
                pass

    return run


@pytest.fixture
def verb_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], Any]:
    """Another verb for a kind of step, until the test ends; returns the one it had."""

    def put(do: str, verb: Any) -> Any:
        kind = step_kinds[do]
        monkeypatch.setitem(step_kinds._entries, do, replace(kind, verb=verb))
        return kind.verb

    return put


@pytest.fixture
def publish(db: None) -> Callable[..., Workflow]:
    """A workflow from plain data, switched on now."""

    def make(data: dict[str, Any], slug: str = "test") -> Workflow:
        plan = definition.parse({"name": slug.capitalize(), **data})
        now = clock.now()
        workflow = Workflow.objects.create(
            slug=slug, name=plan.name, state=Workflow.State.ON, enabled_at=now, swept_until=now
        )
        dumped = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
        workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=1, definition=dumped)
        workflow.save()
        return workflow

    return make
