"""The filter builder: trees as forms and back, what its buttons do, and the page that leads back to a list."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from crm.segments import filterbar
from crm.segments.builder import Builder, words_of
from crm.segments.filters import OPERATORS, FilterError, parse
from crm.segments.models import Segment
from crm.slots import filter_subjects
from crm.team.models import User
from tests import factories

MRR = {"field": "mrr", "op": ">=", "value": "500"}
NAME = {"field": "name", "op": "contains", "value": "wind"}
TRIAL = {"field": "lifecycle", "op": "in", "value": ["trial", "paused"]}
SET = {"field": "industry", "op": "is_set"}


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def form(builder: Builder) -> QueryDict:
    """What a browser sends of the builder, in any order."""
    sent = QueryDict(mutable=True)

    def add(part: Any) -> None:
        if part.is_group:
            sent[f"f{part.place}.how"] = part.how
            for inner in reversed(part.parts):
                add(inner)
            return
        sent[f"f{part.place}.field"], sent[f"f{part.place}.op"] = part.name, part.op
        sent[f"f{part.place}.argument"], sent[f"f{part.place}.upto"] = part.argument, part.upto
        sent.setlist(f"f{part.place}.value", part.values)

    add(builder.root)
    return sent


@pytest.mark.parametrize(
    ("tree", "same"),
    [
        ({}, {}),
        (MRR, {"all": [MRR]}),
        ({"all": [MRR, NAME]}, {"all": [MRR, NAME]}),
        ({"any": [MRR, {"all": [NAME, SET]}]}, {"any": [MRR, {"all": [NAME, SET]}]}),
        ({"not": {"any": [MRR, NAME]}}, {"not": {"any": [MRR, NAME]}}),
        ({"not": {"all": [MRR, NAME]}}, {"not": {"all": [MRR, NAME]}}),
        ({"not": NAME}, {"not": {"any": [NAME]}}),
        ({"not": {"not": TRIAL}}, {"any": [TRIAL]}),
        ({"all": [{"not": {"not": {"any": [MRR, NAME]}}}]}, {"all": [{"any": [MRR, NAME]}]}),
        ({"any": [MRR, {}]}, {}),  # everything, and so it says
        ({"all": [{"all": []}, SET]}, {"all": [SET]}),
        ({"field": "mrr", "op": "between", "value": [1, 2.5]},
         {"all": [{"field": "mrr", "op": "between", "value": ["1", "2.5"]}]}),
        ({"field": "has_owner", "op": "is", "value": False},
         {"all": [{"field": "has_owner", "op": "is", "value": False}]}),
        ({"field": "usage.total:exports", "op": ">=", "value": 3},
         {"all": [{"field": "usage.total:exports", "op": ">=", "value": "3"}]}),
    ],
)  # fmt: skip
def test_a_tree_comes_back_from_its_form(tree: dict[str, Any], same: dict[str, Any]) -> None:
    shown = Builder.of(tree, "account")

    again = Builder.read(form(shown), "account").tree()

    assert again == same
    assert parse(again).sentence() == parse(tree).sentence()


@pytest.mark.parametrize("kind", OPERATORS)
def test_every_comparison_of_a_kind_has_words_of_its_own(kind: str) -> None:
    words = [words_of(operator) for operator in OPERATORS[kind].values()]
    assert len(set(words)) == len(words)


def test_every_field_can_be_asked_with_each_of_its_comparisons(mira: User) -> None:
    segments = {
        subject: str(Segment.objects.create(subject=subject, name="Shared", owner=mira, shared=True).pk)
        for subject in ("account", "contact")
    }
    samples: dict[str, Any] = {
        "nothing": [], "text": ["x"], "texts": ["x, y"], "number": ["3"], "numbers": ["1"], "day": ["2026-06-01"],
        "days": ["7"], "flag": ["true"],
    }  # fmt: skip
    for subject in ("account", "contact"):
        for name, about in filter_subjects[subject].fields.items():
            for op in OPERATORS[about.kind].values():
                samples |= {"segment": [segments.get(about.segments_of, "")]}
                values = [about.choices[0][0]] if op.takes in ("choice", "choices") else samples[op.takes]
                sent = QueryDict(mutable=True)
                argument = {"day": "2026-06-01", "stretch": "2026-03-31..2026-06-30"}.get(about.argument, "x")
                sent.update({"f0-0.field": name, "f0-0.op": op.name, "f0-0.argument": argument, "f0-0.upto": "2"})
                sent.setlist("f0-0.value", values)
                tree = Builder.read(sent, subject, mira).tree()
                assert parse(tree, subject).sentence(), (subject, name, op.name)


def test_buttons_add_nest_and_take_away() -> None:
    builder = Builder.of({"all": [MRR, NAME]}, "account")
    builder.asked("group:0")
    group = builder.root.parts[2]
    assert (group.how, group.parts[0].focus) == ("any", "field")
    builder.asked("add:0-2")
    assert [part.place for part in group.parts] == ["0-2-0", "0-2-1"]
    builder.asked("remove:0-0")
    assert [part.place for part in builder.root.parts] == ["0-0", "0-1"]
    assert builder.root.parts[0].name == "name"
    builder.asked("remove:0")  # the whole cannot go
    builder.asked("remove:0-9-9")
    builder.asked("add:0-0")  # a condition holds none
    assert len(builder.root.parts) == 2
    builder.asked("clear")
    assert builder.tree() == {}


def test_another_field_forgets_what_was_typed_for_the_last() -> None:
    sent = form(Builder.of(MRR, "account"))
    sent["f0-0.field"] = "renews_on"
    builder = Builder.read(sent, "account")

    builder.asked("field:0-0")

    condition = builder.root.parts[0]
    assert (condition.op, condition.values, condition.focus) == ("", [], "op")
    assert condition.operator.name == "after"  # what is usually asked of a day


def test_what_is_wrong_stands_beside_its_condition() -> None:
    builder = Builder.of({"all": [NAME, {"any": [MRR]}]}, "account")
    sent = form(builder)
    sent["f0-1-0.value"] = "much"
    builder = Builder.read(sent, "account")
    builder.asked("add:0")

    with pytest.raises(FilterError):
        builder.tree()

    assert [c.error for c in builder.root.conditions()] == [
        "", "Value must be a number, not “much”.", "Choose what to filter by.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["f0-0", "f1.field", "f0-0-0-0-0-0-0-0-0-0-0-0.field", "f0-9999.field", "f.how", "f0.x"]
)
def test_fields_of_no_builder_are_nothing(name: str) -> None:
    assert Builder.read(QueryDict(f"{name}=mrr"), "account").tree() == {}


def test_the_page_begins_a_condition_and_leads_back(web: Client) -> None:
    tree = filterbar.write([NAME])
    page = web.get("/lists/account/filter/", {"f": tree, "sort": "-mrr", "at": "new"})
    builder = page.context["builder"]
    assert [part.name for part in builder.root.parts] == ["name", ""]
    assert builder.root.parts[1].focus == "field"
    sent = form(builder)
    sent.update({"f0-1.field": "mrr", "f0-1.op": ">="})
    sent["f0-1.field"], sent["f0-1.op"], sent["f0-1.value"] = "mrr", ">=", "500"

    answer = web.post("/lists/account/filter/?sort=-mrr&at=new", dict(sent.lists()))

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/?")
    asked = QueryDict(answer["Location"].partition("?")[2])
    assert (asked["sort"], json.loads(asked["f"])) == ("-mrr", {"all": [NAME, MRR]})


def test_a_refused_filter_keeps_what_was_typed(web: Client) -> None:
    sent = {"f0.how": "any", "f0-0.field": "mrr", "f0-0.op": ">=", "f0-0.value": "much"}

    answer = web.post("/lists/account/filter/", sent)

    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Value must be a number, not “much”." in text
    assert 'value="much"' in text


def test_without_scripts_a_button_shows_the_form_again(web: Client) -> None:
    sent = {"f0.how": "all", "f0-0.field": "lifecycle", "f0-0.op": "in", "do": "group:0"}
    text = web.post("/lists/account/filter/", sent).content.decode()
    assert 'name="f0-1.how"' in text
    assert 'name="f0-1-0.field"' in text
    assert text.count('type="checkbox" name="f0-0.value"') == 5


def test_the_bare_form_for_other_pages(web: Client) -> None:
    sent = {"f0.how": "all", "f0-0.field": "renews_on", "do": "field:0-0"}
    text = web.post("/lists/account/filter/form/", sent).content.decode()
    assert text.startswith('\n<div class="builder"') or '<div class="builder"' in text[:200]
    assert "<form" not in text
    assert 'type="date"' in text
    assert web.post("/lists/nothing/filter/form/", {}).status_code == 404
    assert web.get("/lists/nothing/filter/").status_code == 404


def test_what_is_typed_is_escaped(web: Client) -> None:
    sent = {"f0-0.field": "name", "f0-0.op": "contains", "f0-0.value": '"><script>alert(1)</script>', "do": "set"}
    assert b"<script>alert" not in web.post("/lists/account/filter/form/", sent).content


def test_owners_are_suggested_by_name(web: Client, sam: User) -> None:
    text = web.post("/lists/account/filter/form/", {"f0-0.field": "owner", "do": "field:0-0"}).content.decode()
    assert '<option value="sam@example.com">Sam</option>' in text


def test_chips_know_where_the_builder_shows_them(web: Client) -> None:
    factories.account("Windrose", mrr=900)
    page = web.get("/accounts/", {"f": filterbar.write([NAME, {"any": [MRR, SET]}])})
    chips = page.context["chips"]
    assert [chip["words"] for chip in chips] == [
        "Name contains “wind”",
        "MRR is at least €\u202f500 or Industry is set",
    ]
    assert "at=0-1" in chips[1]["edit"]
    assert json.loads(QueryDict(chips[0]["without"][1:])["f"]) == {"all": [{"any": [MRR, SET]}]}
    alone = filterbar.chips(parse({"any": [MRR, SET]}), "account")
    assert [(chip.place, chip.rest) for chip in alone] == [("0", "")]


@pytest.mark.parametrize("name", ["customer.on", "customer.mrr_on"])
def test_a_day_that_is_missing_is_marked_and_not_the_value(web: Client, name: str) -> None:
    first = {"f0.how": "all", "f0-0.field": name}
    builder = Builder.read(QueryDict(urlencode(first)), "account")
    builder.asked("field:0-0")
    assert builder.root.parts[0].focus == "argument"  # before the comparison, as it is read
    op, good, bad = ("is", "true", "maybe") if name == "customer.on" else (">=", "5", "")
    sent = first | {"f0-0.op": op, "f0-0.value": good}
    for day in ("", "yesterday"):
        html = web.post("/lists/account/filter/", sent | {"f0-0.argument": day, "do": "apply"}).content.decode()
        assert 'class="condition argued lacks"' in html
        assert re.search(r'name="f0-0.argument"[^>]*aria-invalid="true"', html)
    wrong = sent | {"f0-0.argument": "2026-05-01", "f0-0.value": bad, "do": "apply"}
    html = web.post("/lists/account/filter/", wrong).content.decode()
    assert 'class="condition argued wrong"' in html
    assert "aria-invalid" not in html
    assert html.index('name="f0-0.argument"') < html.index('name="f0-0.op"')
