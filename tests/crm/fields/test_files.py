"""Fields in files: what an import recognises, keeps and refuses, and that an export can be read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.imports.actions import running
from crm.imports.actions.storing import receive
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.imports.conftest import load, rejects

__all__ = ["load", "rejects"]
pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]


def numbers(report: Any) -> tuple[int, ...]:
    return report.created, report.updated, report.skipped, report.rejected


def customs() -> list[dict[str, Any]]:
    return list(Account.objects.order_by("external_id").values_list("custom", flat=True))


def test_every_type_arrives_from_a_file(load: Any, field: Field, mira: User) -> None:
    for key, kind in {
        "note": "text", "seats": "number", "fee": "money", "live": "date", "signed": "yes_no", "tier": "choice",
        "uses": "choices", "site": "url", "post": "email", "call": "phone", "expert": "user",
    }.items():  # fmt: skip
        field(key, kind)
    header = "external_id,name,custom_note,Custom Seats,custom_fee,custom_live,custom_signed,custom_tier,custom_uses,"
    report = load(
        "accounts",
        header + "custom_site,custom_post,custom_call,custom_expert\n"
        'a1,Acme,  Say  cheese ,12,"12,50",31.03.2026,yes,GOLD,"silver; Gold",acme.example,A@acme.example,'
        "+49 30 1234567,mira@example.com\n",
    )
    assert numbers(report) == (1, 0, 0, 0)
    assert customs() == [{
        "note": "Say cheese", "seats": "12", "fee": "12.50", "live": "2026-03-31", "signed": True, "tier": "gold",
        "uses": ["gold", "silver"], "site": "https://acme.example", "post": "a@acme.example", "call": "+49 30 1234567",
        "expert": str(mira.pk),
    }]  # fmt: skip


def test_a_cell_that_cannot_be_kept_rejects_its_row_with_the_reason(load: Any, rejects: Any, field: Field) -> None:
    field("seats", "number")
    field("tier", "choice")
    report = load("accounts", "external_id,name,custom_seats,custom_tier\na1,A,many,gold\na2,B,3,lead\na3,C,3,gold\n")
    assert numbers(report) == (1, 0, 0, 2)
    assert rejects("accounts") == [
        ["2", "custom_seats", "many", "is not a number", "Write digits, such as 1250.50."],
        ["3", "custom_tier", "lead", "“lead” is not one of the choices", "Choose one of Gold, Silver, Bronze."],
    ]


def test_a_preview_shows_fields_as_values_of_their_own(field: Field, ada: User) -> None:
    field("seats", "number")
    field("tier", "choice")
    factories.account("Acme", external_id="a1", custom={"seats": "3", "tier": "gold"})
    file = SimpleUploadedFile("list.csv", b"external_id,name,custom_seats,custom_tier\na1,Acme,4,\na2,Bolt,,silver\n")
    made = receive(file, "accounts", ada, NOON)
    made.queue("preview", ada, NOON)
    assert running.run(NOON) == 1
    made.refresh_from_db()
    assert (made.error, made.created, made.updated) == ("", 1, 1)
    told = {entry["line"]: entry["changes"] for entry in made.report["changes"]}
    assert told[2] == [{"field": "Seats", "before": "3", "after": "4"}]
    assert {"field": "Tier", "before": "", "after": "Silver"} in told[3]
    assert "Seats" not in {change["field"] for change in told[3]}


def test_blank_cells_keep_others_replace_and_again_changes_nothing(load: Any, field: Field) -> None:
    field("seats", "number")
    field("tier", "choice")
    factories.account("Acme", external_id="a1", custom={"seats": "1", "tier": "gold", "gone": "kept"})
    text = "external_id,name,custom_seats,custom_tier\na1,Acme,2,\n"
    assert numbers(load("accounts", text)) == (0, 1, 0, 0)
    assert customs() == [{"seats": "2", "tier": "gold", "gone": "kept"}]
    assert numbers(load("accounts", text)) == (0, 0, 1, 0)


def test_a_policy_holds_for_a_field_as_for_a_column(load: Any, field: Field) -> None:
    field("seats", "number")
    field("tier", "choice")
    factories.account("Acme", external_id="a1", custom={"seats": "1"})
    text = "external_id,name,custom_seats,custom_tier\na1,Acme,2,gold\n"
    load("accounts", text, policies={"custom_seats": "fill", "custom_tier": "keep"})
    assert customs() == [{"seats": "1"}]
    load("accounts", text, policies={"custom_seats": "keep", "custom_tier": "fill"})
    assert customs() == [{"seats": "1", "tier": "gold"}]


def test_new_rows_get_defaults_and_need_what_is_required_if_the_file_has_it(
    load: Any, rejects: Any, field: Field
) -> None:
    field("tier", "choice", default="silver", required=True)
    field("seats", "number", required=True)
    assert numbers(load("accounts", "external_id,name\na1,Acme\n")) == (1, 0, 0, 0)
    assert numbers(load("accounts", "external_id,name,custom_seats\na2,Bolt,\na3,Cape,3\n")) == (1, 0, 0, 1)
    assert customs() == [{"tier": "silver"}, {"tier": "silver", "seats": "3"}]
    assert rejects("accounts")[0][1:4] == ["custom_seats", "", "is missing"]


def test_people_bring_fields_of_their_own(load: Any, field: Field) -> None:
    field("shoe", "number", subject="contact")
    factories.account("Acme", external_id="a1")
    load("contacts", "external_id,account_external_id,email,custom_shoe\np1,a1,anna@acme.example,41\n")
    assert Contact.objects.get().custom == {"shoe": "41"}


def test_an_import_is_undone_field_by_field(load: Any, field: Field, ada: User) -> None:
    field("seats", "number")
    field("tier", "choice")
    row = factories.account("Acme", external_id="a1", custom={"seats": "1"})
    report = load("accounts", "external_id,name,custom_seats,custom_tier\na1,Acme,2,gold\na2,Bolt,3,\n")
    assert customs() == [{"seats": "2", "tier": "gold"}, {"seats": "3"}]
    Account.objects.filter(pk=row.pk).update(custom={"seats": "2", "tier": "silver"})

    undo_import(Import.objects.get(pk=report.import_id), ada, NOON)

    assert customs() == [{"seats": "1", "tier": "silver"}]


def test_an_export_comes_back_unchanged(load: Any, web: Client, field: Field, mira: User) -> None:
    kinds = {"note": "text", "lines": "long", "seats": "number", "live": "date", "signed": "yes_no", "tier": "choice",
             "uses": "choices", "expert": "user"}  # fmt: skip
    for key, kind in kinds.items():
        field(key, kind)
    given = {"note": "=1+1", "lines": "one\ntwo", "seats": "-7", "live": "2026-03-31", "signed": False, "tier": "gold",
             "uses": ["gold", "silver"], "expert": str(mira.pk)}  # fmt: skip
    factories.account("Acme", external_id="a1", custom=given)
    columns = ["external_id", "name", *(f"custom_{key}" for key in kinds)]
    assert "Tier" in web.get("/exports/account/").content.decode()
    answer = web.post("/exports/account/", {"download": "1", "columns": columns})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert (row["custom_tier"], row["custom_uses"], row["custom_signed"], row["custom_expert"]) == (
        "Gold", "Gold, Silver", "no", "mira@example.com",
    )  # fmt: skip
    assert row["custom_note"] == "'=1+1"
    assert numbers(load("accounts", text)) == (0, 0, 1, 0)
    Account.objects.update(custom={})
    assert numbers(load("accounts", text)) == (0, 1, 0, 0)
    assert customs() == [given]


def test_the_wizard_recognises_names_and_offers_a_new_field_to_admins(
    web: Client, admin: Client, ada: User, mira: User, field: Field
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    field("seats", "number", name="Number of seats")
    for browser, may in ((web, False), (admin, True)):
        file = SimpleUploadedFile("a.csv", b"external_id,name,Number of Seats,Region\na1,Acme,3,North\n")
        mapping = browser.post("/imports/new/", {"kind": "accounts", "file": file})["Location"]
        page = browser.get(mapping).content.decode()
        assert '<option value="custom_seats" selected' in page
        assert ("/settings/fields/new/?of=account&amp;next=" in page and "&amp;name=Region" in page) is may
    assert CustomField.objects.count() == 1
