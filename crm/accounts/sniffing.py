"""What a file is, told by its bytes: what a browser or a name says of it is only a claim."""

from __future__ import annotations

from pathlib import PurePath

#: How much of a file is looked at.
HEAD = 4096

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # Word, Excel and Outlook before 2007
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"ID3", "audio/mpeg"),
)
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
#: Zip archives that are documents, by the name: what is inside is for their own programs to check.
_ZIPPED = {
    ".docx": f"{_OPEN_XML}.wordprocessingml.document", ".xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    ".pptx": f"{_OPEN_XML}.presentationml.presentation", ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}  # fmt: skip
_TEXTS = {".csv": "text/csv", ".md": "text/markdown"}
UNKNOWN = "application/octet-stream"

_WORDS = {
    "application/pdf": "PDF", "application/zip": "Archive", "application/gzip": "Archive", "text/plain": "Text",
    "application/x-7z-compressed": "Archive", "text/csv": "Table", "text/markdown": "Text", "application/rtf": "Text",
    "application/x-ole-storage": "Office document", _ZIPPED[".docx"]: "Text document", _ZIPPED[".odt"]: "Text document",
    _ZIPPED[".xlsx"]: "Spreadsheet", _ZIPPED[".ods"]: "Spreadsheet", _ZIPPED[".pptx"]: "Slides",
}  # fmt: skip


def content_type(head: bytes, name: str) -> str:
    """Of a file that begins with `head`. Nothing that a browser would run: HTML and SVG are text."""
    suffix = PurePath(name).suffix.lower()
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return _ZIPPED.get(suffix, found) if found == "application/zip" else found
    if b"\0" in head:
        return UNKNOWN
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < len(head) - 4:  # else only a character that the cut fell into
            return UNKNOWN
    return _TEXTS.get(suffix, "text/plain")


def words(found: str) -> str:
    """The type as people call it."""
    return _WORDS.get(found) or ("Image" if found.startswith("image/") else "File")
