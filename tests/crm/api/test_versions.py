"""ETag and If-Match: nobody overwrites what they have not seen."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts.models import Account
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def url(db: None) -> str:
    return f"/api/v1/accounts/{factories.account('First').pk}/"


def test_a_change_to_what_was_read_is_taken(api: Any, url: str) -> None:
    version = api.get(url)["ETag"]
    answer = api.patch(url, {"name": "Second"}, headers={"If-Match": f'"other", W/{version}'})
    assert answer.status_code == 200
    assert answer["ETag"] != version
    assert api.get(url)["ETag"] == answer["ETag"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_to_what_has_changed_is_refused(api: Any, url: str, method: str) -> None:
    version = api.get(url)["ETag"]
    Account.objects.update(name="Meanwhile")
    answer = getattr(api, method)(url, {"name": "Mine"}, headers={"If-Match": version})
    assert (answer.status_code, answer.json()["title"]) == (412, "Precondition Failed")
    assert answer.json()["detail"] == (
        "Somebody has changed this since you read it. Read it again, then repeat your change."
    )
    assert Account.objects.get().name == "Meanwhile"


def test_figures_that_move_by_themselves_make_no_new_version(api: Any, url: str) -> None:
    version = api.get(url)["ETag"]
    Account.objects.update(risk=50, mrr=7)
    factories.seen(NOON)
    assert api.patch(url, {"name": "Mine"}, headers={"If-Match": version}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
def test_without_a_version_the_last_one_wins(api: Any, url: str, headers: dict[str, str]) -> None:
    assert api.patch(url, {"name": "Mine"}, headers=headers).status_code == 200


def test_a_foreign_row_is_not_found_whatever_its_version(calling: Any, olaf: Any, mira: Any) -> None:
    foreign = factories.account(owner=mira)
    answer = calling(olaf).patch(f"/api/v1/accounts/{foreign.pk}/", {"name": "X"}, headers={"If-Match": '"x"'})
    assert answer.status_code == 404
