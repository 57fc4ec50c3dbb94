"""Deals of another system, from a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm.history.actions import undo
from crm.history.models import Act
from crm.imports.actions import Plan, import_file
from crm.imports.models import ImportKept, ImportReject
from crm.ledger.models import Contract
from crm.outbox.models import Notification
from crm.pipelines.actions import stuck
from crm.pipelines.actions.moving import move
from crm.pipelines.models import Deal, LossReason, Stage
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

pytestmark = pytest.mark.django_db
HEADER = (
    "external_id,account_external_id,pipeline,stage,title,amount,currency,owner_email,created_at,closed_at,"
    "lost_reason\n"
)
OPEN = "d1,a,sales,DEMO,Kelp,1200,,mira@example.com,2026-01-05T09:30,,\n"
LOST = "d2,a,Sales,Lost,Tang,100,EUR,,2026-01-05T09:30,2026-02-05T09:30,Price\n"
BEGAN, CLOSED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC), datetime(2026, 2, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
def load(tmp_path: Path, sales: Any, mira: Any) -> Callable[..., Any]:
    factories.account("Acme", external_id="a", owner=mira)

    def load(text: str, now: datetime = NOON) -> Any:
        path = tmp_path / "deals.csv"
        path.write_text(HEADER + text)
        report = import_file("deals", path, plan=Plan(), now=now)
        return report.created, report.updated, report.skipped, report.rejected

    return load


def test_history_comes_in_and_sets_nothing_off(load, sales, mira, deal):
    Stage.objects.filter(pk=sales.demo.pk).update(expected_days=7)
    deal("there", stage=sales.demo)
    Pending.objects.all().delete()
    newer = "d3,a,,demo,Newer,,,,2026-03-05,,\n"
    assert load(OPEN + LOST + newer) == (3, 0, 0, 0)
    kelp, tang, newest = Deal.objects.exclude(external_id=None).order_by("external_id")
    assert (kelp.stage, kelp.value, kelp.owner, kelp.entered_at) == (sales.demo, 1200, mira, BEGAN)
    assert (tang.outcome, tang.closed_at, tang.lost_because) == ("lost", CLOSED, LossReason.objects.get(name="Price"))
    assert (newest.amount, newest.owner, newest.currency) == (None, mira, "EUR")
    assert list(tang.spells.order_by("pk").values_list("stage__name", "began_at", "ended_at")) == [
        ("Talk", BEGAN, CLOSED), ("Lost", CLOSED, None),
    ]  # fmt: skip
    assert board(sales.demo) == ["Newer", "Kelp", "there"]
    told = TimelineEntry.objects.filter(source="import").order_by("occurred_at", "text")
    assert list(told.values_list("kind", "text", "occurred_at"))[1:3] == [
        ("deal.opened", "Deal opened: Tang", BEGAN), ("deal.lost", "Deal lost: Tang", CLOSED)
    ]  # fmt: skip
    assert_whole()
    assert kelp.stuck_at == BEGAN + timedelta(days=7)
    assert stuck.work(NOON) == 0  # it was late elsewhere, long ago
    for model in (Pending, Contract, Notification):
        assert not model.objects.exists()


def test_the_same_file_again_changes_nothing_and_another_one_what_it_says(load, sales, mira):
    load(OPEN + LOST)
    assert load(OPEN + LOST) == (0, 0, 2, 0)
    row = Deal.objects.get(external_id="d1")
    move(row.pk, sales.offer.pk, None, mira, NOON)
    assert load("d1,a,,Talk,Kelp & Co,,,,2020-01-01,,\n") == (0, 1, 0, 0)
    row.refresh_from_db()
    assert (row.title, row.amount, row.stage, row.created_at) == ("Kelp & Co", 1200, sales.offer, BEGAN)
    assert_whole()


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("d1,nobody,,,Kelp,,,,,,\n", "account_external_id"),
        ("d1,a,Nowhere,,Kelp,,,,,,\n", "pipeline"),
        ("d1,a,Sales,Nowhere,Kelp,,,,,,\n", "stage"),
        ("d1,a,Sales,Won,Kelp,,,,2026-01-05,,\n", "closed_at"),
        ("d1,a,Sales,Demo,Kelp,,,,2026-01-05,2026-02-05,\n", "stage"),
        ("d1,a,Sales,Won,Kelp,,,,2026-01-05,2026-01-04,\n", "closed_at"),
        ("d1,a,Sales,Demo,Kelp,,,,2026-06-01T12:01,,\n", "created_at"),
        ("d1,a,Sales,Demo,Kelp,-1,,,,,\n", "amount"),
        ("d1,a,Sales,Demo,Kelp,1,USD,,,,\n", "currency"),
        ("d1,a,Sales,Demo,Kelp,1,,who@example.com,,,\n", "owner_email"),
    ],
)
def test_what_cannot_be_right_is_rejected_with_its_column(load, line, column):
    assert load(line) == (0, 0, 0, 1)
    assert ImportReject.objects.get().column == column
    assert not Deal.objects.exists()


def test_undone_it_goes_with_all_it_said_but_what_somebody_works_with(load, sales, mira, ada):
    load(OPEN + LOST)
    move(Deal.objects.get(external_id="d1").pk, sales.offer.pk, None, mira, NOON)
    undo(Act.objects.get(kind="import.loaded"), ada, NOON)
    assert [row.title for row in Deal.objects.all()] == ["Kelp"]
    kept = ImportKept.objects.get()
    assert (kept.name, kept.reason) == ("Kelp", "somebody has worked with it since")
    assert not TimelineEntry.objects.filter(text__contains="Tang").exists()
