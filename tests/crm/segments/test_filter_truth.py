"""SQL and Python give the same answer for any row and any tree, and `not` is the exact complement."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.segments.filters import OPERATORS, parse
from crm.segments.filters.operators import COLLATION
from crm.segments.rules import fold
from crm.slots import filter_subjects
from tests import factories
from tests.conftest import NOON

TEXTS = ["İzmir", "izmir", "IZMIR", "ızmır", "Straße", "STRASSE", "STRAẞE", "ΟΔΟΣ", "οδος", "οδοσ", "ǅ", "Ω", "Ω", "é",
         "É", "50%", "a_b", "a\\b", "aXb", "x\ny", "Ab", "aB "]  # fmt: skip
DAYS = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 2), date(2026, 3, 29), date(1900, 1, 1), date(2199, 12, 31)]
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
MOMENTS = [
    MIDNIGHT + timedelta(hours=hours, microseconds=tick)
    for hours in (-24, -4, -2, 0, 4, 22, 24) for tick in (-1, 0, 1)
]  # fmt: skip
MONEY = [Decimal(n) for n in ("0", "0.01", "499.99", "500", "500.01", "999999999999.99")]

text = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), min_size=1, max_size=5),
)
tag = st.sampled_from(["vip", "VIP", "beta", "ß", "with space", 'quo"te', "{}"])
moment = st.one_of(st.sampled_from(MOMENTS), st.datetimes(datetime(2026, 5, 1), datetime(2026, 7, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)))  # fmt: skip

row = st.fixed_dictionaries(
    {
        "name": text,
        "industry": st.one_of(st.just(""), text),
        "kind": st.sampled_from(["company", "person"]),
        "lifecycle": st.sampled_from(Account.Lifecycle.values),
        "tags": st.lists(tag, max_size=3, unique=True),
        "risk": st.none() | st.sampled_from([0, 40, 41, 100]),
        "mrr": st.sampled_from(MONEY),
        "signed_up_on": st.none() | st.sampled_from(DAYS),
        "renews_on": st.none() | st.sampled_from(DAYS),
        "last_seen_at": st.none() | moment,
        "created_at": moment,
    }
)

FIELDS = filter_subjects["account"].fields
_operands: dict[str, st.SearchStrategy[Any]] = {
    "nothing": st.none(),
    "text": text.filter(str.strip),
    "texts": st.lists(text.filter(str.strip), min_size=1, max_size=3),
    "number": st.sampled_from([*MONEY, 40, 41, -1, 0.1, 30]),
    "numbers": st.lists(st.sampled_from([0, 40, 500, 500.01, 10**12]), min_size=2, max_size=2).map(sorted),
    "day": st.sampled_from(DAYS).map(str),
    "days": st.sampled_from([0, 1, 30, 64, 36_500]),
    "flag": st.booleans(),
}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    askable = [name for name in FIELDS.names() if ":" not in name and not FIELDS[name].takes_argument]
    # Segments are themselves made of these: test_segment_filters.py.
    name = draw(st.sampled_from([name for name in askable if FIELDS[name].kind != "segment"]))
    field = FIELDS[name]
    operator = draw(st.sampled_from(list(OPERATORS[field.kind].values())))
    if field.kind == "tags":
        operand = tag if operator.takes == "text" else st.lists(tag, min_size=1, max_size=3)
    elif operator.takes == "choice":
        operand = st.sampled_from([code for code, _ in field.choices])
    elif operator.takes == "choices":
        operand = st.lists(st.sampled_from([code for code, _ in field.choices]), min_size=1, max_size=3)
    else:
        operand = _operands[operator.takes]
    return {"field": name, "op": operator.name, "value": draw(operand)}


def groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    )


def _levels(tree: Any) -> int:
    if isinstance(tree, list):
        return max(map(_levels, tree), default=0)
    inner = [tree[key] for key in ("all", "any", "not") if key in tree]
    return 1 + _levels(inner) if inner else 0


trees = st.recursive(st.one_of(leaves(), leaves(), st.just({})), groups, max_leaves=8).filter(
    lambda tree: _levels(tree) <= 5
)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@given(data=st.data())
@hypothesis_settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_sql_and_python_agree(zone: str, data: st.DataObject, settings: Any, db: None) -> None:
    settings.TIME_ZONE = zone
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    with transaction.atomic():
        owner = _owner()
        made = [factories.account(owner=owner if n % 2 else None, **fields) for n, fields in enumerate(rows)]
        ids = {account.pk for account in made}
        for tree in data.draw(st.lists(trees, min_size=1, max_size=4)):
            chosen = parse(tree)
            everyone = Account.objects.filter(pk__in=ids)
            by_sql = set(chosen.apply(everyone, NOON).values_list("pk", flat=True))
            values = chosen.values(ids, NOON)
            assert by_sql == {pk for pk in ids if chosen.matches(values[pk], NOON)}
            opposite = parse({"not": tree})
            assert set(opposite.apply(everyone, NOON).values_list("pk", flat=True)) == ids - by_sql
            assert {pk for pk in ids if opposite.matches(values[pk], NOON)} == ids - by_sql
            twice = chosen.apply(chosen.apply(everyone, NOON), NOON)
            assert set(twice.values_list("pk", flat=True)) == by_sql
            assert parse({"all": [tree, {}]}).sentence() == chosen.sentence()
        transaction.set_rollback(True)


def _owner() -> Any:
    from crm.team.models import User

    return User.objects.create(email="izmir@example.com", name="I", role="manager")


@pytest.mark.django_db
def test_python_folds_every_character_as_postgres_does() -> None:
    import unicodedata

    characters = [
        chr(point) for point in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(point)) not in ("Cs", "Cn")
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT array_agg(lower(c COLLATE "{COLLATION}") ORDER BY n) FROM unnest(%s::text[]) '
                       "WITH ORDINALITY AS t(c, n)", [characters])  # fmt: skip
        folded = cursor.fetchone()[0]
    assert [(a, b, fold(a)) for a, b in zip(characters, folded, strict=True) if b != fold(a)] == []
