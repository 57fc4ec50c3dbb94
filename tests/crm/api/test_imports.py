"""Imports in the API: a file is sent, tried, imported and taken back; what is wrong with it is said by its place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import encode_multipart
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account
from crm.history.models import Act, Door
from crm.imports.actions import running
from crm.imports.models import Import, ImportPart, ImportReject
from crm.imports.rules.presets import PRESETS
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
IMPORTS = "/api/v1/imports/"
SHEET = "Nr;name;Sector;Notes\na1;Acme;Steel;x\na2;;;\na3;Bolt;;\n"
MAPPING = '{"Nr": "external_id", "Sector": "industry"}'
DAYS = timedelta(days=30)


def send(api: Any, text: str | bytes = SHEET, name: str = "list.csv", headers: Any = None, **fields: Any) -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    body = {"kind": "accounts", "mapping": MAPPING, "file": SimpleUploadedFile(name, data)} | fields
    given = {key: value for key, value in body.items() if value is not None}
    return api.post(IMPORTS, given, format="multipart", headers=headers)


def loaded(api: Any, **fields: Any) -> str:
    """The address of an import that a worker has done."""
    answer = send(api, **fields)
    assert answer.status_code == 201, answer.json()
    running.run(NOON)
    return f"{IMPORTS}{answer.json()['id']}/"


def test_from_the_file_to_its_undo(api: Any, mira: User) -> None:
    old = factories.account("Old", external_id="a1", industry="Logistics")
    answer = send(api, policies='{"industry": "keep"}')
    body = answer.json()
    url = f"{IMPORTS}{body['id']}/"
    assert (answer.status_code, answer["Location"]) == (201, f"http://testserver{url}")
    assert (body["state"], body["job"], body["by"], body["size"], body["lines"]) == (
        "draft", "load", "mira@example.com", len(SHEET), 3,
    )  # fmt: skip
    assert (body["columns"], body["left_out"], body["policies"]) == (
        {"external_id": "Nr", "name": "name", "industry": "Sector"}, ["Notes"], {"industry": "keep"},
    )  # fmt: skip
    assert Account.objects.get() == old
    running.run(NOON)

    body = api.get(url).json()
    assert (body["state"], body["job"], body["can_undo"], body["undo_until"]) == (
        "done", "", True, "2026-07-01T12:00:00Z",
    )  # fmt: skip
    assert [body[name] for name in ("created", "updated", "skipped", "rejected")] == [1, 1, 0, 1]
    assert list(Account.objects.order_by("external_id").values_list("name", "industry")) == [
        ("Acme", "Logistics"), ("Bolt", ""),
    ]  # fmt: skip
    assert api.get(f"{url}rejects/").json()["results"] == [
        {"line": 3, "column": "name", "value": "", "reason": "is missing", "remedy": "A new customer needs a name."}
    ]
    assert Act.objects.get(pk=body["act"]).door == Door.IMPORT

    Account.objects.filter(external_id="a3").update(goal="Grow")  # so it stays
    answer = api.post(f"{url}undo/")
    assert (answer.status_code, answer.json()["job"]) == (202, "undo")
    running.run(NOON)
    body = api.get(url).json()
    assert (body["state"], body["undone_by"], body["can_undo"]) == ("undone", "mira@example.com", False)
    assert body["undone"] == {"removed": 0, "reverted": 1, "kept": 1, "unnamed": 0}
    (kept,) = api.get(f"{url}kept/").json()["results"]
    assert (kept["table"], kept["name"], kept["field"], kept["reason"]) == (
        "crm.Account", "Bolt", "", "somebody edited it since",
    )  # fmt: skip
    assert list(Account.objects.order_by("external_id").values_list("name", flat=True)) == ["Old", "Bolt"]


def test_a_dry_run_changes_nothing_and_can_be_loaded(api: Any) -> None:
    factories.account("Old", external_id="a1")
    url = loaded(api, dry_run="true")
    body = api.get(url).json()
    assert (body["state"], body["job"], body["created"], body["updated"], body["rejected"]) == ("draft", "", 1, 1, 1)
    changed, new = body["preview"]["changes"]
    assert (changed["line"], changed["id"]) == (2, Account.objects.get().pk)
    assert {"field": "Name", "before": "Old", "after": "Acme"} in changed["changes"]
    assert (new["line"], new["id"]) == (4, None)
    assert body["preview"]["reasons"] == [{
        "column": "name", "reason": "is missing", "remedy": "A new customer needs a name.", "rows": 1,
        "lines": [{"line": 3, "value": ""}],
    }]  # fmt: skip
    assert (Account.objects.get().name, Act.objects.count()) == ("Old", 0)
    for _ in range(2):
        answer = api.post(f"{url}loading/")
        assert (answer.status_code, answer.json()["job"]) == (202, "load")
    running.run(NOON)
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Acme", "Bolt"]
    body = api.get(url).json()
    assert (body["state"], body["preview"]) == ("done", None)


def test_what_is_called_as_ours_is_found_and_a_null_leaves_it_out(api: Any) -> None:
    text = "External-ID,NAME,industry\na1,Acme,Steel\n"
    body = send(api, text, mapping='{"industry": null}').json()
    assert (body["columns"], body["left_out"]) == ({"external_id": "External-ID", "name": "NAME"}, ["industry"])
    running.run(NOON)
    assert Account.objects.values_list("name", "industry").get() == ("Acme", "")


def test_a_preset_knows_its_titles(api: Any) -> None:
    assert "accounts" in PRESETS["hubspot"]
    body = send(api, "Record ID,Company name\n7,Acme\n", mapping=None, preset="hubspot").json()
    assert (body["columns"], body["preset"]) == ({"external_id": "Record ID", "name": "Company name"}, "hubspot")


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"kind": "spaceships"}, {"kind": ['"spaceships" is not a valid choice.']}),
        ({"file": None}, {"file": ["No file was submitted."]}),
        ({"text": b""}, {"file": ["list.csv is empty."]}),
        ({"text": b"%PDF-1.7"}, {"file": ["list.csv is not a text file. Save the sheet as CSV in UTF-8."]}),
        ({"mapping": "{"}, {"mapping": ["This is no JSON object of texts by name."]}),
        ({"mapping": "[" * 9000}, {"mapping": ["This is no JSON object of texts by name."]}),
        ({"mapping": '{"Nr": 7}'}, {"mapping": ["This is no JSON object of texts by name."]}),
        (
            {"mapping": '{"Number": "external_id"}'},
            {"mapping": {"Number": ["The file has no such column. Its first row is: Nr, name, Sector, Notes."]}},
        ),
        (
            {"mapping": '{"Nr": "external_id", "Notes": "external_id"}'},
            {"mapping": {"Notes": ["Nr goes to external_id already. Choose one of them."]}},
        ),
        ({"policies": '{"industry": "guess"}'}, {"policies": {"industry": ["must be one of overwrite, fill, keep"]}}),
        (
            {"policies": '{"external_id": "keep"}'},
            {"policies": {"external_id": ["This column says which row is meant; it has no policy of its own."]}},
        ),
        ({"kind": "contracts", "preset": "hubspot"}, {"preset": ["hubspot knows accounts, contacts only."]}),
        ({"twins": "marry"}, {"twins": ['"marry" is not a valid choice.']}),
        ({"dry_run": "perhaps"}, {"dry_run": ["Must be a valid boolean."]}),
        ({"colour": "red"}, {"colour": ["There is no such field."]}),
        (
            {"text": "name,name\nAcme,Acme\n", "mapping": None},
            {"file": ["The file has the column name twice. Rename one of them."]},
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_place(api: Any, fields: dict[str, Any], errors: Any) -> None:
    answer = send(api, **fields)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == errors
    assert (Import.objects.count(), ImportPart.objects.count()) == (0, 0)


def test_columns_that_are_missing_or_unknown_are_named(api: Any) -> None:
    (why,) = send(api, "Company\nAcme\n", mapping='{"Company": "name"}').json()["errors"]["file"]
    assert why.startswith("The file lacks the column")
    assert why.endswith("Its first row is: Company. Say in `mapping` which they are, or name a preset.")
    (why,) = send(api, mapping='{"Nr": "number"}').json()["errors"]["mapping"]["Nr"]
    assert why.startswith("There is no column number to map to. Known: external_id, ")
    (why,) = send(api, policies='{"number": "keep"}').json()["errors"]["policies"]["number"]
    assert why.startswith("There is no such column. Known: external_id, ")
    assert not Import.objects.exists()


def test_a_text_that_no_column_holds_is_refused(api: Any) -> None:
    assert send(api, mapping='{"\\ud800": "name"}').status_code == 400
    assert send(api, mapping='{"\\u0000": "name"}').status_code == 400
    assert not Import.objects.exists()


def test_json_is_not_taken(api: Any) -> None:
    assert api.post(IMPORTS, {"kind": "accounts"}).status_code == 415


def test_files_beyond_the_limit(api: Any, settings: Any) -> None:
    settings.IMPORT_MAX_MB = 0
    answer = send(api)
    (why,) = answer.json()["errors"]["file"]
    said = why.replace("\N{NO-BREAK SPACE}", " ")
    assert (answer.status_code, said.partition(" Split")[0]) == (
        400, f"list.csv has {len(SHEET)} bytes; files up to 0 bytes are taken here.",
    )  # fmt: skip
    large = send(api, b"x" * (1024 * 1024 + 1))  # refused before it is read
    assert (large.status_code, large.json()["type"]) == (413, "urn:holdfast:problem:body-too-large")
    assert "or let an admin load it with manage.py import_csv" in large.json()["detail"]
    assert not Import.objects.exists()
    settings.IMPORT_MAX_MB = 4  # other resources read 1 MiB, and Django holds 2.5 in memory
    assert send(api, SHEET + "#" * (3 * 1024 * 1024), headers={"Idempotency-Key": "k"}).status_code == 201


def test_a_key_makes_it_happen_once_whatever_the_boundary(api: Any) -> None:
    def again(text: str, boundary: str) -> Any:
        parts = {"kind": "accounts", "mapping": MAPPING, "file": SimpleUploadedFile("list.csv", text.encode())}
        body = encode_multipart(boundary, parts)
        kind = f"multipart/form-data; boundary={boundary}"
        return api.generic("POST", IMPORTS, body, content_type=kind, headers={"Idempotency-Key": "k"})

    first, second = again(SHEET, "one"), again(SHEET, "two")
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert (second["Idempotency-Replayed"], second["Location"]) == ("true", first["Location"])
    assert again(SHEET.replace("Acme", "Acne"), "one").status_code == 422
    assert Import.objects.count() == 1
    running.run(NOON)
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Acme", "Bolt"]


def test_who_may_bring_files_and_whose_one_sees(calling: Any, ada: User, mira: User, olaf: User, sam: User) -> None:
    url = loaded(calling(mira))
    for api, status in ((calling(sam), 403), (calling(mira, "read"), 403)):
        assert send(api).status_code == status
        assert api.post(f"{url}undo/").status_code == status
    assert [calling(sam).get(address).status_code for address in (IMPORTS, url, f"{url}rejects/")] == [403] * 3
    other = calling(olaf)
    assert other.get(IMPORTS).json()["results"] == []
    assert [other.get(f"{url}{part}").status_code for part in ("", "rejects/", "kept/")] == [404] * 3
    assert [other.post(f"{url}{part}").status_code for part in ("undo/", "loading/")] == [404] * 2
    assert [row["id"] for row in calling(ada, "read").get(IMPORTS).json()["results"]] == [Import.objects.get().pk]
    assert Import.objects.get().job == ""


def test_an_undo_has_thirty_days_and_happens_once(api: Any) -> None:
    url = f"{loaded(api)}undo/"
    with clock.travelling(NOON + DAYS):
        answer = api.post(url)
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert answer.json()["detail"] == "This import cannot be undone any more: it is too long ago."
        assert Import.objects.get().job == ""
    with clock.travelling(NOON + DAYS - timedelta(microseconds=1)):
        assert (api.post(url).status_code, api.post(url).status_code) == (202, 202)
    running.run(NOON)
    assert not Account.objects.exists()
    answer = api.post(url)
    assert (answer.status_code, answer.json()["detail"]) == (409, "Mira has undone this import already.")


def test_what_was_not_imported_is_not_undone(api: Any) -> None:
    url = loaded(api, dry_run="1")
    answer = api.post(f"{url}undo/")
    assert (answer.status_code, answer.json()["detail"]) == (409, "Nothing was imported that could be undone.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"job": "preview"}, "A worker is still at it. Wait until `job` is blank."),
        ({"state": "done"}, "This import is not a draft any more. Send the file again."),
        ({"error": "It is torn."}, "Its dry run came to nothing: It is torn. Send the file again."),
    ],
)
def test_what_cannot_be_loaded(api: Any, mira: User, fields: dict[str, str], words: str) -> None:
    made = Import.objects.create(kind="accounts", file_name="list.csv", by=mira, **fields)
    answer = api.post(f"{IMPORTS}{made.pk}/loading/")
    assert (answer.status_code, answer.json()["detail"]) == (409, words)
    made.refresh_from_db()
    assert made.job == fields.get("job", "")


def test_rejects_have_pages_by_line(api: Any, mira: User) -> None:
    made = Import.objects.create(kind="accounts", file_name="list.csv", by=mira, state="done", finished_at=NOON)
    ImportReject.objects.bulk_create(ImportReject(of=made, line=9 - n // 2, reason=str(n)) for n in range(8))
    url = f"{IMPORTS}{made.pk}/rejects/?limit=3"
    found = []
    while url:
        body = api.get(url).json()
        found += [row["line"] for row in body["results"]]
        url = body["next"]
    assert found == [6, 6, 7, 7, 8, 8, 9, 9]
    assert api.get(f"{IMPORTS}{made.pk}/rejects/?line=6").status_code == 400


def test_pages_ask_little(api: Any, mira: User) -> None:
    url = loaded(api)
    for n in range(30):
        Import.objects.create(kind="accounts", file_name=f"{n}.csv", by=mira)
    for address in (f"{IMPORTS}?limit=200", url, f"{url}rejects/", f"{url}kept/"):
        api.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert api.get(address).status_code == 200
        assert len(asked) <= 5, address
