"""What the demo tells, and that it tells it once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Max, Sum

from crm import slots
from crm.accounts.models import Account, Contact
from crm.ledger.models import Contract, ContractTerm
from crm.outbox import journal
from crm.outbox.models import Decision, MailPolicy, OutboundMessage
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from crm.web import clock
from retention.demo import filling, seeding, story
from retention.usage.models import UsageDay
from retention.workflows import recipes
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON

TABLES = (
    Account,
    Contact,
    Contract,
    ContractTerm,
    UsageDay,
    TimelineEntry,
    Task,
    OutboundMessage,
    Decision,
    Enrollment,
    User,
)


def _state() -> dict[str, Any]:
    state: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in TABLES:
            table = model._meta.db_table
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t")
            state[table] = cursor.fetchone()
    return state


def test_customers_people_and_contracts(told: Path) -> None:
    assert Account.objects.count() == 143
    assert User.objects.count() == 6
    assert set(Account.objects.values_list("lifecycle", flat=True)) == set(Account.Lifecycle.values)
    assert set(Contract.objects.values_list("status", flat=True)) == set(Contract.Status.values)
    assert Account.objects.filter(owner=None).exists()
    assert not Contact.objects.exclude(email__endswith=".example").exists(), "an address that could be somebody's"
    assert not Account.objects.exclude(contacts__is_primary=True).exists()
    oldest = TimelineEntry.objects.order_by("occurred_at").first()
    assert oldest is not None
    assert timedelta(days=600) < NOON - oldest.occurred_at <= timedelta(days=story.LONGEST + 1)


def test_people_say_many_different_things(told: Path) -> None:
    words = story.read("words.yaml")
    sentences = [line for kind in ("call", "meeting", "note", "mail", "answer") for line in words[kind]]
    assert len(sentences) == len(set(sentences)) >= 60
    assert TimelineEntry.objects.filter(kind="call.logged", payload__minutes__gt=0).count() > 300


def test_telling_again_changes_nothing(told: Path) -> None:
    before, letters = _state(), sorted(told.iterdir())
    assert seeding.fill(NOON + timedelta(days=1), told) is False
    assert _state() == before
    assert sorted(told.iterdir()) == letters


def test_nothing_lies_in_the_future(told: Path) -> None:
    assert not TimelineEntry.objects.filter(occurred_at__gt=NOON).exists()
    assert not TimelineEntry.objects.filter(recorded_at__gt=NOON).exists()
    assert not Account.objects.filter(last_seen_at__gt=NOON).exists()
    assert not UsageDay.objects.filter(day__gt=clock.today(NOON)).exists()
    assert not Task.objects.filter(done_at__gt=NOON).exists()


def test_figures_come_from_rows(told: Path) -> None:
    terms = ContractTerm.objects.covering(clock.today(NOON)).of_customers()
    booked = terms.aggregate(sum=Sum(F("mrr") * F("rate")))["sum"]
    assert Account.objects.aggregate(sum=Sum("mrr"))["sum"] == booked.quantize(Decimal("0.01"))
    seen = dict(UsageDay.objects.values_list("account").annotate(last=Max("day")))
    assert {
        pk: clock.today(at) for pk, at in Account.objects.exclude(last_seen_at=None).values_list("pk", "last_seen_at")
    } == seen
    tagus = Account.objects.get(name="Tagus Games")
    term = ContractTerm.objects.get(contract__account=tagus)
    months = (
        (NOON.year - term.starts_on.year) * 12 + NOON.month - term.starts_on.month + (NOON.day >= term.starts_on.day)
    )
    assert tagus.lifetime_spend == months * term.mrr


def test_the_engine_made_the_recent_past(told: Path) -> None:
    assert set(Workflow.objects.values_list("slug", "state")) == {(name, "on") for name in recipes.names()}
    assert {slug for (slug,) in Enrollment.objects.values_list("workflow__slug").distinct()} >= {
        "inactivity", "onboarding", "renewal-reminder",
    }  # fmt: skip
    assert Enrollment.objects.filter(state="active", workflow__slug="onboarding").exists()
    assert not Enrollment.objects.filter(state="parked").exists()
    assert not Pending.objects.exists()
    assert Task.objects.filter(origin="workflow").count() > 20


def test_mail_was_sent_held_back_and_lost_sight_of(told: Path) -> None:
    by_state = dict(OutboundMessage.objects.values_list("state").annotate(n=Max("id")))
    assert {"sent", "failed", "uncertain", "skipped", "due"} <= set(by_state)
    verdicts = set(Decision.objects.values_list("verdict", "guard"))
    assert {
        ("skipped", "consent"), ("skipped", "suppression"),
        ("moved", "cap"), ("moved", "quiet-hours"), ("moved", "pause"),
    } <= verdicts  # fmt: skip
    assert len(list(told.glob("*.eml"))) == OutboundMessage.objects.filter(state="sent").count()
    assert TimelineEntry.objects.filter(kind="email.unsubscribed").count() == 1
    assert MailPolicy.the_only().mode == "live"
    assert {kind: found for kind, found in journal.verify(NOON).items() if kind in journal.FAULTS} == {
        "lost": [], "doubled": [], "late": [], "parked": [],
    }  # fmt: skip


def test_mira_has_something_to_do_today(told: Path) -> None:
    mira = User.objects.get(email=filling.email_of("mira"))
    found = {name: list(slots.today_reasons[name].find(mira, NOON, 24)) for name in ("renewal", "silence")}
    nordwind = Account.objects.get(name="Nordwind Logistics")
    assert (nordwind.pk, "Renewal in 27 days, last touch today") in [row[:2] for row in found["renewal"]]
    brightcare = Account.objects.get(name="Brightcare Clinics")
    assert brightcare.pk in [row[0] for row in found["silence"]]
    late = Task.objects.waiting_for(mira, NOON).filter(due_at__lt=NOON).count()
    assert 2 <= late <= 30


def test_the_story_is_the_same_for_the_same_day() -> None:
    assert story.customers(clock.today(NOON)) == story.customers(clock.today(NOON))


@pytest.mark.django_db
def test_records_of_somebody_are_left_alone(tmp_path: Path) -> None:
    factories.account("Somebody's")
    letter = tmp_path / "old.eml"
    letter.write_text("kept")
    assert seeding.is_somebodys()
    assert seeding.fill(NOON, tmp_path) is False
    assert list(Account.objects.values_list("name", flat=True)) == ["Somebody's"]
    assert not User.objects.exists()
    assert letter.exists()
