"""The request itself, in a thread of its own: it asks no database and holds nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus

from crm.web import outgoing
from crm.webhooks.sending.writing import Letter

#: Bytes of an answer that are read.
_LARGEST = 4096
#: Characters of it that are kept.
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: a status, or why there is none."""

    status: int | None
    error: str  # blank: it was taken
    answer: str
    retry_after: str
    seconds: float

    @property
    def taken(self) -> bool:
        return not self.error

    @property
    def gone(self) -> bool:
        """The endpoint says itself that it wants no more."""
        return self.status == HTTPStatus.GONE

    @property
    def asks_for_rest(self) -> bool:
        return self.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

    @property
    def words(self) -> str:
        """“200 OK”, “The name … cannot be resolved”."""
        return self.error or said(self.status or 0)


def said(status: int) -> str:
    """A status with its name, where it has one."""
    known = status in HTTPStatus._value2member_map_
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def post(letter: Letter) -> Outcome:
    """Never raises for what the other side does."""
    began = time.monotonic()
    try:
        answer = outgoing.call("POST", letter.url, letter.body, letter.headers, _LARGEST)
    except (outgoing.NotSent, outgoing.NoAnswer) as error:
        return Outcome(None, str(error)[:300], "", "", time.monotonic() - began)
    trouble = "" if answer.ok else f"It answered {said(answer.status)}."
    if 300 <= answer.status < 400:
        trouble = f"It answered {said(answer.status)}: redirects are not followed. Enter the address that it leads to."
    text = answer.body.decode("utf-8", "replace").replace("\0", "")[:_KEPT]
    rest = answer.headers.get("retry-after", "")
    return Outcome(answer.status, trouble, text, rest, time.monotonic() - began)
