"""Rehearse a workflow, and then let it really run: what was said must come true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.outbox.models import MailPolicy
from crm.web import clock
from retention.workflows import definition
from retention.workflows.rehearsal import actions
from retention.workflows.rehearsal.models import Rehearsal
from tests.conftest import NOON
from tests.retention.workflows.plans import really_until

DAY = timedelta(days=1)


@pytest.fixture
def live(db: None, settings: Any, tmp_path: Any) -> None:
    """Mail leaves, into a folder."""
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    MailPolicy.the_only(locked=False)


@pytest.fixture
def rehearse(db: None) -> Callable[..., Rehearsal]:
    """Play it to its end, as a worker does, and give back what it came to."""

    def play(data: dict[str, Any], slug: str = "test", span: str = "ahead", **more: Any) -> Rehearsal:
        plan = definition.parse({"name": slug.capitalize(), **data})
        asked = actions.ask(slug, plan, "the draft", span, None, clock.now(), **more)
        assert actions.run(clock.now()) == 1
        asked.refresh_from_db()
        return asked

    return play


@pytest.fixture
def walk(live: None) -> Callable[[datetime], None]:
    """Really do what is due until then, mail included."""

    def to(end: datetime, start: datetime = NOON) -> None:
        really_until(end, start)

    return to
