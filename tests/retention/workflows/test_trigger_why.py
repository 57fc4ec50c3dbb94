"""Why and why not: what the triggers on dates, silence, segments and months say of one customer."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from crm.segments.models import Segment, SegmentMoves
from retention.workflows import definition
from retention.workflows.kinds import trigger_kinds
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, reminder, silent

TICK = timedelta(microseconds=1)


def _why(workflow, account, now):
    trigger = definition.parse(workflow.version.definition).trigger
    return [each.holds for each in trigger_kinds[trigger.when].why(trigger, workflow, account.pk, now)]


@pytest.mark.parametrize(("at", "holds"), [(NOON + 14 * DAY - TICK, [False]), (NOON + 14 * DAY, [True, True])])
def test_silence(publish, at, holds):
    assert _why(publish(silent()), factories.account(last_seen_at=NOON), at) == holds


def test_a_silence_from_before_it_was_switched_on(publish):
    assert _why(publish(silent()), factories.account(last_seen_at=NOON - 20 * DAY), NOON) == [True, False]


@pytest.mark.parametrize(("days", "holds"), [(8, False), (9, True)])
def test_a_date(publish, days, holds):
    workflow, account = publish(reminder()), factories.account()
    assert _why(workflow, account, NOON) == [False]
    factories.contract(account, date(2025, 7, 10), date(2026, 7, 10))
    assert _why(workflow, account, NOON + days * DAY) == [holds]


def test_a_segment(publish, mira):
    segment = Segment.objects.create(name="VIP", subject="account", kind="static", owner=mira, shared=True)
    workflow = publish({"trigger": {"when": "segment", "segment": segment.pk}, "steps": [TASK]})
    account = factories.account()
    assert _why(workflow, account, NOON) == [False]
    SegmentMoves.objects.create(segment=segment, at=NOON - TICK, came=[account.pk], went=[])
    assert _why(workflow, account, NOON) == [True, False]
    SegmentMoves.objects.create(segment=segment, at=NOON, came=[account.pk], went=[])
    assert _why(workflow, account, NOON) == [True, True]


def test_a_month(publish):
    workflow = publish({"trigger": {"when": "month", "day": 5}, "steps": [TASK]})
    account = factories.account()
    assert _why(workflow, account, NOON) == [False, False]
    assert _why(workflow, account, NOON + 5 * DAY) == [True, True]
