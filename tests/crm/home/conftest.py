"""Work that stands still in every way there is, customers who need somebody, and browsers to look at both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Account
from crm.home import views
from crm.outbox import policy
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage, Sender, Switch
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


@pytest.fixture
def trouble(alive, put, enroll, pend):
    """Something of everything."""
    slow = Sender.objects.create(name="slow")
    for due_at in (NOON, ago(10), ago(121)):
        put(due_at=due_at)
    put(due_at=ago(-1))  # not yet
    put(due_at=ago(500), sender_id=slow.pk)
    policy.throw("sender:slow", "wrong signature", NOON)
    put("uncertain", reason="No answer.")
    for cause in ("The text cannot be filled in.", "Refused.", "Refused."):
        put("failed", reason=cause, series="renewal-reminder")
    enroll(due_at=ago(120))
    enroll(due_at=ago(120.001))
    enroll("parked", ended_because="KeyError: plan")
    pend(ago(5))
    pend(ago(130))
    pend(parked=True)


def everything():
    return (
        list(OutboundMessage.objects.order_by("pk").values_list("pk", "state", "reason")),
        list(Enrollment.objects.order_by("pk").values_list("pk", "state")),
        list(Pending.objects.order_by("pk").values_list("pk", "parked_at")),
        list(Switch.objects.values_list("scope", flat=True)),
    )


TODAY = date(2026, 6, 1)


@pytest.fixture
def nothing_is_slow(monkeypatch):
    """On a busy machine figures would be kept."""
    monkeypatch.setattr(views, "_SLOW_SECONDS", 60)


def customer(name: str, mrr: int = 100, **fields) -> Account:
    return factories.account(name, mrr=mrr, lifecycle="customer", **fields)


def text(response) -> str:
    return unescape(response.content.decode())


def needs(client, user) -> list[tuple[str, str]]:
    client.force_login(user)
    rows = client.get(reverse("home:today")).context["rows"]
    return [(row["name"], row["sentence"]) for row in rows]


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)
