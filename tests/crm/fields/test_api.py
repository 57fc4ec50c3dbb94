"""Fields in the API: read, sent in part, refused by name, versioned, and described in the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from crm.accounts.models import Account
from crm.fields import known
from crm.fields.rules import Definition
from crm.team.models import User
from tests import factories
from tests.crm.api.conftest import api, calling

__all__ = ["api", "calling"]
pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]
ACCOUNTS = "/api/v1/accounts/"


def test_fields_are_read_and_sent_in_part(api: Any, field: Field, mira: User) -> None:
    for key, kind in {"seats": "number", "tier": "choice", "signed": "yes_no", "expert": "user"}.items():
        field(key, kind, decimals=1)
    row = factories.account(custom={"seats": "3.0", "gone": "x"})
    url = f"{ACCOUNTS}{row.pk}/"
    assert api.get(url).json()["custom"] == {"expert": None, "seats": "3.0", "signed": None, "tier": None}
    sent = {"custom": {"tier": "Gold", "signed": False, "seats": 4.5, "expert": "mira@example.com"}}
    body = api.patch(url, sent).json()
    assert body["custom"] == {"expert": "mira@example.com", "seats": "4.5", "signed": False, "tier": "gold"}
    api.patch(url, {"custom": {"tier": None}})
    row.refresh_from_db()
    assert row.custom == {"seats": "4.5", "signed": False, "expert": str(mira.pk), "gone": "x"}


def test_what_cannot_be_kept_is_refused_by_the_name_of_its_field(api: Any, field: Field) -> None:
    field("seats", "number")
    row = factories.account(custom={"seats": "3"})
    answer = api.patch(f"{ACCOUNTS}{row.pk}/", {"custom": {"seats": "many", "nonsense": 1}})
    assert answer.status_code == 400
    assert answer.json()["errors"]["custom"] == {
        "nonsense": ["There is no such field."], "seats": ["Is not a number. Write digits, such as 1250.50."],
    }  # fmt: skip
    assert api.patch(f"{ACCOUNTS}{row.pk}/", {"custom": [1]}).status_code == 400
    row.refresh_from_db()
    assert row.custom == {"seats": "3"}


def test_a_new_record_gets_defaults_and_needs_what_is_required(api: Any, field: Field) -> None:
    field("tier", "choice", default="silver")
    field("seats", "number", required=True)
    answer = api.post(ACCOUNTS, {"name": "Nordwind"})
    assert (answer.status_code, answer.json()["errors"]["custom"]) == (
        400, {"seats": ["Seats must have a value. Send one."]},
    )  # fmt: skip
    assert not Account.objects.exists()
    assert api.post(ACCOUNTS, {"name": "Nordwind", "custom": {"seats": 2}}).status_code == 201
    assert Account.objects.get().custom == {"tier": "silver", "seats": "2"}
    refused = api.patch(f"{ACCOUNTS}{Account.objects.get().pk}/", {"custom": {"seats": None}})
    assert refused.json()["errors"]["custom"] == {"seats": ["Seats must have a value. Send one."]}


def test_a_changed_field_is_another_version(api: Any, field: Field) -> None:
    field("seats", "number")
    row = factories.account(custom={"seats": "3"})
    url = f"{ACCOUNTS}{row.pk}/"
    old = api.get(url)["ETag"]
    assert api.patch(url, {"custom": {"seats": 4}}, headers={"If-Match": old}).status_code == 200
    assert api.patch(url, {"custom": {"seats": 5}}, headers={"If-Match": old}).status_code == 412
    row.refresh_from_db()
    assert row.custom == {"seats": "4"}


def test_the_list_is_filtered_by_a_field(api: Any, field: Field) -> None:
    field("tier", "choice")
    factories.account("Kelp", custom={"tier": "gold"})
    factories.account("Other")
    answer = api.get(ACCOUNTS, {"filter": '{"field": "custom.tier", "op": "is", "value": "gold"}'})
    assert [row["name"] for row in answer.json()["results"]] == ["Kelp"]


def test_the_schema_names_the_fields_of_the_installation(api: Any, field: Field) -> None:
    field("tier", "choice", help="How much they pay")
    schema = api.get("/api/v1/schema/?format=json").json()
    described = schema["components"]["schemas"]["Account"]["properties"]["custom"]["properties"]["tier"]
    assert described == {
        "type": ["string", "null"], "description": "How much they pay (gold: Gold, silver: Silver, bronze: Bronze)",
    }  # fmt: skip


def test_settings_are_checked_before_there_are_tables(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "VERSIONS", "SELECT string_agg(key, ',') FROM crm_no_such_table")
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert schema["components"]["schemas"]["Account"]["properties"]["custom"]["properties"] == {}
