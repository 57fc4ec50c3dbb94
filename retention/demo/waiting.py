"""How far the demo is told, for whoever opens its address before that: the command keeps a file, the page reads it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

#: What the page itself needs, and those who ask whether the process lives.
_ALWAYS = ("/static/", "/healthz")


class Progress:
    """A file with a number of per cent; there is none when nothing is to be waited for."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "filling"

    def say(self, percent: int) -> None:
        """Whole at any moment, since it is read while it is written."""
        beside = self.file.with_suffix(".new")
        beside.write_text(str(percent))
        beside.replace(self.file)

    def read(self) -> int | None:
        try:
            return int(self.file.read_text())
        except FileNotFoundError:
            return None

    def over(self) -> None:
        with suppress(FileNotFoundError):
            self.file.unlink()


class Front:
    """A WSGI application: a page that says how far the demo is, and from then on for ever the product."""

    def __init__(self, product: Callable[..., Any], progress: Progress) -> None:
        self.product, self.progress, self.open = product, progress, False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if self.open or environ["PATH_INFO"].startswith(_ALWAYS):
            return self.product(environ, start_response)
        percent = self.progress.read()
        if percent is None:
            self.open = True
            return self.product(environ, start_response)
        page = render_to_string("retention/demo/filling.html", {"percent": percent}).encode()
        status = HTTPStatus.SERVICE_UNAVAILABLE
        start_response(f"{status.value} {status.phrase}", [
            ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"), ("Retry-After", "1"),
        ])  # fmt: skip
        return [page]
