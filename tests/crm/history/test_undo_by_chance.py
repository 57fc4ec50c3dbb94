"""Random acts with random edits between them, beside an oracle that keeps a book of its own in Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.history import rules
from crm.history.actions import act, undo
from tests import factories
from tests.conftest import NOON

FIELDS = ("domain", "industry", "goal")
ROWS = 4

edits = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.sampled_from(FIELDS), st.sampled_from("abc")), min_size=1, max_size=5
)
#: (whose act it is: number of the act, or -1 for an ordinary edit; what changes)
stories = st.lists(st.tuples(st.integers(-1, 2), edits), min_size=1, max_size=7)


class Book:
    """Each field's changes in order: (act or edit, before, after)."""

    def __init__(self) -> None:
        self.now = {(row, field): "" for row in range(ROWS) for field in FIELDS}
        self.steps: dict[tuple[int, str], list[tuple[object, str, str]]] = defaultdict(list)

    def write(self, who: object, row: int, field: str, value: str) -> None:
        if self.now[row, field] != value:
            self.steps[row, field].append((who, self.now[row, field], value))
            self.now[row, field] = value

    def take_back(self, who: object) -> tuple[set[int], set[tuple[int, str]]]:
        """Rows that go back and fields that are kept, done field by field."""
        back, kept = set(), set()
        for place, steps in self.steps.items():
            runs = [list(run) for _, run in groupby(steps, key=itemgetter(0))]
            runs = [run for run in runs if run[0][1] != run[-1][2]]  # who left a field as it was did not change it
            if who not in [run[0][0] for run in runs]:
                continue
            if runs[-1][0][0] != who:
                kept.add(place)
                continue
            self.now[place] = runs[-1][0][1]
            back.add(place[0])
            # What is undone leaves no trace for later undos, as far as it went back.
            steps[:] = [step for run in runs[:-1] for step in run]
        return back, kept


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [30, pytest.param(1500, marks=pytest.mark.long)])
def test_all_else_is_equal_to_before_and_what_is_kept_is_named_exactly(mira, monkeypatch, examples):
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(story=stories, order=st.permutations(range(3)), slices=st.sampled_from([1, 3, 1000]))
    def tell(story, order, slices):
        _tell(mira, monkeypatch, story, order, slices)

    tell()


@pytest.mark.django_db
@pytest.mark.parametrize("order", [[0, 1], [1, 0], [1]])
def test_an_act_that_left_a_field_as_it_was_stands_in_nobodys_way(mira, monkeypatch, order):
    there_and_back = (0, [(1, "domain", "b"), (1, "domain", "a")])
    _tell(mira, monkeypatch, [(1, [(1, "domain", "a")]), there_and_back], order, 1000)


def _tell(mira, monkeypatch, story, order, slices):
    monkeypatch.setattr(rules, "SLICE", slices)
    Account.objects.all().delete()
    rows = [factories.account(f"Account {n}") for n in range(ROWS)]
    book, acts = Book(), {}
    for at, (number, changes) in enumerate(story):
        name = ("edit", at) if number < 0 or number in acts else number
        with act("some.act", str(name), mira, NOON + timedelta(minutes=at)) as deed:
            for row, field, value in changes:
                Account.objects.filter(pk=rows[row].pk).update(**{field: value})
                book.write(name, row, field, value)
        acts[name] = deed
    by_pk = {row.pk: n for n, row in enumerate(rows)}
    for number in order:
        if number not in acts:
            continue
        undone = undo(acts[number], mira, NOON + timedelta(hours=1))
        back, kept = book.take_back(number)
        assert {(by_pk[one.pk], one.field) for one in undone.kept} == kept
        assert undone.reverted == len(back)
        now = {row["id"]: row for row in Account.objects.values("id", *FIELDS)}
        held = {(by_pk[pk], field): row[field] for pk, row in now.items() for field in FIELDS}
        assert held == book.now
