"""A way to run what is due at a moment, as workers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from crm.web import clock
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Workflow
from tests.retention.workflows.plans import published_at, work_at


@pytest.fixture
def run_at(db: None) -> Callable[[datetime], None]:
    """Do all that is due in the workflows at this moment."""

    return work_at


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

    return lambda data, slug="test": published_at(clock.now(), data, slug)
