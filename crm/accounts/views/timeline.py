"""The timeline of one customer: narrowed by kind, by who did it, by whom it was with, and by words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KT
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from crm.accounts import reading, rules
from crm.accounts.models import Account, Contact
from crm.accounts.reading import ENTRIES, ENTRY
from crm.accounts.views.reaching import account_of
from crm.segments.filters import OPERATORS
from crm.team.models import User
from crm.templatetags import ui
from crm.timeline.models import TimelineEntry
from crm.web.addresses import address
from crm.web.pagination import BadCursor, Page, Sort, cursor_at, keyset_page

_NEWEST_FIRST = Sort("occurred_at", descending=True)
#: Whose doing an entry is, beside colleagues by their number.
OTHERS = {
    "customer": ("The customer", (TimelineEntry.Source.CUSTOMER,)),
    "automatic": ("Holdfast", (TimelineEntry.Source.AUTOMATIC, TimelineEntry.Source.IMPORT)),
}
_BIGGEST = 18  # digits of an id


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the timeline is wanted, as the address says it. Blank: no matter."""

    show: str = rules.EVERYTHING
    by: str = ""  # customer, automatic, or a colleague's id
    person: str = ""  # a contact's id
    words: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Raises Http404 for an address that means nothing."""
        get = request.GET.get
        asked = cls(
            get("show", rules.EVERYTHING), get("by", ""), get("with", ""), get("words", "").strip().replace("\0", "")
        )
        numbers = [text for text in (asked.by, asked.person) if text and text not in OTHERS]
        known = asked.show in rules.CHIPS and asked.person not in OTHERS
        if not known or not all(n.isascii() and n.isdecimal() and len(n) <= _BIGGEST for n in numbers):
            raise Http404("There is no such part of a timeline.")
        return asked

    @property
    def narrow(self) -> bool:
        return bool(self.by or self.person or self.words)

    def query(self, **changes: str) -> str:
        """The page's address with parts of it changed."""
        said = {"show": self.show, "by": self.by, "with": self.person, "words": self.words} | changes
        said = {name: value for name, value in said.items() if value and (name, value) != ("show", rules.EVERYTHING)}
        return f"?{urlencode(said)}" if said else ""


def entries_of(account: Account, asked: Asked, now: datetime) -> QuerySet[Any, Any]:
    """The entries that were asked for: a range of the account's index, or of the contact's."""
    found = account.entries.all()
    if asked.show in rules.GROUPS:
        found = found.filter(_of(rules.GROUPS[asked.show][1]))
    elif asked.show == rules.CHANGES:
        found = found.exclude(_of(rules.GROUPED))
    if asked.by in OTHERS:
        found = found.filter(source__in=OTHERS[asked.by][1])
    elif asked.by:
        found = found.filter(source=TimelineEntry.Source.PERSON, actor_id=int(asked.by))
    if asked.person:
        found = found.filter(contact_id=int(asked.person))
    if asked.words:
        look = OPERATORS["text"]["contains"].sql
        found = found.filter(Q(look(F("text"), asked.words, now)) | Q(look(KT("payload__note"), asked.words, now)))
    return columns(found)


def columns(entries: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """With what `line` says of each."""
    return entries.values_list(*ENTRY, named=True)


def _of(nouns: tuple[str, ...]) -> Q:
    kinds = Q()
    for noun in nouns:
        kinds |= Q(kind__startswith=f"{noun}.")
    return kinds


def timeline(request: HttpRequest, account: Account, people: list[Contact], now: datetime) -> dict[str, Any]:
    """What the timeline's template needs. Raises Http404 and BadRequest."""
    asked = Asked.of(request)
    page = _page(account, asked, request.GET.get("cursor"), now)
    today = timezone.localtime(now).date()
    here = address("accounts:detail", account.pk)
    lines = [line(entry, here, today, request.user.pk) for entry in page.rows]
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda one: one["under"])]
    earlier = asked.query(cursor=page.next, under=groups[-1][0]) if page.next else ""
    return {
        "here": here, "groups": groups, "earlier": earlier, "asked": asked, "under": request.GET.get("under", ""),
        "chips": _all_chips() if asked == Asked(asked.show) else _chips(asked),
        "narrowed": _narrowed(asked, people) if asked.narrow else "",
    }  # fmt: skip


