"""What products and foreign pages learn by a token: whether all is fine, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.web import clock
from retention.dunning.actions import tokens
from retention.dunning.models import DunningSettings, StatusToken
from tests.conftest import NOON
from tests.retention.dunning.conftest import HOUR, case_of, declined, paid


@pytest.fixture
def token(kelp: Account) -> StatusToken:
    return StatusToken.objects.create(account=kelp)


def ask(token: StatusToken, **headers: str) -> Any:
    return Client(headers=headers).get(f"/status/{tokens.text_of(token)}/")


def test_who_pays_is_fine_and_any_page_may_read_it(token: StatusToken) -> None:
    answer = ask(token, origin="https://shop.example")
    assert answer.json() == {"state": "fine", "grace_until": None, "mend_url": None}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert not answer.cookies


def test_grace_ends_at_its_moment(on: DunningSettings, kelp: Account, token: StatusToken, work_at: Any) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    ends = case_of(payment).grace_ends_at
    with clock.travelling(ends - timedelta(microseconds=1)):
        assert ask(token).json() == {
            "state": "grace", "grace_until": ends.isoformat(), "mend_url": "https://pay.example/card",
        }  # fmt: skip
    with clock.travelling(ends):
        assert ask(token).json()["state"] == "over"
    paid(payment, NOON + HOUR)  # and nobody has closed the case yet
    with clock.travelling(ends):
        assert ask(token).json()["state"] == "fine"


def test_it_says_neither_who_nor_how_much(on: DunningSettings, kelp: Account, token: StatusToken, work_at: Any) -> None:
    declined(kelp, NOON, "4711.00")
    work_at(NOON)
    text = ask(token).content.decode()
    assert "4711" not in text
    assert "Kelp" not in text
    assert "insufficient" not in text


def test_what_has_not_changed_is_not_sent_again(token: StatusToken) -> None:
    tag = ask(token).headers["ETag"]
    again = ask(token, if_none_match=f"W/{tag}")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_a_revoked_or_forged_token_says_nothing(token: StatusToken, ada: Any) -> None:
    text = tokens.text_of(token)
    forged = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert Client().get(f"/status/{forged}/").status_code == 404
    tokens.revoke(token, ada, NOON)
    answer = ask(token)
    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_banner_s_script_may_stand_anywhere(client: Client, db: None) -> None:
    answer = client.get("/status/banner.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.cookies
