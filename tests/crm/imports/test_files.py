import os

import pytest

from crm.accounts.models import Account
from crm.imports.actions import FileRefused, import_file
from crm.imports.rules.files import inspect, rows
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def names():
    return list(Account.objects.order_by("external_id").values_list("name", flat=True))


@pytest.mark.parametrize(
    "content",
    [
        "external_id,name\na1,Müller\n".encode(),
        "external_id;name\r\na1;Müller\r\n".encode("utf-8-sig"),
        "external_id\tname\na1\tMüller".encode("cp1252"),
        "external_id,name\ra1,Müller\r".encode(),
        "\ufeffexternal_id\tname\r\na1\tMüller\r\n".encode("utf-16-le"),
        "sep=;\nexternal_id;name\na1;Müller\n".encode(),
        "sep=|\nexternal_id|name\na1|Müller\n".encode(),
        '\n  \n"external_id";"name"\n"a1";"Müller"\n'.encode(),
        " External ID ,NAME\n a1 , Müller \n".encode(),
        "external-id,Name\na1,Müller\n".encode(),
        '"ignored, really",external_id,name\nx,a1,Müller\n'.encode(),
    ],
    ids=[
        "plain",
        "excel",
        "cp1252",
        "old mac",
        "utf-16",
        "sep",
        "sep of its own",
        "blank lines",
        "spelling",
        "hyphen",
        "quoted comma",
    ],
)
def test_files_of_all_programs_are_read_alike(load, content):
    assert load("accounts", content).created == 1
    assert names() == ["Müller"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b"PK\x03\x04 a spreadsheet", "is not a text file"),
        (bytes(range(32)) * 40, "is not a text file"),
        (b"a1,Acme\na2,Bolt\n", "lacks the columns name, external_id or our_id"),
        (b"external_id,title\na1,x\n", "lacks the column name"),
        (b"external_id,name,Name\na1,x,y\n", "has the column name twice"),
        (b'sep="\nexternal_id"name\na1"x\n', "says sep='\"', which separates no cells"),
        (b"sep=a\nexternal_id,name\na1,x\n", "says sep='a', which separates no cells"),
        (b"sep=\x01\nexternal_id,name\na1,x\n", "which separates no cells"),
    ],
)
def test_files_that_are_refused_whole(load, content, reason):
    with pytest.raises(FileRefused, match=reason):
        load("accounts", content)
    assert not Account.objects.exists()


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in [
        (tmp_path / "none.csv", "No such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is not a regular file"),
    ]:
        with pytest.raises(FileRefused, match=reason):
            import_file("accounts", path, now=NOON)


def test_a_header_alone_imports_nothing(load):
    report = load("accounts", "external_id,name\n")
    assert (report.created, report.skipped, report.rejected) == (0, 0, 0)


def test_unknown_columns_are_told(load):
    report = load("accounts", "external_id,name,Shoe size,\na1,A,44,\n")
    assert report.unknown_columns == ("Shoe size",)
    assert report.created == 1


def test_a_nul_and_broken_bytes_reject_their_row_alone(load, rejects):
    text = "external_id,name\na1,ok\na2,nu\0l\na3,Zoë\n".encode() + b"a4,br\xffoken\n" + "a5,Ünal\n".encode()
    report = load("accounts", text)
    assert (report.created, report.rejected, report.encoding) == (3, 2, "utf-8")
    assert names() == ["ok", "Zoë", "Ünal"]
    assert [(row[0], row[3]) for row in rejects("accounts")] == [
        ("3", "has a NUL character, which no text may have"),
        ("5", "has bytes that are no text in this file's encoding"),
    ]


def test_a_missing_quotation_mark_costs_what_it_swallows_and_says_so(load, rejects):
    swallowed = "".join(f"b{n},{'x' * 90}\n" for n in range(2000))
    report = load("accounts", f'external_id,name\na1,A\na2,"open\n{swallowed}a3,C\n')
    assert report.rejected == 1
    assert rejects("accounts")[0][0] == "3"
    assert "quotation mark is missing" in rejects("accounts")[0][3]
    assert Account.objects.filter(external_id__in=["a1", "a3"]).count() == 2


def test_an_endless_cell_does_not_fit(load, rejects):
    load("accounts", f"external_id,name\na1,{'x' * 100_000}\n")
    assert rejects("accounts")[0][3] == "has 100000 characters; 200 fit"
    assert len(rejects("accounts")[0][2]) == 200


def test_rejects_are_safe_for_spreadsheets_and_go_when_all_is_well(load, rejects, tmp_path):
    load("accounts", "external_id,name,country\na1,A,=cmd|'/c calc'!A1\n")
    assert rejects("accounts")[0][2] == "'=cmd|'/c calc'!A1"
    load("accounts", "external_id,name,country\na1,A,DE\n")
    assert not (tmp_path / "accounts.csv.rejects.csv").exists()


def test_rejects_that_cannot_be_written_refuse_the_file(load, tmp_path):
    (tmp_path / "accounts.csv.rejects.csv").mkdir()
    with pytest.raises(FileRefused, match="cannot be written"):
        load("accounts", "external_id,name,country\na1,A,Nowhere\na2,B,DE\n")
    assert not Account.objects.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accounts.csv", "accounts.csv.rejects.csv"]


def test_mapping_wins_over_names(load):
    text = "external_id,name,Key Number,Firm=Name\nx,old,a1,Acme\n"
    report = load("accounts", text, mapping={"key number": "external_id", "Firm=Name": "name"})
    account = Account.objects.get()
    assert (account.external_id, account.name) == ("a1", "Acme")
    assert report.unknown_columns == ("external_id", "name")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"mapping": {"Firm": "name"}}, "has no column 'Firm'"),
        ({"mapping": {"name": "shoe_size"}}, "no column 'shoe_size' to map to"),
        ({"preset": "nobody"}, "no preset 'nobody'. Known: hubspot, pipedrive, salesforce"),
    ],
)
def test_wrong_options_are_refused(load, options, reason):
    with pytest.raises(FileRefused, match=reason):
        load("accounts", "external_id,name\na1,A\n", **options)


def test_an_unknown_kind_is_refused(load):
    with pytest.raises(FileRefused, match=r"no kind 'shoes'\. Known: accounts, contacts, contracts, deals, payments, "):
        load("shoes", "external_id,name\n")


def test_line_numbers_count_every_line(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"x\ny"\n\n2,z\n')
    assert [(row.line, row.cells) for row in rows(inspect(path))] == [
        (1, ["a", "b"]), (2, ["1", "x\ny"]), (5, ["2", "z"]),
    ]  # fmt: skip
