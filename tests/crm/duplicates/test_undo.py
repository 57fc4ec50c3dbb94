"""A merge taken back: all as it was but what somebody has changed since, which is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account, Contact
from crm.duplicates import merging
from crm.history.actions import UndoError, undo
from crm.history.undoing import Undone
from crm.ledger.actions import project
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from retention.usage.models import UsageDay
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
#: What a merge and its undo tell about themselves, and what the machinery keeps for itself.
NEWS = ("crm_act", "crm_accountchange", "crm_contactchange", "crm_merge", "crm_movedrows", "crm_mailpolicy",
        "crm_pending", "crm_sweep")  # fmt: skip


#: Spans without their numbers; of movements, which are never taken away, what they come to.
_DERIVED = {
    "crm_customerspan": "SELECT (to_jsonb(s) - 'id')::text FROM crm_customerspan s",
    "crm_mrrmovement": """SELECT concat_ws(' ', account_id, day, kind, sum(amount), sum(customers)) FROM crm_mrrmovement
        GROUP BY account_id, day, kind HAVING sum(amount) <> 0 OR sum(customers) <> 0""",
}


def snapshot() -> dict[tuple[str, Any], dict[str, Any]]:
    """Every row by table and id, but when it was last touched, and what was told of merges."""
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            if model._meta.app_label not in ("crm", "retention") or table in NEWS or model._meta.pk.column != "id":
                continue
            if table in _DERIVED:  # anew, and so with other numbers: what they say is the same
                cursor.execute(_DERIVED[table])
                found |= {(table, said): {} for (said,) in cursor.fetchall()}
                continue
            cursor.execute(f"SELECT id, to_jsonb(t) - 'updated_at' FROM {table} t")
            found |= {(table, pk): json.loads(row) for pk, row in cursor.fetchall()}
    return {key: row for key, row in found.items() if not str(row.get("kind", "")).endswith((".merged", ".separated"))}


@pytest.fixture
def two(mira: User) -> tuple[Account, Account]:
    return factories.account("Kelp & Co", owner=mira, external_id="k-1"), factories.account("Kelp Ltd", industry="Food")


def test_after_thirty_days_it_is_too_late(two, mira):
    made = merging.merge("account", two[0].pk, two[1].pk, {}, mira, NOON)
    with pytest.raises(UndoError):
        undo(made.act, mira, NOON + timedelta(days=30))
    assert Account.objects.count() == 1
    undo(made.act, mira, NOON + timedelta(days=30) - timedelta(microseconds=1))
    assert Account.objects.count() == 2


def test_a_merge_of_the_keeper_is_undone_first(two, mira):
    first = merging.merge("account", two[0].pk, two[1].pk, {}, mira, NOON)
    second = merging.merge("account", factories.account("Third").pk, two[0].pk, {}, mira, LATER)
    with pytest.raises(UndoError, match="Undo that merge first"):
        undo(first.act, mira, LATER)
    first.refresh_from_db()
    assert first.undone_at is None
    undo(second.act, mira, LATER)
    first.act.refresh_from_db()
    undo(first.act, mira, LATER)
    assert set(Account.objects.values_list("name", flat=True)) == {"Kelp & Co", "Kelp Ltd", "Third"}


def test_an_address_that_is_somebody_elses_now_stays_with_them(two, mira):
    anna = factories.contact(two[0], email="anna@kelp.example")
    double = factories.contact(two[0], email="a@kelp.example")
    made = merging.merge("contact", anna.pk, double.pk, {"email": "keeper"}, mira, NOON)
    new = factories.contact(two[1], email="a@kelp.example", first_name="New", last_name="One")
    undone = undo(made.act, mira, LATER)
    assert [(kept.record, kept.field, kept.value) for kept in undone.kept] == [("New One", "e-mail", "a@kelp.example")]
    assert Contact.objects.get(pk=double.pk).email is None
    assert Contact.objects.get(pk=new.pk).email == "a@kelp.example"


# Any graph, any edits -------------------------------------------------------------------------------------------------

KINDS = ("person", "entry", "task", "contract", "usage")
rows_of_each = st.lists(st.sampled_from(KINDS), max_size=6)
EDITS = ("keeper_name", "keeper_industry", "move_person", "move_task", "delete_task", "rename_task", "new_entry")


def hang(account: Account, kinds: list[str], by: User) -> None:
    person = None
    for n, kind in enumerate(kinds):
        if kind == "person":
            person = factories.contact(account, first_name=f"P{n}")
        elif kind == "entry":
            record(Fact(account.pk, "note.written", f"Note {n}", contact_id=person and person.pk), now=NOON)
        elif kind == "task":
            Task.objects.create(title=f"Task {n}", account=account, contact=person, due_at=NOON, owner=by)
        elif kind == "contract":
            factories.contract(account, date(2026, 1, n + 1), date(2027, 1, 1), mrr=100 + n)
        else:
            UsageDay.objects.create(account=account, feature="exports", day=date(2026, 5, n + 1), count=n + 1)


type Row = tuple[str, int]


def edit(what: str, keeper: Account, elsewhere: Account, moved: dict[str, list[Any]]) -> tuple[set[Row], str]:
    """Change something as people do. Returns the rows that may differ after the undo, and what is to be named."""
    if what in ("keeper_name", "keeper_industry"):
        column = what.removeprefix("keeper_")
        Account.objects.filter(pk=keeper.pk).update(**{column: "Edited"})
        return {("crm_account", keeper.pk)}, f"{column} of Edited" if column == "name" else ""
    if what == "move_person" and moved["person"]:
        pk = moved["person"][0]
        Contact.objects.filter(pk=pk).update(account=elsewhere, is_primary=False)
        return {("crm_contact", pk)}, f"person {pk}"
    if what in ("move_task", "delete_task", "rename_task") and moved["task"]:
        pk = moved["task"][-1]
        rows = Task.objects.filter(pk=pk)
        if what == "move_task":
            rows.update(account=elsewhere)
        elif what == "delete_task":
            rows.delete()
        else:
            rows.update(title="Renamed")
            return {("crm_task", pk)}, ""
        return {("crm_task", pk)}, f"task {pk}"
    if what == "new_entry":
        (pk,) = record(Fact(keeper.pk, "note.written", "New"), now=LATER)
        return {("crm_timelineentry", pk)}, ""
    return set(), ""


@given(ours=rows_of_each, theirs=rows_of_each, edits=st.sets(st.sampled_from(EDITS), max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_else_is_as_before_and_what_stays_is_named(mira, ours, theirs, edits):
    with transaction.atomic():
        _live_through(mira, ours, theirs, edits)
        transaction.set_rollback(True)


def _live_through(mira: User, ours: list[str], theirs: list[str], edits: set[str]) -> None:
    keeper, loser = factories.account("Kelp & Co", industry=""), factories.account("Kelp Ltd", industry="Food")
    elsewhere = factories.account("Elsewhere")
    hang(keeper, ours, mira)
    hang(loser, theirs, mira)
    project([keeper.pk, loser.pk, elsewhere.pk], NOON)
    moved: dict[str, list[Any]] = {
        "person": list(Contact.objects.filter(account=loser).order_by("pk").values_list("pk", flat=True)),
        "task": list(Task.objects.filter(account=loser).order_by("pk").values_list("pk", flat=True)),
    }
    before = snapshot()
    made = merging.merge("account", keeper.pk, loser.pk, {}, mira, NOON)
    touched: set[tuple[str, int]] = set()
    named: set[str] = set()
    for what in sorted(edits):
        rows, name = edit(what, keeper, elsewhere, moved)
        touched |= rows
        named |= {name} - {""}
    named = {name for name in named if "of Edited" not in name}  # not a field that the merge had changed
    if "keeper_industry" in edits:
        named.add("industry")
    assert made.act
    undone = undo(made.act, mira, LATER)
    after = snapshot()
    same = {key: row for key, row in after.items() if key not in touched}
    assert same == {key: row for key, row in before.items() if key not in touched}
    assert _said(undone) == named


def _said(undone: Undone) -> set[str]:
    names: dict[str, Callable[[Any], str]] = {
        "crm.Account": lambda kept: kept.field, "crm.Contact": lambda kept: f"person {kept.pk}",
        "crm.Task": lambda kept: f"task {kept.pk}",
    }  # fmt: skip
    return {names[kept.model](kept) for kept in undone.kept}


def test_the_fact_of_it_stands_on_both_timelines(two, mira):
    made = merging.merge("account", two[0].pk, two[1].pk, {}, mira, NOON)
    undo(made.act, mira, LATER)
    told = TimelineEntry.objects.filter(kind="account.separated").values_list("account_id", "text")
    words = "Kelp Ltd and Kelp & Co are two again: a merge was undone"
    assert set(told) == {(two[0].pk, words), (two[1].pk, words)}
