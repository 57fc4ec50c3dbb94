"""Forms through the API: what each asks, and entries that a server sends."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts.models import Account
from crm.forms.models import Asked, FormEntry, PublicForm
from crm.inbox import actions
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
ANSWERS = {"contact.email": "sofia@fjord.example", "account.name": "Fjord AB"}


@pytest.fixture
def form() -> PublicForm:
    asked = [Asked("contact.email", "E-mail", required=True), Asked("account.name", "Company")]
    return PublicForm.objects.create(
        name="Demo",
        title="Demo",
        slug="demo",
        outcome="lead",
        fields=[one.kept() for one in asked],
        consent="Write me.",
    )


def test_a_server_sends_an_entry_once(api: Any, form: PublicForm) -> None:
    read = api.get(f"/api/v1/forms/{form.pk}/").json()
    assert [one["target"] for one in read["fields_asked"]] == list(ANSWERS)
    body = {"answers": ANSWERS, "consent": read["consent_version"], "source": {"utm_source": "partner"}}
    path = f"/api/v1/forms/{form.pk}/submissions/"
    answers = [api.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY="a") for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    entry = FormEntry.objects.get()
    assert (entry.door, entry.source, entry.consent) == ("api", {"utm_source": "partner"}, form.consent_version)
    actions.work(NOON)
    assert Account.objects.get().name == "Fjord AB"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "answers"), ({"answers": {}}, "contact.email"),
        ({"answers": ANSWERS | {"account.owner": "1"}}, "account.owner"),
        ({"answers": ANSWERS | {"contact.email": "x"}}, "contact.email"),
        ({"answers": ANSWERS | {"account.name": {"a": 1}}}, "account.name"),
        ({"answers": ANSWERS, "consent": "old"}, "consent"), ({"answers": ANSWERS, "token": "x"}, "token"),
        ({"answers": ANSWERS, "source": {"ip": "1"}}, "source"),
    ],
)  # fmt: skip
def test_what_it_does_not_ask_for_is_refused(api: Any, form: PublicForm, body: dict[str, Any], place: str) -> None:
    answer = api.post(f"/api/v1/forms/{form.pk}/submissions/", body, format="json")
    assert (answer.status_code, place in str(answer.json()["errors"])) == (400, True)
    assert not FormEntry.objects.exists()


def test_one_that_is_switched_off_takes_nothing(api: Any, form: PublicForm) -> None:
    PublicForm.objects.update(archived_at=NOON)
    assert api.post(f"/api/v1/forms/{form.pk}/submissions/", {"answers": ANSWERS}, format="json").status_code == 409
    assert not FormEntry.objects.exists()
