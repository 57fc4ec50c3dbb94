"""Exports in the API: the rows of a list as a file, as far as one sees them, and put down in the audit log."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from crm.history.models import Act
from crm.segments.models import SavedView
from crm.team.models import User
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
EXPORTS = "/api/v1/exports/"
STEEL = {"field": "industry", "op": "is", "value": "Steel"}


def rows(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.json()
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


@pytest.fixture
def three(sam: User, mira: User) -> list[Any]:
    """Two of Sam's in steel, one of Mira's."""
    return [
        factories.account("Acme", owner=sam, industry="Steel", mrr=5), factories.account("Bolt", owner=sam),
        factories.account("Cone", owner=mira, industry="Steel", mrr=9),
    ]  # fmt: skip


def test_a_list_leaves_as_a_file_and_is_put_down(api: Any, three: list[Any], mira: User) -> None:
    answer = api.post(EXPORTS, {"subject": "account", "columns": ["name", "owner_email", "name"], "filter": STEEL})
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    assert answer["Content-Disposition"] == 'attachment; filename="accounts-2026-06-01.csv"'
    assert rows(answer) == [["name", "owner_email"], ["Acme", "sam@example.com"], ["Cone", "mira@example.com"]]
    done = Act.objects.get()
    assert (done.kind, done.label, done.by, done.door) == ("export.account", "exported 2 customers", mira, "api")
    assert done.detail == {"filter": STEEL, "columns": ["name", "owner_email"], "rows": 2}


def test_without_a_word_all_rows_in_the_columns_of_the_page(api: Any, three: list[Any]) -> None:
    head, *found = rows(api.post(EXPORTS, {"subject": "account"}))
    assert ("goal" in head, "mrr" in head, head[-1]) == (False, True, "our_id")
    assert [row[1] for row in found] == ["Acme", "Bolt", "Cone"]


def test_ids_a_view_and_a_view_with_a_filter(api: Any, three: list[Any], mira: User) -> None:
    view = SavedView.objects.create(subject="account", name="Steel", owner=mira, tree={"all": [STEEL]})
    large = {"field": "mrr", "op": ">=", "value": 6}
    for asked, names in (
        ({"ids": [three[1].pk, 999_999]}, ["Bolt"]), ({"view": view.pk}, ["Acme", "Cone"]),
        ({"view": view.pk, "filter": large}, ["Cone"]),
    ):  # fmt: skip
        _, *found = rows(api.post(EXPORTS, {"subject": "account", "columns": ["name"]} | asked))
        assert [name for (name,) in found] == names
    assert Act.objects.order_by("id").values_list("detail__chosen", flat=True)[0] == 2


def test_nobody_exports_what_they_do_not_see(calling: Any, olaf: User, three: list[Any]) -> None:
    own = factories.account("Own", owner=olaf)
    api = calling(olaf)
    for asked in ({}, {"ids": [own.pk, three[0].pk]}):
        assert rows(api.post(EXPORTS, {"subject": "account", "columns": ["name"]} | asked)) == [["name"], ["Own"]]
    assert api.post(EXPORTS, {"subject": "entry", "account": three[0].pk}).json()["errors"] == {
        "account": [f"There is no {three[0].pk} here that you may see."]
    }


def test_tasks_people_and_the_timeline_of_one_customer(api: Any, three: list[Any]) -> None:
    factories.contact(three[0], first_name="Anna")
    record(Fact(three[0].pk, "call.logged", "=1+1", NOON), now=NOON)
    assert rows(api.post(EXPORTS, {"subject": "contact", "columns": ["first_name"]})) == [["first_name"], ["Anna"]]
    assert rows(api.post(EXPORTS, {"subject": "task", "columns": ["title"]})) == [["title"]]
    answer = api.post(EXPORTS, {"subject": "entry", "account": three[0].pk, "columns": ["text"]})
    assert answer["Content-Disposition"] == f'attachment; filename="timeline-{three[0].pk}-2026-06-01.csv"'
    assert rows(answer) == [["text"], ["'=1+1"]]  # which no spreadsheet computes


@pytest.mark.parametrize(
    ("asked", "errors"),
    [
        ({}, {"subject": ["This field is required."]}),
        ({"subject": "mail"}, {"subject": ['"mail" is not a valid choice.']}),
        ({"subject": "account", "columns": []}, {"columns": ["This list may not be empty."]}),
        ({"subject": "account", "ids": []}, {"ids": ["This list may not be empty."]}),
        ({"subject": "account", "limit": 5}, {"limit": ["There is no such field."]}),
        ({"subject": "account", "view": 1}, {"view": ["There is no 1 here that you may see."]}),
        (
            {"subject": "account", "ids": [1], "filter": STEEL},
            {"filter": ["Either this narrows the list, or ids name rows of it."]},
        ),
        ({"subject": "task", "filter": {}},
         {"filter": ["There is no list of tasks to narrow. Name ids, or take all."]}),
        (
            {"subject": "entry"},
            {"account": ["Entries are those of one account; others are not. Name it for entries alone."]},
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(api: Any, asked: Any, errors: Any) -> None:
    answer = api.post(EXPORTS, asked)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == errors
    assert not Act.objects.exists()


def test_columns_and_filters_that_are_none_are_named(api: Any, mira: User) -> None:
    (why,) = api.post(EXPORTS, {"subject": "task", "columns": ["colour"]}).json()["errors"]["columns"]
    assert why.startswith("There is no column colour. Known: title, account, ")
    tree = {"field": "colour", "op": "is", "value": "red"}
    (why,) = api.post(EXPORTS, {"subject": "account", "filter": tree}).json()["errors"]["filter"]
    assert "colour" in why
    people = SavedView.objects.create(subject="contact", name="All", owner=mira)
    answer = api.post(EXPORTS, {"subject": "account", "view": people.pk})
    assert answer.json()["errors"] == {"view": ["This view is one of contacts."]}
    assert not Act.objects.exists()


def test_another_s_view_is_none(calling: Any, mira: User, sam: User, ada: User) -> None:
    view = SavedView.objects.create(subject="account", name="Hers", owner=mira)
    assert calling(ada).post(EXPORTS, {"subject": "account", "view": view.pk}).status_code == 400


def test_who_may_export(calling: Any, mira: User, sam: User) -> None:
    for api in (calling(sam), calling(mira, "read")):
        answer = api.post(EXPORTS, {"subject": "account"})
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert calling(mira).get(EXPORTS).status_code == 405
    assert not Act.objects.exists()