def _page(account: Account, asked: Asked, cursor: str | None, now: datetime) -> Page[Any]:
    if asked == Asked() and not cursor:
        rows = reading.newest(account.pk)
        last = rows[ENTRIES - 1] if len(rows) > ENTRIES else None
        return Page(rows[:ENTRIES], cursor_at(last.occurred_at, last.pk) if last else None)
    try:
        return keyset_page(entries_of(account, asked, now), _NEWEST_FIRST, cursor, ENTRIES)
    except BadCursor as error:
        raise BadRequest(str(error)) from error


def _chips(asked: Asked) -> list[tuple[str, str, str]]:
    return [(name, label, asked.query(show=name)) for name, label in rules.CHIPS.items()]


@cache
def _all_chips() -> list[tuple[str, str, str]]:
    return _chips(Asked())


def _narrowed(asked: Asked, people: list[Contact]) -> str:
    """“by Ben, with Jonas Weber”."""
    said = []
    if asked.by in OTHERS:
        said.append(f"by {OTHERS[asked.by][0]}")
    elif asked.by:
        said.append(f"by {User.objects.filter(pk=asked.by).first() or 'somebody who is gone'}")
    if asked.person:
        name = next((person.name for person in people if str(person.pk) == asked.person), "somebody who is gone")
        said.append(f"with {name}")
    return ", ".join(said)


def line(entry: Any, here: str, today: date, viewer_id: int | None) -> dict[str, Any]:
    """What the timeline says about an entry: a dict, since a template looks up nothing as quickly."""
    icon, tone = rules.face(entry.kind, entry.source)
    payload = entry.payload
    by_person = entry.source == "person" and entry.actor_id is not None
    return {
        "pk": entry.pk, "icon": ui.icon(icon, 14), "tone": tone,
        "under": rules.heading(timezone.localtime(entry.occurred_at).date(), today),
        "note": _note(payload) if "note" in payload else "",
        "leads": [(word, to) for name, word in _LEADS if name in payload and (to := _ours(payload[name]))],
        "text": entry.text or entry.kind, "at": ui.ago(entry.occurred_at), "imported": entry.source == "import",
        "by": ("you" if entry.actor_id == viewer_id else entry.actor__name or entry.actor__email) if by_person else "",
        "outcome": payload.get("outcome", ""), "edited": "edited_at" in payload,
        "mine": f"{here}entries/{entry.pk}/" if _is_own_note(entry, viewer_id) else "",
        "file": f"{here}files/{payload['file']}/" if _has_file(entry) else "",
    }  # fmt: skip


#: Addresses in payloads, and the words of their links.
_LEADS = (("open_url", "Open"), ("answer_url", "Answer"), ("why_url", "Why?"))


def _ours(url: Any) -> str:
    """Only an address of ours: payloads may come from outside."""
    return url if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else ""


def _is_own_note(entry: Any, viewer_id: int | None) -> bool:
    return bool(entry.kind == "note.written" and entry.source == "person" and entry.actor_id == viewer_id)


def _has_file(entry: Any) -> bool:
    return entry.kind in ("file.added", "file.restored") and isinstance(entry.payload.get("file"), int)


def _note(payload: dict[str, Any]) -> SafeString:
    """The note with the colleagues whom it mentions standing out."""
    text: str = conditional_escape(payload["note"])
    named = payload.get("mentions")
    for name in named if isinstance(named, list) else ():
        mention = conditional_escape(f"@{name}")
        text = text.replace(mention, f'<b class="mention">{mention}</b>')
    return mark_safe(text)  # noqa: S308  escaped above


@require_safe
def narrowing(request: HttpRequest, pk: int) -> HttpResponse:
    """The choices of people by whom, and with whom, that narrow the timeline; fetched when they are opened."""
    account = account_of(request, pk)
    asked = Asked.of(request)
    colleagues = User.objects.filter(is_active=True).order_by("name", "id")
    context = {
        "account": account, "asked": asked,
        "doers": [(name, label) for name, (label, _) in OTHERS.items()] + [(str(u.pk), str(u)) for u in colleagues],
        "people": [(str(person.pk), person.name) for person in account.contacts.order_by("first_name", "id")[:200]],
    }  # fmt: skip
    part = "#choices" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"crm/accounts/narrowing.html{part}", context)


def entries_part(request: HttpRequest, account: Account, people: list[Contact], now: datetime) -> HttpResponse:
    """For htmx: earlier entries, or the timeline as it was narrowed."""
    part = "entries" if "cursor" in request.GET else "whole"
    context = {"account": account, **timeline(request, account, people, now)}
    return render(request, f"crm/accounts/timeline.html#{part}", context)
