"""Files to import, written for one test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.imports.actions import Plan, Report, import_file
from tests.conftest import NOON


@pytest.fixture
def load(tmp_path: Path, db: None) -> Callable[..., Report]:
    """Import text as a file of the kind at NOON."""

    def load(kind: str, text: str | bytes, **options: Any) -> Report:
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        names = ("preset", "mapping", "policies", "twins", "makes")
        decided = {name: options.pop(name) for name in names if name in options}
        return import_file(kind, path, plan=Plan(**decided), **({"now": NOON} | options))

    return load


@pytest.fixture
def rejects(tmp_path: Path) -> Callable[[str], list[list[str]]]:
    """The rejected rows of the kind's last import, without the header."""
    import csv

    def rejects(kind: str) -> list[list[str]]:
        path = tmp_path / f"{kind}.csv.rejects.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == ["line", "column", "value", "reason", "remedy"]
        return rows[1:]

    return rejects
