"""An uploaded file in the database: taken in by pieces, looked into, and laid out as a file for whoever reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from crm import slots
from crm.imports.actions.reading import check_cards, of_cards, read_titles
from crm.imports.models import Import, ImportPart
from crm.imports.rules.files import Source, inspect, rows
from crm.imports.rules.plans import Plan
from crm.imports.rules.vcards import holds_cards
from crm.team.models import User

#: A piece of a file, in bytes: as much as one row of the database should hold.
PIECE = 1024 * 1024

#: Rows that are shown of a file before it is imported, and looked at to recognise columns.
SHOWN = 50


@dataclass(frozen=True)
class Sample:
    """The head of a file: its titles, and its first rows as far as they have as many cells."""

    titles: list[str]
    rows: list[list[str]]

    @property
    def of_cards(self) -> bool:
        return of_cards(self.titles)

    def cells(self, position: int, limit: int) -> list[str]:
        """The first filled cells of a column."""
        filled = (row[position].strip() for row in self.rows if position < len(row) and row[position].strip())
        return list(islice(dict.fromkeys(filled), limit))


def too_large(size: int, name: str) -> str:
    """Why a file of so many bytes is not taken in; blank: it is."""
    most = settings.IMPORT_MAX_MB * 1024 * 1024
    if size <= most:
        return ""
    return (
        f"{name} has {filesizeformat(size)}; files up to {filesizeformat(most)} are taken here. "
        "Split it, or let an admin load it with manage.py import_csv."
    )


def receive(upload: UploadedFile[bytes], kind: str, by: User, now: datetime) -> Import:
    """Store a file of this kind. Raises FileRefused, and nothing is stored, for what nobody can read as rows."""
    name = (Path(upload.name or "file.csv").name.replace("\0", "") or "file.csv")[:200]
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        for piece in upload.chunks():
            copy.write(piece)
        copy.flush()
        path = Path(copy.name)
        source = inspect(path, name)
        check_cards(source, slots.import_kinds[kind])
        titles = sample_of(source).titles
        with transaction.atomic():
            made = Import.objects.create(
                kind=kind, file_name=name, size=path.stat().st_size, lines=max(source.lines - 1, 0), by=by,
                created_at=now, settings=Plan().as_json(), report={"titles": titles, "encoding": source.encoding},
            )  # fmt: skip
            with path.open("rb") as file:
                for number, data in enumerate(iter(lambda: file.read(PIECE), b"")):
                    ImportPart.objects.create(of=made, number=number, data=data)
    return made


@contextmanager
def laid_out(made: Import) -> Iterator[Source]:
    """The file, for as long as the block lasts. Raises FileRefused when it is no longer kept."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "rows.csv"
        with path.open("wb") as file:
            for number in range(-(-made.size // PIECE)):
                file.write(ImportPart.objects.get(of=made, number=number).data)
        yield inspect(path, made.file_name)


def sample_of(source: Source) -> Sample:
    """Raises FileRefused."""
    records = rows(source)
    titles = read_titles(records, source)
    return Sample(titles, [row.cells for row in islice(records, SHOWN) if not row.problem])


def head_of(made: Import) -> Sample:
    """As `sample_of`, from the first piece of a stored file alone."""
    first = ImportPart.objects.filter(of=made, number=0).first()
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        copy.write(first.data if first else b"")
        copy.flush()
        encoding = made.report.get("encoding", "utf-8")
        cards = holds_cards(bytes(first.data[:4096]).decode(encoding, "ignore")) if first else False
        return sample_of(Source(Path(copy.name), encoding, damaged=True, lines=0, name=made.file_name, cards=cards))
