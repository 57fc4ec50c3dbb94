"""Tickets of another desk, from a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.fields.models import CustomField
from crm.history.actions import undo
from crm.history.models import Act
from crm.imports.actions import Plan, import_file
from crm.imports.models import Import, ImportKept
from crm.outbox.models import Notification, OutboundMessage
from crm.team.models import User
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Ticket, TicketCategory, TicketMessage, TicketSpell
from crm.timeline.models import Pending, TimelineEntry
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
HEADER = "external_id,contact_email,subject,body,status,priority,category,created_at,solved_at\n"
SOLVED = "t1,Sofia@nordwind.example,Export stops,It stops.,solved,high,Billing,2026-01-05T09:30,2026-01-06T16:00\n"
OPEN = "t2,who@bright.example,Who is our contact?,,,,billing,2026-05-30T08:00,\n"


@pytest.fixture
def load(tmp_path: Path, db: None) -> Callable[..., Any]:
    def load(text: str, now: datetime = NOON) -> Any:
        path = tmp_path / "tickets.csv"
        path.write_text(HEADER + text)
        report = import_file("tickets", path, plan=Plan(), now=now)
        return report.created, report.updated, report.skipped, report.rejected

    return load


def test_history_comes_in_and_sets_nothing_off(load: Any, sofia: Contact) -> None:
    assert load(SOLVED + OPEN) == (2, 0, 0, 0)
    asked, solved = datetime(2026, 1, 5, 9, 30, tzinfo=UTC), datetime(2026, 1, 6, 16, 0, tzinfo=UTC)
    old, new = Ticket.objects.order_by("external_id")
    assert (old.subject, old.status, old.priority, str(old.category), old.contact, old.account) == (
        "Export stops", "solved", 3, "Billing", sofia, sofia.account,
    )  # fmt: skip
    assert (old.created_at, old.solved_at, old.updated_at) == (asked, solved, solved)
    assert (new.status, new.contact, new.requester, new.priority) == ("open", None, "who@bright.example", 2)
    assert TicketCategory.objects.get() == old.category == new.category
    assert list(old.spells.order_by("pk").values_list("status", "began_at", "ended_at")) == [
        ("open", asked, solved), ("solved", solved, None),
    ]  # fmt: skip
    message = TicketMessage.objects.get()
    assert (message.ticket, message.text, message.occurred_at, message.contact) == (old, "It stops.", asked, sofia)
    told = TimelineEntry.objects.order_by("occurred_at").values_list("kind", "occurred_at", "source", "text")
    assert list(told) == [
        ("ticket.opened", asked, "import", f"Ticket opened: #{old.pk} Export stops"),
        ("ticket.solved", solved, "import", f"Ticket solved: #{old.pk} Export stops"),
    ]
    sofia.refresh_from_db()
    assert sofia.automation_paused_until is None
    for model in (Pending, Notification, OutboundMessage):
        assert not model.objects.exists()  # type: ignore[attr-defined]


def test_again_it_changes_nothing_but_what_differs(load: Any, sofia: Contact, sam: User) -> None:
    load(SOLVED + OPEN)
    assert load(SOLVED + OPEN) == (0, 0, 2, 0)
    assert load(
        SOLVED.replace("Export stops", "Export times out")
        .replace("solved,high", "open,low")
        .replace("2026-01-06T16:00", "")
    ) == (0, 1, 0, 0)
    row = Ticket.objects.get(external_id="t1")
    assert (row.subject, row.priority, row.status, row.spells.count(), row.messages.count()) == (
        "Export times out", 1, "solved", 2, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("t,,,x,,,,2026-01-05,", "subject"),
        ("t,,S,,,,,2026-06-01T12:00:01,", "created_at"),
        ("t,,S,,,,,2026-01-05,2026-01-04", "solved_at"),
        ("t,,S,,solved,,,2026-01-05,", "solved_at"),
        ("t,,S,,open,,,2026-01-05,2026-01-06", "status"),
        ("t,,S,,lost,,,2026-01-05,", "status"),
        ("t,,S,,,enormous,,2026-01-05,", "priority"),
    ],
)
def test_rows_that_make_no_sense_stay_out(load: Any, tmp_path: Path, row: str, column: str) -> None:
    assert load(f"{row}\n") == (0, 0, 0, 1)
    assert not Ticket.objects.exists()
    assert f",{column}," in (tmp_path / "tickets.csv.rejects.csv").read_text()


def test_an_undo_takes_away_what_nobody_has_touched(load: Any, sofia: Contact, sam: User) -> None:
    load(SOLVED + OPEN)
    touched = Ticket.objects.get(external_id="t2")
    set_status(touched, "pending", sam, NOON)
    undo(Act.objects.get(kind="import.loaded"), None, NOON + timedelta(hours=1))
    assert Ticket.objects.get() == touched
    assert ImportKept.objects.get().name == f"#{touched.pk} Who is our contact?"
    assert not TimelineEntry.objects.exists()
    assert not TicketMessage.objects.exists()
    assert TicketSpell.objects.count() == 2
    assert Import.objects.get().state == "undone"
    assert TicketCategory.objects.get() == touched.category  # which it made, and which is needed


def test_an_undo_takes_categories_along_that_it_made(load: Any, sofia: Contact) -> None:
    TicketCategory.objects.create(name="Access")
    load(SOLVED + OPEN.replace(",billing,", ",access,"))
    assert sorted(TicketCategory.objects.values_list("name", flat=True)) == ["Access", "Billing"]
    undo(Act.objects.get(kind="import.loaded"), None, NOON + timedelta(hours=1))
    assert TicketCategory.objects.get().name == "Access"


def test_fields_of_ones_own_come_along_and_go_back(tmp_path: Path, sofia: Contact) -> None:
    for key, kind in (("module", "text"), ("seats", "number")):
        CustomField.objects.create(subject="ticket", name=key.title(), key=key, type=kind)

    def load(name: str, rows: str) -> Any:
        path = tmp_path / name
        path.write_text(f"{HEADER.strip()},custom_module,custom_seats\n{rows}")
        return import_file("tickets", path, plan=Plan(), now=NOON)

    report = load("1.csv", f"{SOLVED.strip()},Export,12\n{OPEN.strip()},,\n{OPEN.strip().replace('t2', 't3')},x,many\n")
    assert (report.created, report.rejected) == (2, 1)
    assert dict(Ticket.objects.values_list("external_id", "custom")) == {
        "t1": {"module": "Export", "seats": "12"},
        "t2": {},
    }
    load("2.csv", f"{SOLVED.strip()},Import,\n")
    row = Ticket.objects.get(external_id="t1")
    assert row.custom == {"module": "Import", "seats": "12"}  # a blank cell keeps what is there
    undo(Act.objects.filter(kind="import.loaded").latest("pk"), None, NOON + timedelta(hours=1))
    row.refresh_from_db()
    assert row.custom == {"module": "Export", "seats": "12"}
