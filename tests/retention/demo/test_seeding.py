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
from crm.accounts.models import Account, AccountSeen, Contact
from crm.duplicates.models import AccountPair, Merge
from crm.history.models import Act, Door
from crm.imports.models import Import
from crm.ledger.models import Contract, ContractTerm, PurchaseItem
from crm.outbox import journal
from crm.outbox.models import Decision, MailPolicy, Notification, OutboundMessage
from crm.quality import reading
from crm.quality.models import DataCount
from crm.segments.models import SavedView
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from crm.web import clock
from retention.demo import filling, house, seeding, story
from retention.demo.automation import RECIPES
from retention.usage.models import UsageDay
from retention.workflows import recipes
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.xdist_group("told")  # one process tells for all who look

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


#: Customers that the demo's people brought in by file, and those they have merged since.
IMPORTED, MERGED = 8, 1


def _state() -> dict[str, Any]:
    state: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in TABLES:
            table = model._meta.db_table
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t")
            state[table] = cursor.fetchone()
    return state


def test_customers_people_and_contracts(told: Path) -> None:
    assert Account.objects.count() == 143 + IMPORTED - MERGED
    assert User.objects.count() == 6
    assert set(Account.objects.values_list("lifecycle", flat=True)) == set(Account.Lifecycle.values)
    assert set(Contract.objects.values_list("status", flat=True)) == set(Contract.Status.values)
    assert Account.objects.filter(owner=None).exists()
    somewhere = Contact.objects.exclude(email=None).exclude(email__endswith=".example")
    assert not somewhere.exists(), "an address that could be somebody's"
    assert not Account.objects.exclude(contacts__is_primary=True).exists()
    oldest = TimelineEntry.objects.order_by("occurred_at").first()
    assert oldest is not None
    assert timedelta(days=600) < NOON - oldest.occurred_at <= timedelta(days=story.LONGEST + 1)


def test_nobody_bears_the_name_of_somebody_else(told: Path) -> None:
    names = [person.name for one in story.customers(clock.today(NOON)) for person in one.people]
    assert len(names) == len(set(names))


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
    assert not AccountSeen.objects.filter(at__gt=NOON).exists()
    assert not UsageDay.objects.filter(day__gt=clock.today(NOON)).exists()
    assert not Task.objects.filter(done_at__gt=NOON).exists()


def test_figures_come_from_rows(told: Path) -> None:
    terms = ContractTerm.objects.covering(clock.today(NOON)).of_customers()
    booked = terms.aggregate(sum=Sum(F("mrr") * F("rate")))["sum"]
    assert Account.objects.aggregate(sum=Sum("mrr"))["sum"] == booked.quantize(Decimal("0.01"))
    seen = dict(UsageDay.objects.values_list("account").annotate(last=Max("day")))
    assert {pk: clock.today(at) for pk, at in AccountSeen.objects.exclude(at=None).values_list("pk", "at")} == seen
    tagus = Account.objects.get(name="Tagus Games")
    term = ContractTerm.objects.get(contract__account=tagus)
    months = (
        (NOON.year - term.starts_on.year) * 12 + NOON.month - term.starts_on.month + (NOON.day >= term.starts_on.day)
    )
    bought = PurchaseItem.objects.filter(purchase__account=tagus).aggregate(sum=Sum("amount"))["sum"] or 0
    assert tagus.lifetime_spend == months * term.mrr + bought


def test_the_engine_made_the_recent_past(told: Path) -> None:
    assert {*RECIPES} < {*recipes.names()}, "some are left to be tried"
    assert dict(Workflow.objects.exclude(recipe="").values_list("slug", "state")) == dict.fromkeys(RECIPES, "on")
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


def test_files_came_in_one_was_refused_in_part_and_one_taken_back(told: Path) -> None:
    states = dict(Import.objects.values_list("file_name", "state"))
    assert states == {
        "Logistics fair, stands.csv": "done", "Logistics fair, people.csv": "done", "Newsletter of 2019.csv": "undone",
    }  # fmt: skip
    stands = Import.objects.get(file_name="Logistics fair, stands.csv")
    assert (stands.created, stands.rejected) == (IMPORTED, 3)
    assert Import.objects.get(file_name="Logistics fair, people.csv").rejected == 1
    assert not Contact.objects.filter(email="oficina@puerto-norte.example").exists()


def test_some_customers_look_like_one_and_one_pair_was_merged(told: Path) -> None:
    assert 3 <= AccountPair.objects.waiting(NOON).count() <= 6
    merged = Merge.objects.get()
    assert Account.objects.get(pk=merged.keeper_id).name == "Nora Tax"
    assert not Account.objects.filter(name="Nora Tax Ltd").exists()


def test_every_act_says_who_did_it_or_by_which_way(told: Path) -> None:
    assert not Act.objects.filter(door=Door.DATABASE).exists()
    by_people = Act.objects.filter(door__in=[Door.PAGE, Door.IMPORT]).exclude(by=None)
    assert {"Mira Okafor", "Ben Adeyemi", "Tomás Ruiz", "Ada Novak"} <= set(
        by_people.values_list("by__name", flat=True)
    )
    assert {"import.loaded", "account.merged", "bulk.tag", "edit"} <= set(by_people.values_list("kind", flat=True))


def test_bells_were_read_but_for_what_is_new(told: Path) -> None:
    unread = Notification.objects.filter(user__email=filling.email_of("mira")).unread()
    assert 3 <= unread.count() <= 9
    assert {"note.mention", "account.assigned", "task.assigned", "ticket.overload"} <= set(
        unread.values_list("kind", flat=True)
    )


def test_views_repeating_tasks_birthdays_and_the_score_of_the_record(told: Path) -> None:
    assert SavedView.objects.filter(shared=True).count() == 3
    assert SavedView.objects.filter(shared=False, owner__email=filling.email_of("mira")).count() == 2
    assert Task.objects.open().exclude(repeats="").count() == 4
    assert Contact.objects.filter(birthday__month=NOON.month).exists()
    assert DataCount.objects.values("day").distinct().count() == house.COUNTED_DAYS + 1
    trend = reading.trend(User.objects.get(email=filling.email_of("ada")), NOON)
    assert trend is not None
    assert 75 <= trend.before < trend.score < 100
