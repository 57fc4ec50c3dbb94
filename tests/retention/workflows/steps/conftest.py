"""Fourteen days of silence, and then the steps under test."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from crm.pipelines.models import Pipeline
from crm.webhooks.actions.endpoints import make
from crm.webhooks.models import WebhookEndpoint
from retention.workflows import engine
from retention.workflows.models import Enrollment, StepRun
from tests.conftest import NOON
from tests.crm.pipelines.conftest import stages_of
from tests.retention.workflows.plans import DAY, silent

DUE = NOON + 14 * DAY


@pytest.fixture
def walk(publish: Any, run_at: Any) -> Callable[..., list[str]]:
    """Publish these steps and run what is due; returns what each step said, in the order of running."""

    def go(*steps: dict[str, Any], slug: str = "test", **more: Any) -> list[str]:
        publish(silent() | {"steps": list(steps), **more}, slug)
        run_at(DUE)
        return outcomes(slug)

    return go


def outcomes(slug: str = "test") -> list[str]:
    rows = StepRun.objects.filter(enrollment__workflow__slug=slug).order_by("id")
    return list(rows.values_list("outcome", flat=True))


def again() -> None:
    """As if the batch had never been written: a worker comes back to the same steps. Its runs are taken away."""
    StepRun.objects.all().delete()
    for enrollment in Enrollment.objects.select_related("version"):
        first = enrollment.version.definition["steps"][0]["id"]
        Enrollment.objects.filter(pk=enrollment.pk).update(
            state="active", step_id=first, due_at=DUE, ended_at=None, ended_because=""
        )
    engine.advance(DUE)


@pytest.fixture
def sales(db: None) -> SimpleNamespace:
    return stages_of(Pipeline.objects.create(name="Sales", purpose="sales"), "Talk", "Demo")


@pytest.fixture
def warehouse(settings: Any, db: None) -> WebhookEndpoint:
    settings.OUTGOING_ALLOW, settings.WEBHOOKS_PLAIN_HTTP = ["127.0.0.0/8"], True
    asked = {"everything": False, "kinds": ["deal.won"], "tree": {}, "with_texts": False, "is_on": True}
    return make({"name": "Warehouse", "url": "http://127.0.0.1:9/in", **asked}, None, NOON)[0]
