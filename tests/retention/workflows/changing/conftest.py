"""Workflows in several versions, and people at any place in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.team.models import User
from retention.workflows import definition
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def republish(db: None) -> Callable[..., Workflow]:
    """The workflow with other steps, as its current version; nobody is moved."""

    def make(workflow: Workflow, *steps: Any, **more: Any) -> Workflow:
        last = workflow.versions.order_by("-number").first()
        assert last is not None
        plan = definition.parse(last.definition | {"steps": list(steps)} | more)
        dumped = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
        workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=last.number + 1, definition=dumped)
        workflow.save()
        return workflow

    return make


@pytest.fixture
def stand(db: None) -> Callable[..., Enrollment]:
    """Somebody who stands before a step, having done these."""

    def make(workflow: Workflow, step_id: str, *done: str, **more: Any) -> Enrollment:
        account = more.pop("account", None) or factories.account()
        if not account.contacts.exists():
            factories.contact(account)
        values = {"due_at": NOON, "entered_at": NOON, "trigger_key": f"{step_id}-{account.pk}"} | more
        row = Enrollment.objects.create(
            workflow=workflow, version_id=workflow.version_id, account=account, step_id=step_id, **values
        )
        for step in done:
            row.runs.create(step_id=step, kind="task", ran_at=NOON, outcome="Done")
        return row

    return make


@pytest.fixture
def browse() -> Callable[[User], Client]:
    """A browser in which somebody is signed in."""

    def of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return of
