"""A file of rows, or of people’s cards, as a stream of rows with their line numbers, whatever program wrote it; memory
does not grow with it."""

from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from crm.imports.rules import vcards

#: Larger files are refused: somebody should split them before a transaction takes an hour.
MAX_BYTES = 2 * 1024**3

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class FileRefused(ValueError):
    """The file as a whole cannot be imported: why, and what to do."""


@dataclass(slots=True)
class Row:
    """One record of the file. `problem`, when given, says why it cannot be told apart into cells."""

    line: int
    cells: list[str]
    problem: str = ""
    remedy: str = "Mend the row, or save the file as CSV in UTF-8 again."


@dataclass(frozen=True)
class Source:
    """What was found out about a file before reading it."""

    path: Path
    encoding: str
    damaged: bool  # some bytes or characters in it are no text: rows must be looked at one by one
    lines: int  # about as many rows
    name: str = ""  # as people know it
    cards: bool = False  # it holds vCards, each of which is a row

    def open(self) -> IO[str]:
        return self.path.open(encoding=self.encoding, errors="surrogateescape", newline="")


def inspect(path: Path, name: str = "") -> Source:
    """Find the file's encoding. Raises FileRefused for what is no text file; `name` is what people call it."""
    known = name or str(path)
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
    except OSError as error:
        raise FileRefused(f"{known} cannot be opened: {error.strerror}. Check the name.") from error
    if stat.S_ISDIR(mode):
        raise FileRefused(f"{known} is a folder. Name a file in it.")
    if not stat.S_ISREG(mode):
        raise FileRefused(f"{known} is not a regular file. Save the rows to a file first.")
    if size > MAX_BYTES:
        raise FileRefused(f"{known} has {size:,} bytes; {MAX_BYTES:,} are read at once. Split it.")
    try:
        with path.open("rb") as file:
            return _examine(path, file, known)
    except OSError as error:
        raise FileRefused(f"{known} cannot be read: {error.strerror}.") from error


def _examine(path: Path, file: IO[bytes], name: str) -> Source:
    start = file.read(4096)
    file.seek(0)
    encoding = next((name for bom, name in _BOMS.items() if start.startswith(bom)), "")
    if not start.removeprefix(b"\xef\xbb\xbf").strip():
        raise FileRefused(f"{name} is empty.")
    if encoding == "utf-16":
        cards = vcards.holds_cards(start.decode(encoding, "ignore"))
        return Source(path, encoding, damaged=True, lines=0, name=name, cards=cards)
    if start.count(0) > len(start) // 50 or start.startswith(
        (b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")
    ):
        raise FileRefused(f"{name} is not a text file. Save the sheet as CSV in UTF-8.")
    good = bad = lines = begun = 0
    nul = False
    cards = vcards.holds_cards(start.decode("utf-8", "ignore"))
    for line in file:
        lines += 1
        begun += cards and line[:11].upper() == b"BEGIN:VCARD"
        if not line.isascii():
            good, bad = (good + 1, bad) if _is_utf8(line) else (good, bad + 1)
        nul = nul or b"\0" in line
    # A few broken rows in a file of UTF-8 must not turn all its umlauts into something else.
    encoding, bad = ("cp1252", 1) if bad > good else (encoding or "utf-8", bad)
    rows = begun + 1 if cards else lines  # as with a header row
    return Source(path, encoding, damaged=bool(bad) or nul, lines=rows, name=name, cards=cards)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def rows(source: Source) -> Iterator[Row]:
    """The records of the file, header first, empty lines left out."""
    with source.open() as file:
        try:
            if source.cards:
                yield from _cards(file, source)
                return
            delimiter, skip = _delimiter(file, source.name)
            yield from _records(csv.reader(file, delimiter=delimiter), skip, source.damaged)
        except UnicodeError as error:
            raise FileRefused(f"{source.name} is not {source.encoding} throughout. Save it as UTF-8.") from error


_OF_A_COMPANY = "is the card of a company or a group, not of a person"


def _cards(file: IO[str], source: Source) -> Iterator[Row]:
    yield Row(0, list(vcards.TITLES))
    for card in vcards.cards(file, source.encoding):
        cells = vcards.cells(card)
        problem = card.problem or (_OF_A_COMPANY if vcards.of_a_company(card) else _damage(cells))
        remedy = "Make the customer by hand, or leave it." if problem == _OF_A_COMPANY else "Export the card again."
        yield Row(card.line, cells, problem, remedy)


def _delimiter(file: IO[str], name: str) -> tuple[str, int]:
    """The separator of the first line that says something, and how many lines to pass over before the rows.

    Raises FileRefused for a `sep=` line that names what separates nothing.
    """
    position, skip = 0, 0
    while True:
        line = file.readline()
        if not line or line.strip():
            break
        position, skip = file.tell(), skip + 1
    if line.lower().startswith("sep=") and len(line.strip()) == 5:
        if line[4].isalnum() or line[4] == '"' or not (line[4].isprintable() or line[4] == "\t"):
            raise FileRefused(
                f"{name} says sep={line[4]!a}, which separates no cells. Correct or remove its first line."
            )
        return line[4], skip + 1
    file.seek(position)
    outside = "".join(line.split('"')[::2])
    return max(",;\t", key=outside.count), skip


def _records(reader: Any, skip: int, damaged: bool) -> Iterator[Row]:
    while True:
        line = reader.line_num + skip + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            last = reader.line_num + skip
            yield Row(line, [], f"lines {line} to {last} were read as one endless cell; a quotation mark is missing")
            continue
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        yield Row(line, cells, _damage(cells) if damaged else "")


def _damage(cells: list[str]) -> str:
    text = "".join(cells)
    if "\0" in text:
        return "has a NUL character, which no text may have"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "has bytes that are no text in this file's encoding"
    return ""
