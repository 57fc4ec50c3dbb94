"""The demo's mail goes to a folder, EMAIL_URL=folder:///…; these pages show what would have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

#: The folder page opens this many letters to show whom they are for, and reads this much of each.
_NEWEST = 100
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Letter:
    name: str
    written_at: datetime
    message: EmailMessage
    raw: str


@require_GET
def folder(request: HttpRequest) -> HttpResponse:
    newest = sorted(_files().values(), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)[:_NEWEST]
    return render(request, "crm/home/demo_mail.html", {"letters": [_read(file) for file in newest]})


@require_GET
def letter(request: HttpRequest, name: str) -> HttpResponse:
    # The name only chooses among the files that are there, so no name leads anywhere else.
    if not (file := _files().get(name)):
        raise Http404
    found = _read(file)
    body = found.message.get_body(("plain", "html"))
    text = body.get_content() if body else ""
    return render(request, "crm/home/demo_letter.html", {"letter": found, "text": text})


def discard() -> None:
    """All letters, for good, where there is such a folder."""
    parts = urlsplit(settings.EMAIL_URL)
    for file in _files().values() if settings.HOLDFAST_DEMO and parts.scheme == "folder" else ():
        file.unlink(missing_ok=True)


def _files() -> dict[str, Path]:
    parts = urlsplit(settings.EMAIL_URL)
    if not settings.HOLDFAST_DEMO or parts.scheme != "folder":
        raise Http404
    path = Path(unquote(parts.path))
    return {file.name: file for file in path.glob("*.eml") if file.is_file() and not file.is_symlink()}


def _read(file: Path) -> Letter:
    with file.open("rb") as source:
        content = source.read(_MOST_BYTES)
    message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Letter(file.name, written, message, content.decode(errors="replace"))
