"""The hand-off with its versions, and check-ins about the customer's goal."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account, HandOff
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.accounts.conftest import HTMX

SAID = {"goals": "Close the month in two days", "roadblocks": "Old exports", "decision_makers": "Jonas", "promised": ""}


def write(web: Client, account: Account, version: int | str = 0, **parts: str) -> Any:
    return web.post(f"/accounts/{account.pk}/hand-off/new/", SAID | {"version": version} | parts)


def test_a_hand_off_stands_on_the_customers_page(web: Client, kelp: Account, mira: User) -> None:
    assert write(web, kelp).status_code == 302

    row = HandOff.objects.get()
    assert (row.version, row.goals, row.written_by, row.written_at) == (1, SAID["goals"], mira, NOON)
    assert TimelineEntry.objects.get().text == "Hand-off written"
    page = web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert "Close the month in two days" in page
    assert "Old exports" in page


def test_a_change_is_a_version_and_the_old_one_stays(web: Client, kelp: Account) -> None:
    write(web, kelp)
    assert write(web, kelp, 1, roadblocks="None").status_code == 302

    rows = list(HandOff.objects.order_by("version"))
    assert [(row.version, row.roadblocks, bool(row.replaced_at)) for row in rows] == [
        (1, "Old exports", True), (2, "None", False),
    ]  # fmt: skip
    page = web.get(f"/accounts/{kelp.pk}/hand-off/").content.decode()
    assert page.index("version 2") < page.index("Old exports")
    assert "Old exports" not in web.get(f"/accounts/{kelp.pk}/").content.decode()


def test_to_write_the_same_again_makes_no_version(web: Client, kelp: Account) -> None:
    write(web, kelp)
    write(web, kelp, 1)

    assert HandOff.objects.count() == 1


def test_who_is_overtaken_sees_both_and_loses_nothing(web: Client, kelp: Account) -> None:
    write(web, kelp)
    write(web, kelp, 1, roadblocks="Theirs")

    answer = write(web, kelp, 1, roadblocks="Mine")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "wrote version 2 while you were writing" in page
    assert '<del class="prose">Theirs</del><br><ins class="prose">Mine</ins>' in page
    assert HandOff.objects.count() == 2
    assert write(web, kelp, 2, roadblocks="Mine").status_code == 302
    assert HandOff.objects.get(replaced_at=None).roadblocks == "Mine"


def test_an_empty_hand_off_is_none(web: Client, kelp: Account) -> None:
    answer = write(web, kelp, **dict.fromkeys(SAID, " "))

    assert answer.status_code == 422
    assert "Write at least one of the four." in answer.content.decode()
    assert not HandOff.objects.exists()


@pytest.mark.parametrize(
    ("state", "kind"), [("reached", "goal.reached"), ("partly", "goal.checked"), ("missed", "goal.missed")]
)
def test_a_check_in(web: Client, kelp: Account, state: str, kind: str) -> None:
    kelp.goal = "Two days"
    kelp.save()

    answer = web.post(
        f"/accounts/{kelp.pk}/goal/", {"state": state, "note": "Nearly", "asked_on": "2026-06-01"}, headers=HTMX
    )

    kelp.refresh_from_db()
    entry = TimelineEntry.objects.get()
    assert answer["HX-Redirect"] == f"/accounts/{kelp.pk}/"
    assert (kelp.goal_state, kelp.goal_checked_on) == (state, date(2026, 6, 1))
    assert (entry.kind, entry.payload) == (kind, {"note": "Nearly"})
    assert "asked 1 Jun" in web.get(f"/accounts/{kelp.pk}/").content.decode()


@pytest.mark.parametrize(
    "data",
    [{"state": "reached", "asked_on": "2026-06-02"}, {"state": "", "asked_on": "2026-06-01"}, {"state": "maybe"}],
)
def test_a_check_in_that_cannot_be(web: Client, kelp: Account, data: dict[str, str]) -> None:
    assert web.post(f"/accounts/{kelp.pk}/goal/", data).status_code == 422
    kelp.refresh_from_db()
    assert kelp.goal_state == ""
    assert not TimelineEntry.objects.exists()
