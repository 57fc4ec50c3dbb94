"""A pipeline that sells, and one that welcomes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.models import Deal, Pipeline, Stage
from tests import factories
from tests.conftest import NOON


def stages_of(pipeline: Pipeline, *open_ones: str) -> SimpleNamespace:
    """Its stages by their names in lower case, the last two won and lost."""
    rows = [Stage(pipeline=pipeline, name=name, order=place) for place, name in enumerate(open_ones)]
    rows += [
        Stage(pipeline=pipeline, name="Won", outcome="won", probability=100, order=98),
        Stage(pipeline=pipeline, name="Lost", outcome="lost", probability=0, order=99),
    ]
    return SimpleNamespace(**{row.name.lower(): row for row in Stage.objects.bulk_create(rows)}, pipeline=pipeline)


@pytest.fixture
def sales(db: None) -> SimpleNamespace:
    """talk, demo, offer, won, lost. A deal that is won books a contract."""
    return stages_of(Pipeline.objects.create(name="Sales", purpose="sales"), "Talk", "Demo", "Offer")


@pytest.fixture
def welcome(db: None) -> SimpleNamespace:
    """begin, learn, won, lost. Nothing is booked."""
    return stages_of(Pipeline.objects.create(name="Welcome", purpose="onboarding", books=False), "Begin", "Learn")


@pytest.fixture
def deal(sales: SimpleNamespace) -> Callable[..., Deal]:
    """A deal of 1,200 € in Talk; anything about it can be said otherwise."""

    def made(title: str = "Kelp: Pro", stage: Stage | None = None, by: Any = None, **other: Any) -> Deal:
        stage = stage or sales.talk
        account = other.pop("account", None) or factories.account()
        now = other.pop("now", NOON)
        known: dict[str, Any] = {"amount": Decimal(1200), "stage_id": stage.pk} | other
        return open_deal(NewDeal(account.pk, stage.pipeline_id, title, **known), by, now)

    return made
