import json

import pytest
from django.core.management import CommandError, call_command

from crm.accounts.models import Account
from crm.imports.models import Import

pytestmark = pytest.mark.django_db


@pytest.fixture
def csv_file(tmp_path):
    def write(text):
        path = tmp_path / "accounts.csv"
        path.write_text(text)
        return str(path)

    return write


def test_it_prints_four_numbers(csv_file, capsys):
    call_command("import_csv", "accounts", csv_file("external_id,name\na1,Acme\n"))
    out, err = capsys.readouterr()
    assert out == "created 1\nupdated 0\nskipped 0\nrejected 0\n"
    assert err == f"This is import {(pk := Import.objects.get().pk)}: manage.py undo_import {pk} takes it back\n"


def test_rejected_rows_end_with_1(csv_file, capsys):
    path = csv_file("external_id,name,country,x\na1,Acme,Nowhere,1\na2,Bolt,DE,1\n")
    with pytest.raises(SystemExit) as caught:
        call_command("import_csv", "accounts", path)
    assert caught.value.code == 1
    out, err = capsys.readouterr()
    assert out == "created 1\nupdated 0\nskipped 0\nrejected 1\n"
    assert err.startswith(f"Columns that nothing reads: x\nRejected rows are in {path}.rejects.csv\nThis is import ")


def test_json_stands_alone(csv_file, capsys):
    call_command("import_csv", "accounts", csv_file("Firm,Key\nAcme,a1\n"), "--json", "--dry-run",
                 "--map", "Firm=name", "Key=external_id")  # fmt: skip
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert {key: said[key] for key in ("created", "updated", "skipped", "rejected", "dry_run", "rejects_file")} == {
        "created": 1, "updated": 0, "skipped": 0, "rejected": 0, "dry_run": True, "rejects_file": None,
    }  # fmt: skip
    assert err == "Dry run: nothing was changed\n"
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["shoes", "FILE"], "no kind 'shoes'"),
        (["accounts", "/nowhere/at.csv"], "No such file"),
        (["accounts", "FILE", "--map", "name"], "not of the form THEIRS=ours"),
        (["accounts", "FILE", "--preset", "x"], "no preset 'x'"),
        (["contracts", "FILE", "--preset", "hubspot"], "knows accounts, contacts only"),
        (["contacts", "FILE"], "lacks the columns account_external_id, external_id or email"),
    ],
)
def test_refusals_end_with_2_and_change_nothing(csv_file, arguments, reason):
    path = csv_file("name,kind\nAcme,company\n")
    with pytest.raises(CommandError, match=reason) as caught:
        call_command("import_csv", *[path if word == "FILE" else word for word in arguments])
    assert caught.value.returncode == 2
    assert not Account.objects.exists()
