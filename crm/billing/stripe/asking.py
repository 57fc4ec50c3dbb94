"""What Stripe is asked by HTTP, and what its answers mean. Nothing here touches the database but for the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from crm.billing import secrets
from crm.inbox.channels.chat import thing, words
from crm.web import outgoing

#: Bytes of a page of objects.
_LARGEST = 8 * 1024 * 1024


class NotAsked(Exception):
    """Nothing was asked, or nothing came of it; it may be asked again, no sooner than `rest` seconds from now."""

    def __init__(self, message: str, rest: int = 0) -> None:
        super().__init__(message)
        self.rest = rest


class Refused(Exception):
    """Stripe does not take the key, or the key may not do this: a person has to mend it."""


class Unanswered(Exception):
    """It was asked, and nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`at` is the moment of the answer, by Stripe's clock."""

    status: int
    said: Mapping[str, Any]
    at: datetime

    @property
    def error(self) -> Mapping[str, Any]:
        return thing(self.said.get("error"))

    @property
    def code(self) -> str:
        """What Stripe calls it."""
        return words(self.error.get("code"), 60)

    @property
    def reason(self) -> str:
        return words(self.error.get("message"), 300) or f"Stripe answered {self.status}."

    @property
    def is_in_the_way(self) -> bool:
        """Somebody asks the same just now: nobody knows what becomes of it."""
        return self.status == 409 or self.code in ("lock_timeout", "idempotency_key_in_use")


def get(path: str, asked: Mapping[str, str | int], now: datetime) -> Answered:
    """One page. Raises NotAsked or Refused."""
    answer = read(path, asked, now)
    if answer.status >= 400:
        raise NotAsked(_complaint(answer))
    return answer


def read(path: str, asked: Mapping[str, str | int], now: datetime) -> Answered:
    """As `get`, with answers that complain. Raises NotAsked or Refused."""
    query = urlencode({name: str(value) for name, value in asked.items()})
    try:
        return _call("GET", f"{path}?{query}" if query else path, {}, b"", now)
    except Unanswered as error:
        raise NotAsked(str(error)) from error


def post(path: str, key: str, now: datetime, said: Mapping[str, str | int] | None = None) -> Answered:
    """Said twice with one key, it is done once. Raises NotAsked, Refused or Unanswered."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    return _call("POST", path, headers, urlencode(said or {}).encode(), now)


def delete(path: str, now: datetime) -> Answered:
    """Raises NotAsked, Refused or Unanswered."""
    return _call("DELETE", path, {}, b"", now)


def in_path(id_: str) -> str:
    return quote(id_, safe="")


def _call(method: str, path: str, more: Mapping[str, str], body: bytes, now: datetime) -> Answered:
    if not (secret := secrets.stripe_key()):
        raise Refused("There is no API key. Give one under Settings, Billing.")
    headers = {"Authorization": f"Bearer {secret}", **more}
    try:
        came = outgoing.call(method, f"{settings.STRIPE_API_URL}{path}", body, headers, _LARGEST)
    except outgoing.NotSent as error:
        raise NotAsked(str(error)) from error
    except outgoing.NoAnswer as error:
        raise Unanswered(str(error)) from error
    answer = Answered(came.status, came.said, _moment(came.headers.get("date", ""), now))
    if came.status in (401, 403):
        raise Refused(f"Stripe does not take the API key: {_complaint(answer)}")
    if came.status == 429:
        rest = came.headers.get("retry-after", "")
        raise NotAsked("Stripe asks for less at a time.", min(int(rest), 3600) if rest.isdecimal() else 0)
    if came.status >= 500:
        raise Unanswered(f"Stripe answered {came.status}.")
    if came.ok and not came.said:
        raise Unanswered("Stripe answered something that cannot be read.")
    return answer


def _complaint(answer: Answered) -> str:
    said = words(answer.error.get("message"), 200)
    return f"{answer.status}: {said}" if said else f"It answered {answer.status}."


def _moment(header: str, now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (TypeError, ValueError):
        return now
