"""Any file over anything that is there, any edits, undo: all else is as before, and what was kept is named."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account, Contact
from crm.history.actions import act
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.team.models import User
from crm.todos.actions import NewTask, create
from tests import factories
from tests.conftest import NOON

COLUMNS = (
    "external_id", "account_external_id", "email", "first_name", "title", "birthday", "email_consent", "is_primary",
)  # fmt: skip
NUMBERS = range(5)
#: Shrinking a failure by the database takes minutes; the example itself is small.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
names = st.sampled_from(["", "Anna", "Ben", "=Cleo", "Ötzi"])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.sampled_from(NUMBERS),
            "account_external_id": st.sampled_from(["", "acme", "bolt", "nowhere"]),
            "first_name": names, "title": names,
            "birthday": st.sampled_from(["", "1984-02-29", "soon"]),
            "email_consent": st.sampled_from(["", "yes", "no"]),
            "is_primary": st.sampled_from(["", "yes", "no"]),
        }
    ),
    max_size=6,
)  # fmt: skip
there = st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["acme", "bolt"]), names), max_size=5)
edits = st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["first_name", "title"]), names), max_size=4)
tasks = st.sets(st.sampled_from(NUMBERS), max_size=2)
policies = st.fixed_dictionaries({}, optional={"first_name": st.sampled_from(["fill", "keep"])})


def text_of(given_rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for row in given_rows:
        own = {"external_id": f"c{row['number']}", "email": f"c{row['number']}@x.example"}
        writer.writerow(row | own)
    return file.getvalue()


def state() -> dict[int, dict[str, Any]]:
    return {row.pop("id"): row for row in Contact.objects.values() if row.pop("updated_at")}


def stage(people: list[tuple[int, str, str]]) -> None:
    for model in (Import, Account, User):
        model.objects.all().delete()
    accounts = {name: factories.account(name, external_id=name) for name in ("acme", "bolt")}
    for number, account, name in {person[0]: person for person in people}.values():
        factories.contact(
            accounts[account], external_id=f"c{number}", email=f"c{number}@x.example", first_name=name, last_name="M",
        )  # fmt: skip


def edited(changes: list[tuple[int, str, str]], mira: User) -> set[tuple[int, str]]:
    """(contact, field) of those into which a person wrote another value."""
    written = set()
    for hours, (number, field, value) in enumerate(changes):
        rows = Contact.objects.filter(external_id=f"c{number}").exclude(**{field: value})
        written |= {(pk, field) for pk in rows.values_list("pk", flat=True)}
        with act("edit", "", mira, NOON + timedelta(hours=hours)):
            rows.update(**{field: value})
    return written


@settings(max_examples=15, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=there, file=rows, changes=edits, busy=tasks, decided=policies)
@pytest.mark.django_db
def test_undo_leaves_everything_else_as_it_was(
    load: Any, people: Any, file: Any, changes: Any, busy: Any, decided: Any
) -> None:
    stage(people)
    mira = User.objects.create_user("mira@example.com", name="Mira", role="admin")
    before = state()
    load("contacts", text_of(file), policies=decided)
    imported = state()
    by_people = edited(changes, mira)
    busy_ids = set(Contact.objects.filter(external_id__in=[f"c{n}" for n in busy]).values_list("pk", flat=True))
    create([NewTask("Call", NOON, contact_id=pk, account_id=imported[pk]["account_id"]) for pk in sorted(busy_ids)])
    now = state()
    made = Import.objects.get()
    undo_import(made, mira, NOON + timedelta(days=2))

    new = imported.keys() - before.keys()
    stay = {pk for pk in new if pk in busy_ids or any(pk == one for one, _ in by_people)}
    expected = {pk: now[pk] for pk in stay}
    kept = {(pk, "") for pk in stay}
    for pk, was in before.items():
        expected[pk] = dict(was)
        for field in ("first_name", "title"):
            if (pk, field) in by_people:
                expected[pk][field] = now[pk][field]
                if imported[pk][field] != was[field]:
                    kept.add((pk, {"first_name": "first name"}.get(field, field)))
        taken = was["is_primary"] and any(
            expected[one]["is_primary"] and now[one]["account_id"] == was["account_id"] for one in stay
        )
        if taken:
            expected[pk]["is_primary"] = False
            kept.add((pk, "primary contact"))
    assert state() == expected
    assert set(made.kept.values_list("row_id", "field")) == kept
    assert made.kept.count() == len(kept)
