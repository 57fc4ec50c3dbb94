"""Files of chats, fetched where their providers keep them: by the worker that reads the inbox, never by a webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_extension
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from crm.inbox.channels.chat import Medium, thing, whole, words
from crm.slots import Arrived
from crm.web.outgoing import Answer, Forbidden, NoAnswer, NotSent, call

#: Bytes of one; Telegram gives out none that are larger.
LARGEST = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """Its bytes under a name; or why there are none, for people, and whether that may pass."""

    name: str = ""
    content: bytes = b""
    trouble: str = ""
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a payload of kind MEDIUM asks for: `message` is whose it is, as the room that stored it knows that."""

    channel: str
    handle: str
    message: int
    medium: Medium


class _Unfetched(Exception):
    """Why, and whether it may pass."""

    def __init__(self, trouble: str, *, may_pass: bool = False) -> None:
        super().__init__(trouble)
        self.may_pass = may_pass


def wanted(arrived: Arrived) -> Wanted:
    found: dict[str, Any] = json.loads(arrived.body)
    return Wanted(**found | {"medium": Medium(**found["medium"])})


def fetch(arrived: Arrived) -> Fetched:
    """The fetcher of such payloads."""
    asked = wanted(arrived)
    try:
        _bounded(asked.medium.size)
        answer = _GIVEN_OUT[asked.channel](asked.medium)
        _bounded(len(answer.body))
    except _Unfetched as error:
        return Fetched(trouble=str(error), may_pass=error.may_pass)
    return Fetched(_named(asked.medium, answer), answer.body)


def largest() -> int:
    return min(LARGEST, settings.FILE_SIZE_LIMIT)


def _bounded(size: int) -> None:
    if size > largest():
        raise _Unfetched(f"It is larger than {filesizeformat(largest())}.")


def _named(medium: Medium, answer: Answer) -> str:
    """As its sender calls it, else after what it is: photo.jpg."""
    if medium.name:
        return medium.name
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    return f"{medium.label.lower()}{guess_extension(kind) or ''}"


# Where each lies ------------------------------------------------------------------------------------------------------


def _of_telegram(medium: Medium) -> Answer:
    """Two calls: where it lies just now, and its bytes. https://core.telegram.org/bots/api#getfile"""
    asked = urlencode({"file_id": medium.ref})
    said = _told("Telegram", f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_TOKEN}/getFile?{asked}")
    path = words(thing(said.get("result")).get("file_path"), 500)
    _bounded(whole(thing(said.get("result")).get("file_size")))
    if not path:
        raise _Unfetched("Telegram does not say where it lies.")
    answer = _called("Telegram", f"{settings.TELEGRAM_API_URL}/file/bot{settings.TELEGRAM_TOKEN}/{path}")
    kind = {".oga": "audio/ogg", ".jpg": "image/jpeg"}.get(PurePosixPath(path).suffix)  # it sends them as bytes alone
    return Answer(answer.status, {**answer.headers, "content-type": kind}, answer.body) if kind else answer


def _of_whatsapp(medium: Medium) -> Answer:
    """Two calls again; both want the key, which goes to Meta alone, and never in the clear."""
    key = {"Authorization": f"Bearer {settings.WHATSAPP_TOKEN}"}
    said = _told("WhatsApp", f"{settings.WHATSAPP_API_URL}/{medium.ref}", key)
    url = words(said.get("url"), 2000)
    _bounded(whole(said.get("file_size")))
    if not (url.startswith("https://") or urlsplit(url)[:2] == urlsplit(settings.WHATSAPP_API_URL)[:2]):
        raise _Unfetched("WhatsApp does not say where it lies.")
    return _called("WhatsApp", url, key)


def _of_instagram(medium: Medium) -> Answer:
    """The URL stands in the message itself, for some days."""
    return _called("Instagram", medium.ref)


_GIVEN_OUT = {"telegram": _of_telegram, "whatsapp": _of_whatsapp, "instagram": _of_instagram}


def _told(provider: str, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return _called(provider, url, headers).said


def _called(provider: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """What was answered with 2xx. Raises _Unfetched; no reason names the address, which may hold our key."""
    try:
        answer = call("GET", url, headers={"Accept": "*/*", **(headers or {})}, largest=largest() + 1)
    except Forbidden as error:
        raise _Unfetched(f"{provider} names a place that may not be called.") from error
    except (NotSent, NoAnswer) as error:
        raise _Unfetched(f"{provider} could not be reached.", may_pass=True) from error
    if not answer.ok:
        # 401: our key is wrong, which an admin may mend.
        passes = answer.status in (401, 408, 429) or answer.status >= 500
        raise _Unfetched(f"{provider} did not give it out ({answer.status}).", may_pass=passes)
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and len(answer.body) < min(int(announced), largest() + 1):
        raise _Unfetched(f"{provider} gave out only the beginning of it.", may_pass=True)
    return answer
