"""Fields in filters, columns, sorts and bulk acts; and the indexes that make the often asked ones quick."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client

from crm.accounts.lists import ACCOUNTS
from crm.accounts.models import Account, AccountQuerySet
from crm.fields import indexes
from crm.fields.jobs import build_indexes
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.history.actions import undo
from crm.history.models import Act
from crm.segments.filters import FilterError, parse
from crm.segments.models import SavedView
from crm.slots import filter_subjects
from crm.team.models import User
from crm.web.pagination import keyset_page
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]

VALUES: dict[str, tuple[str, list[Any]]] = {
    "text": ("text", ["Kelp", "kelp farm", None]),
    "seats": ("number", ["5.50", "12.00", None]),
    "live": ("date", ["2026-05-31", "2026-06-20", None]),
    "signed": ("yes_no", [True, False, None]),
    "tier": ("choice", ["gold", "silver", None]),
    "uses": ("choices", [["gold", "silver"], ["silver"], None]),
}


@pytest.fixture
def three(field: Field) -> list[Account]:
    for key, (kind, _) in VALUES.items():
        field(key, kind, decimals=2)
    return [
        factories.account(
            f"Account {n}",
            custom={key: values[n] for key, (_, values) in VALUES.items() if values[n] is not None},
        )
        for n in range(3)
    ]


@pytest.mark.parametrize(
    ("key", "op", "value", "expected", "sentence"),
    [
        ("text", "is", "KELP", [0], "Text is “KELP”"),
        ("text", "contains", "elp", [0, 1], "Text contains “elp”"),
        ("text", "is_not_set", None, [2], "Text is not set"),
        ("seats", ">", 5.5, [1], "Seats is above 5.5"),
        ("seats", "between", [1, 12], [0, 1], "Seats is between 1 and 12"),
        ("seats", "!=", 12, [0, 2], "Seats is not 12"),
        ("live", "in_last_days", 7, [0], "Live is within the last 7 days"),
        ("live", "after", "2026-06-19", [1], "Live is after 19 Jun 2026"),
        ("signed", "is", True, [0], "Signed is yes"),
        ("signed", "is_not", True, [1, 2], "Signed is not yes"),
        ("tier", "in", ["gold", "bronze"], [0], "Tier is Gold or Bronze"),
        ("tier", "is_not", "gold", [1, 2], "Tier is not Gold"),
        ("uses", "has", "gold", [0], "Uses include Gold"),
        ("uses", "has_any", ["gold", "silver"], [0, 1], "Uses include Gold or Silver"),
        ("uses", "has_none", ["gold"], [1, 2], "Uses do not include Gold"),
        ("uses", "is_not_set", None, [2], "Uses is not set"),
    ],
)
def test_sql_and_python_give_the_same_answer(
    three: list[Account], key: str, op: str, value: Any, expected: list[int], sentence: str
) -> None:
    tree = {"field": f"custom.{key}", "op": op} | ({} if value is None else {"value": value})
    asked = parse(tree)
    assert asked.sentence() == sentence
    found = set(asked.apply(Account.objects.all(), NOON).values_list("pk", flat=True))
    assert found == {three[n].pk for n in expected}
    values = json.loads(json.dumps(asked.values([row.pk for row in three], NOON), default=str))
    assert {pk for pk, said in values.items() if asked.matches(said, NOON)} == {str(pk) for pk in found}


def test_what_a_field_does_not_offer_is_refused_by_name(three: list[Account]) -> None:
    with pytest.raises(FilterError, match="must be one of gold, silver, bronze, not “lead”"):
        parse({"field": "custom.tier", "op": "is", "value": "lead"})
    with pytest.raises(FilterError, match=r"did you mean “custom\.seats”"):
        parse({"field": "custom.seat", "op": ">", "value": 1})


def test_people_are_found_by_fields_of_their_customer(three: list[Account]) -> None:
    anna = factories.contact(three[0])
    factories.contact(three[1])
    asked = parse({"field": "account.custom.tier", "op": "is", "value": "gold"}, "contact")
    assert [row.pk for row in asked.apply(type(anna).objects.all(), NOON)] == [anna.pk]


def test_a_list_shows_fields_as_columns_in_words(web: Client, three: list[Account]) -> None:
    page = web.get("/accounts/?cols=custom.tier,custom.uses,custom.seats,custom.live,custom.signed").content.decode()
    assert page.count("Tier") >= 1
    for words in (">Gold<", '<span class="tag">Silver</span>', ">5.5<", ">31 May 2026<", ">yes<"):
        assert words in page, words
    assert "Tier" in web.get("/lists/account/columns/").content.decode()


def test_only_often_asked_fields_stand_among_the_sorts(web: Client, three: list[Account]) -> None:
    by_seats = "/accounts/?sort=-custom.seats&cols=custom.seats"
    for often in (False, True):  # whoever types the address of another gets it too, or is asked to narrow
        CustomField.objects.filter(key="seats").update(often=often)
        page = web.get(by_seats).content.decode()
        assert page.index("Account 1") < page.index("Account 0") < page.index("Account 2")
        assert "Seats, highest first" in page
        assert ("Seats, lowest first" in page) is often


def test_what_has_no_order_is_told_and_the_list_stands_as_usual(web: Client, three: list[Account]) -> None:
    page = web.get("/accounts/?sort=-custom.uses").content.decode()
    assert "Accounts cannot be sorted by “Uses”. They stand in their usual order." in page
    assert page.index("Account 0") < page.index("Account 1") < page.index("Account 2")
    assert "sort=-custom.uses&" not in page  # no link goes on with it
    assert web.get("/accounts/?sort=custom.nothing").status_code == 404


@pytest.mark.parametrize("name", ["custom.seats", "-custom.seats", "custom.live", "-custom.text"])
def test_pages_follow_each_other_in_either_order_with_nulls_last(mira: User, field: Field, name: str) -> None:
    for key in ("seats", "live", "text"):
        field(key, VALUES[key][0], often=True)
    key = name.removeprefix("-").removeprefix("custom.")
    given = ["3", "1", None, "2", "1", None, "10"]
    spoken = {"seats": str, "live": lambda n: f"2026-01-{int(n):02}", "text": lambda n: f"t{int(n):02}"}[key]
    rows = [factories.account(custom={key: spoken(n)} if n else {}) for n in given]
    down = name.startswith("-")
    filled = sorted([(float(n), row.pk) for n, row in zip(given, rows, strict=True) if n], reverse=down)
    empty = sorted([row.pk for n, row in zip(given, rows, strict=True) if not n], reverse=down)
    order = ACCOUNTS.orders[name]
    query = ACCOUNTS.rows(QueryDict(), mira, NOON).annotate(**{order.sort.expression: order.key})
    seen, cursor = [], None
    while True:
        page = keyset_page(query.values("id", order.sort.expression), order.sort, cursor, 2)
        seen += [row["id"] for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [pk for _, pk in filled] + empty


def test_an_often_asked_field_gets_its_indexes_and_loses_them(field: Field) -> None:
    of = field("text", often=True)
    assert indexes.ready([of]) == set()
    assert [indexes.step() for _ in range(4)] == [True, True, True, False]  # statistics, words, order
    assert indexes.ready([of]) == {of.id}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        order = ACCOUNTS.orders["custom.text"]
        sort = order.sort.expression
        asked = Account.objects.annotate(**{sort: order.key}).filter(**{f"{sort}__isnull": False}).order_by(sort, "id")
        assert f"custom_field_{of.id}" in asked[:50].explain()
        contains = parse({"field": "custom.text", "op": "contains", "value": "kelp"})
        assert f"custom_field_{of.id}_words" in contains.apply(Account.objects.all(), NOON).order_by().explain()
    CustomField.objects.update(often=False, updated_at=NOON + timedelta(days=1))
    assert [indexes.step() for _ in range(3)] == [True, True, False]


def test_what_is_rare_is_known_to_be_rare(field: Field) -> None:
    """Else Postgres walks through all names until it meets one."""
    of = field("tier", "choice")
    Account.objects.bulk_create(Account(name=f"Kelp {n}", custom={"tier": "gold"}) for n in range(1_000))
    factories.account(custom={"tier": "silver"})
    assert [indexes.step(), indexes.step()] == [True, False]
    asked = parse({"field": "custom.tier", "op": "is", "value": "silver"}).apply(Account.objects.all(), NOON)
    assert "rows=1 " in asked.order_by().explain()
    CustomField.objects.filter(pk=of.id).update(archived_at=NOON)
    assert [indexes.step(), indexes.step()] == [True, False]


@pytest.mark.parametrize("key", VALUES)
def test_the_index_of_each_type_serves_its_filter(field: Field, key: str) -> None:
    of = field(key, VALUES[key][0], often=True, decimals=2)
    while indexes.step():
        pass
    op, value = {"text": ("is", "kelp"), "seats": (">", 5), "live": ("on", "2026-05-31"), "signed": ("is", True),
                 "tier": ("is", "gold"), "uses": ("has", "gold")}[key]  # fmt: skip
    asked = parse({"field": f"custom.{key}", "op": op, "value": value}).apply(Account.objects.all(), NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert f"custom_field_{of.id}" in asked.order_by().explain()


def test_many_get_a_value_at_once_and_it_is_taken_back(web: Client, mira: User, three: list[Account]) -> None:
    ids = ",".join(str(row.pk) for row in three)
    form = {"ids": ids, "confirmed": "1", "field": "tier", "value_tier": "gold"}
    assert "Set a field of your own" in web.post("/bulk/account/custom/", {"ids": ids}).content.decode()
    web.post("/bulk/account/custom/", form)

    assert [Account.objects.get(pk=row.pk).custom["tier"] for row in three] == ["gold"] * 3
    assert Account.objects.get(pk=three[0].pk).custom["seats"] == "5.50"
    deed = Act.objects.get()
    assert (deed.label, deed.detail["changed"]) == ("set Tier to Gold for 3 customers", 2)

    undo(deed, mira, NOON)
    assert [Account.objects.get(pk=row.pk).custom.get("tier") for row in three] == ["gold", "silver", None]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"field": "seats", "value_seats": "many"}, "Is not a number."),
        ({"field": "seats"}, "Write the new value, or say that the field is to be emptied."),
        ({"field": "nothing", "value_seats": "1"}, "“nothing” is not in the list"),
    ],
)
def test_many_get_nothing_that_cannot_be_kept(
    web: Client, three: list[Account], form: dict[str, str], said: str
) -> None:
    before = list(Account.objects.order_by("pk").values_list("custom", flat=True))
    answer = web.post("/bulk/account/custom/", {"ids": str(three[0].pk), "confirmed": "1"} | form)
    assert said in answer.content.decode()
    offered = [f'name="value_{key}"' in answer.content.decode() for key in ("seats", "tier")]
    assert offered == [True, True]  # whoever chooses another field now can say its value
    assert list(Account.objects.order_by("pk").values_list("custom", flat=True)) == before


def test_many_are_emptied_where_nothing_is_required(web: Client, three: list[Account]) -> None:
    ids = ",".join(str(row.pk) for row in three)
    form = {"ids": ids, "confirmed": "1", "field": "seats", "clear": "on"}
    CustomField.objects.filter(key="seats").update(required=True)
    assert "must have a value" in web.post("/bulk/account/custom/", form).content.decode()
    CustomField.objects.filter(key="seats").update(required=False)
    web.post("/bulk/account/custom/", form)
    assert not Account.objects.filter(custom__has_key="seats").exists()
    assert Account.objects.filter(custom__has_key="tier").count() == 2


def test_removing_an_option_is_no_bulk_act_of_lists(web: Client, admin: Client, three: list[Account]) -> None:
    assert "Remove an option" not in web.get("/accounts/").content.decode()
    assert "Remove an option" not in admin.get("/accounts/").content.decode()


def test_a_view_that_sorts_by_an_archived_field_stands_in_the_order_of_the_list(
    web: Client, mira: User, field: Field
) -> None:
    of = field("seats", "number", often=True)
    factories.account("Kelp")
    view = SavedView.objects.create(
        subject="account", name="Large", owner=mira, sort="-custom.seats", columns=["custom.seats"]
    )
    assert "Seats, highest first" in web.get(f"/accounts/?view={view.pk}").content.decode()
    CustomField.objects.filter(pk=of.id).update(archived_at=NOON)
    page = web.get(f"/accounts/?view={view.pk}")
    assert page.status_code == 200
    assert "Seats" not in page.content.decode()


def test_what_asks_an_archived_field_goes_on_and_says_so(web: Client, three: list[Account]) -> None:
    CustomField.objects.filter(key="tier").update(archived_at=NOON)
    asked = parse({"field": "custom.tier", "op": "is", "value": "gold"})
    assert [row.pk for row in asked.apply(Account.objects.all(), NOON)] == [three[0].pk]
    assert "custom.tier" not in dict(filter_subjects["account"].fields.items())
    told = '{"field":"custom.tier","op":"is","value":"gold"}'
    assert [chip["retired"] for chip in web.get("/accounts/", {"f": told}).context["chips"]] == [True]
    builder = web.get("/lists/account/filter/", {"f": told}).content.decode()
    assert '<option value="custom.tier" selected>Tier (archived)</option>' in builder


def test_a_sort_without_an_index_asks_to_narrow_rather_than_wait(
    web: Client, three: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.web.patience.LONGEST_MS", 1)
    slow = "(SELECT pg_sleep(0.2)) IS NOT NULL"
    monkeypatch.setattr(AccountQuerySet, "for_list", lambda rows: rows.extra(where=[slow]))
    assert web.get("/accounts/?sort=custom.seats").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_worker_builds_beside_everybody_and_never_inside_a_transaction(field: Field) -> None:
    of = field("seats", "number", often=True)
    with transaction.atomic():
        assert indexes.work(NOON) == 0
    assert [indexes.work(NOON) for _ in range(3)] == [1, 1, 0]
    assert indexes.ready([of]) == {of.id}
    CustomField.objects.all().delete()
    assert [indexes.work(NOON) for _ in range(3)] == [1, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_an_index_of_a_large_table_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def limit() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    def step() -> bool:
        told.append(limit())
        return True

    monkeypatch.setattr(indexes, "step", step)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '7s'")

    assert indexes.work(NOON) == 1
    assert told == ["0"]
    assert build_indexes.soft_time_limit > 3600
