import pytest

from crm.imports.actions.checking import Known
from crm.imports.rules.cells import CellError, Conventions, formula_safe, reader
from crm.imports.rules.presets import first_of_list, long_id
from crm.slots import ImportColumn
from crm.web.clock import ZONE_NAMES


def read(kind, cell, **conventions):
    column = ImportColumn(kind, max_length=10, choices=("Yes please", "no"))
    return reader(column, Conventions(ZONE_NAMES, **conventions))(cell)


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("text", "0123456789", "0123456789"),
        ("email", "A.B+c@Sub.Example.ORG", "a.b+c@sub.example.org"),
        ("domain", "HTTP://www.a.example:80/x".replace(":80", ""), "a.example"),
        ("date", "2026-03-31", "2026-03-31"),
        ("date", "31.3.2026", "2026-03-31"),
        ("date", "2024-03-12 09:14", "2024-03-12"),
        ("date", "2024-02-29T23:59:59Z", "2024-02-29"),
        ("moment", "2026-03-31T14:05:00Z", "2026-03-31T14:05:00+00:00"),
        ("moment", "2026-03-31 14:05", "2026-03-31T14:05:00+00:00"),
        ("moment", "2026-03-31T14:05:00+02:00", "2026-03-31T12:05:00+00:00"),
        ("money", "0", "0"),
        ("money", "1250.5", "1250.5"),
        ("money", "1250,50", "1250.50"),
        ("whole", "007", "007"),
        ("yes_no", "TRUE", "t"),
        ("yes_no", "0", "f"),
        ("choice", "YES PLEASE", "Yes please"),
        ("zone", "europe/berlin", "Europe/Berlin"),
        ("zone", "America/New York", "America/New_York"),
        ("country", "de", "DE"),
        ("country", "Great Britain", "GB"),
        ("currency", "eur", "EUR"),
        ("tags", 'a; b,a | c"d', '{"a","b","c\\"d"}'),
    ],
)
def test_cells_that_are_read(kind, cell, expected):
    assert read(kind, cell) == expected


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("text", "0123456789x"),
        ("email", "a@b"), ("email", "a b@c.example"), ("email", "a@b..example"), ("email", "<a@b.example>"),
        ("email", f"{'x' * 250}@b.example"),
        ("domain", "acme"), ("domain", "a b.example"),
        ("date", "3/15/2024"), ("date", "2026-02-29"), ("date", "20260331"), ("date", "yesterday"),
        ("date", "0000-01-01"),
        ("moment", "2026-03-31 25:00"), ("moment", "14:05"), ("moment", "2026-03-31 14:05 pp"),
        ("money", "-1"), ("money", "1,234"), ("money", "1.234"), ("money", "1e5"), ("money", "NaN"), ("money", "٣"),
        ("money", "999999999999"), ("money", "€5"),
        ("whole", "1.5"), ("whole", "-1"), ("whole", "1000000000"),
        ("yes_no", "perhaps"), ("choice", "maybe"), ("zone", "CEST"), ("zone", "localtime"),
        ("country", "Nowhere"), ("country", "D1"), ("currency", "€"), ("tags", "0123456789x"),
    ],
)  # fmt: skip
def test_cells_that_are_not(kind, cell):
    with pytest.raises(CellError) as caught:
        read(kind, cell)
    assert caught.value.reason
    assert caught.value.remedy.endswith((".", "?"))


def test_conventions_of_other_authors():
    assert read("date", "3/15/2024 2:30 PM", slashes="month") == "2024-03-15"
    assert read("moment", "3/15/2024 2:30 PM", slashes="month") == "2024-03-15T14:30:00+00:00"
    assert read("moment", "3/15/2024 12:05 am", slashes="month") == "2024-03-15T00:05:00+00:00"
    with pytest.raises(CellError):
        read("date", "15/3/2024", slashes="month")
    assert read("moment", "2026-06-01", zone="Europe/Berlin") == "2026-05-31T22:00:00+00:00"


def test_an_unknown_kind_of_column_is_a_mistake_of_ours():
    with pytest.raises(LookupError):
        read("colour", "red")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\rx", "\nx", " =1", "\0x", "＝1", "\xa0=1"])
def test_formulas_are_made_text(cell):
    assert formula_safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", "12", " a"])
def test_other_cells_stay(cell):
    assert formula_safe(cell) == cell


def test_ids_of_other_systems():
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert long_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"
    assert long_id("short") == "short"
    assert first_of_list("12;34") == "12"


def test_long_cells_are_not_remembered() -> None:
    """Letters of thousands of tickets do not repeat themselves, and would fill the memory."""
    known = Known(str.upper)
    assert (known["ab"], known["x" * 10_000]) == ("AB", "X" * 10_000)
    assert list(known) == ["ab"]
