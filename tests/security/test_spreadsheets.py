"""The file of rejected rows is opened in spreadsheets, and its rows come back (T23's prefixes)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crm.accounts.models import Account
from crm.imports.actions import FileRefused, import_file
from crm.imports.rules.cells import formula_safe, unquoted
from tests.conftest import NOON
from tests.security.payloads import FORMULAS


@pytest.mark.parametrize("cell", FORMULAS, ids=ascii)
def test_no_cell_is_computed(cell: str) -> None:
    assert formula_safe(cell).startswith("'")


@pytest.mark.parametrize("cell", ["\tx", "\rx", "\nx", "\0x"], ids=ascii)
def test_no_cell_begins_with_what_splits_cells(cell: str) -> None:
    assert formula_safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Kelp & Co", "a=b", "3 - 2", "", "'quoted'", "x@y.example"])
def test_other_cells_stay(cell: str) -> None:
    assert formula_safe(cell) == cell


def test_the_file_of_rejects_computes_nothing_and_names_what_it_took(db: None, tmp_path: Path) -> None:
    source = tmp_path / "accounts.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "name", "signed_up_on"])
        writer.writerows([f"x{number}", "Kelp", formula] for number, formula in enumerate(FORMULAS))
    report = import_file("accounts", source, now=NOON)
    assert report.rejected == len(FORMULAS)
    rejects = Path(str(report.rejects_file))
    with rejects.open(newline="", encoding="utf-8-sig") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["line", "column", "value", "reason", "remedy"]
    assert [int(row[0]) for row in rows] == list(range(2, len(FORMULAS) + 2))
    for row in rows:
        assert all(unquoted(cell) != cell or formula_safe(cell) == cell for cell in row)


def test_a_file_of_rejects_is_no_file_of_rows(db: None, tmp_path: Path) -> None:
    """It says what to correct where: whoever imports it by mistake makes no customers of the reasons."""
    rejects = tmp_path / "accounts.csv.rejects.csv"
    rejects.write_text("line,column,value,reason,remedy\n2,name,'=x,is wrong,Correct it.\n")
    with pytest.raises(FileRefused, match="lacks the column"):
        import_file("accounts", rejects, now=NOON)
    assert not Account.objects.exists()
