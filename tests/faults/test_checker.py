"""The checker itself: doctored logs must not pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.checker import Findings, Row, item_of, judge

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def taken(item: str, **fields: object) -> dict[str, object]:
    return {"to": "anna@x", "subject": item, "message_id": f"<{item}@x>", "key": "", "again": False} | fields


def found(log: list[dict[str, object]], rows: dict[str, Row], *, listed: set[int] | None = None) -> Findings:
    planned = [item_of("anna@x", "a"), item_of("anna@x", "b")]
    known = {item_of("anna@x", subject): row for subject, row in rows.items()}
    return judge(planned, log, known, listed or set(), NOW, excused=frozenset({"skipped"}))


SENT = {"a": Row(1, "sent"), "b": Row(2, "sent")}


def test_all_is_well() -> None:
    verdict = found([taken("a"), taken("b"), taken("b", again=True)], SENT)
    assert verdict.faults == {}
    assert (verdict.planned, verdict.taken) == (2, 2)


@pytest.mark.parametrize(
    ("fault", "log", "rows"),
    [
        ("lost", [taken("a")], SENT),
        ("lost", [taken("a")], {"a": Row(1, "sent")}),
        ("lost", [taken("a")], SENT | {"b": Row(2, "failed", "refused")}),
        ("lost", [taken("a")], SENT | {"b": Row(2, "skipped", "")}),
        ("doubled", [taken("a"), taken("b"), taken("b", message_id="<other@x>")], SENT),
        ("doubled", [taken("a"), taken("b", message_id="<a@x>")], SENT),
        ("foreign", [taken("a"), taken("b"), taken("c")], SENT),
        ("denied", [taken("a"), taken("b")], SENT | {"b": Row(2, "skipped", "cap")}),
        ("denied", [taken("a"), taken("b")], SENT | {"b": Row(2, "due")}),
        ("stuck", [taken("a")], SENT | {"b": Row(2, "claimed", "", NOW)}),
        ("stuck", [taken("a"), taken("b")], SENT | {"b": Row(2, "sending", "", NOW - timedelta(seconds=1))}),
        ("waiting", [taken("a")], SENT | {"b": Row(2, "claimed", "", NOW + timedelta(seconds=1))}),
        ("waiting", [taken("a")], SENT | {"b": Row(2, "due")}),
        ("unlisted", [taken("a")], SENT | {"b": Row(2, "uncertain", "the sender died")}),
    ],
)
def test_each_fault_is_seen(fault: str, log: list[dict[str, object]], rows: dict[str, Row]) -> None:
    assert set(found(log, rows).faults) == {fault}


def test_what_is_uncertain_and_listed_or_explained_is_no_fault() -> None:
    verdict = found([taken("a")], SENT | {"b": Row(2, "uncertain", "the sender died")}, listed={2})
    assert (verdict.faults, verdict.uncertain, verdict.uncertain_taken) == ({}, ["anna@x: b"], 0)
    verdict = found([taken("a")], SENT | {"b": Row(2, "skipped", "no consent")})
    assert (verdict.faults, verdict.explained) == ({}, ["anna@x: b"])
