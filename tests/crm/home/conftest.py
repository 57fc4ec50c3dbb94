"""Work that stands still in every way there is, and browsers to look at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending
from crm.web.models import Pulse
from retention.workflows.actions import enable
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON

Put = Callable[..., OutboundMessage]


@pytest.fixture
def way_out(settings: Any) -> None:
    settings.EMAIL_URL = "folder:///nowhere"


@pytest.fixture
def alive(db: None) -> None:
    """Beat rang and a worker answered just now."""
    for name in ("heartbeat", "outbox", "workflows", "ledger"):
        Pulse.objects.create(name=name, ran_at=NOON)


@pytest.fixture
def put(db: None) -> Put:
    """A message in this state, to somebody new."""

    def put(state: str = "due", due_at: datetime = NOON, **fields: Any) -> OutboundMessage:
        contact = factories.contact()
        draft = Draft(
            key=f"m{contact.pk}", category="service", template_id=template("Hello {{ contact.first_name }}", "Text"),
            due_at=due_at, contact_id=contact.pk, sender_id=fields.pop("sender_id", None),
            series=fields.pop("series", ""),
        )  # fmt: skip
        (pk,) = enqueue([draft], now=NOON).values()
        OutboundMessage.objects.filter(pk=pk).update(state=state, **fields)
        return OutboundMessage.objects.get(pk=pk)

    return put


@pytest.fixture
def workflow(db: None) -> Workflow:
    return enable("renewal-reminder", NOON)


@pytest.fixture
def enroll(workflow: Workflow) -> Callable[..., Enrollment]:
    def enroll(state: str = "active", due_at: datetime = NOON, **fields: Any) -> Enrollment:
        account = factories.account()
        first = next(iter(workflow.version.definition["steps"]))["id"]
        return Enrollment.objects.create(
            **{"workflow": workflow, "version": workflow.version, "account": account, "trigger_key": str(account.pk),
               "step_id": first, "state": state, "due_at": due_at, "facts": {"text": "It began"}} | fields,
        )  # fmt: skip

    return enroll


@pytest.fixture
def pend(db: None) -> Callable[..., Pending]:
    def pend(since: datetime = NOON, parked: bool = False) -> Pending:
        (entry,) = record(Fact(factories.account().pk, "usage.first", "First use"), now=since)
        pending = Pending.objects.get(entry_id=entry)
        if parked:
            pending.parked_at, pending.error = since, "ValueError: no such field"
            pending.save()
        return pending

    return pend


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)
