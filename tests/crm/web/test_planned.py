"""Statements that are planned once: each connection knows them as long as it lives, whatever its transactions do."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from crm.web.planned import Planned, planned

pytestmark = pytest.mark.django_db(transaction=True)

SUM = "SELECT %(one)s::integer + %(two)s::integer * %(one)s::integer"


def run(sql: str, **values: object) -> object:
    with connection.cursor() as cursor:
        cursor.execute(planned(sql).call(cursor), values)
        return cursor.fetchone()[0]


def names() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = %s", [planned(SUM).name])
        return [name for (name,) in cursor.fetchall()]


def test_values_stand_where_their_names_stood() -> None:
    assert run(SUM, one=2, two=5) == 12
    assert run(SUM, two=1, one=3) == 6
    assert names() == [planned(SUM).name]


def test_a_text_holds_what_it_is_given() -> None:
    assert run("SELECT %(text)s::text || '%%'", text="it's $1; DROP TABLE crm_user; --") == (
        "it's $1; DROP TABLE crm_user; --%"
    )


def test_its_name_says_which_it_is_whoever_makes_it_and_when() -> None:
    assert Planned(SUM).name == Planned(SUM).name == planned(SUM).name
    assert Planned(SUM).name != Planned(f"{SUM} + 1").name


def test_one_without_values() -> None:
    assert run("SELECT 7") == 7


def test_it_outlives_a_transaction_that_is_rolled_back() -> None:
    connection.close()
    with transaction.atomic():
        run(SUM, one=2, two=5)
        transaction.set_rollback(True)
    assert run(SUM, one=2, two=5) == 12


def test_another_connection_learns_it_anew() -> None:
    run(SUM, one=1, two=1)
    connection.close()
    assert names() == []
    assert run(SUM, one=2, two=5) == 12


def test_one_that_cannot_be_planned_is_not_taken_for_known() -> None:
    for _ in range(2):
        with pytest.raises(Error, match="nowhere"):
            run("SELECT * FROM nowhere")
