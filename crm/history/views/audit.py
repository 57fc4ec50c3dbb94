"""The audit log: who did what, to which record, by which way, and when; for admins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from crm.history import changes, sentences
from crm.history.actions import can_undo
from crm.history.models import Act, ActQuerySet, Door
from crm.history.tracking import tracked
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.patience import answers_or_asks_to_narrow

PAGE_SIZE = 50
#: Records of a name that are looked for; whoever means more names it better.
RECORDS = 20


@require_safe
@requires("audit")
@answers_or_asks_to_narrow("about", "by", "kind", "door", "since", "until")
def audit(request: HttpRequest) -> HttpResponse:
    """Acts and single changes, the latest first; for htmx only the following ones."""
    viewer, asked = viewer_of(request), Asked.read(request)
    try:
        page = keyset_page(asked.narrowed(viewer), Sort("at", descending=True), request.GET.get("cursor"), PAGE_SIZE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    by_act = changes.of_acts(page.rows, viewer)
    now = clock.now()
    context: dict[str, Any] = {
        "page": page,
        "lines": [
            {
                "act": act,
                "sentence": sentences.of_act(act, by_act.get(act.pk, [])),
                "may_undo": can_undo(act, viewer, now),
            }
            for act in page.rows
        ],
    }
    if request.htmx and "cursor" in request.GET:
        return render(request, "crm/history/audit.html#rows", context)
    context |= {
        "asked": asked, "people": User.objects.order_by("name", "id"), "doors": Door.choices,
        "kinds": [(kind, named(kind)) for kind in _kinds()],
    }  # fmt: skip
    return render(request, "crm/history/audit.html", context)


@dataclass(frozen=True)
class Asked:
    """What the address narrows the log to; what cannot be read narrows nothing and is said."""

    about: str = ""
    by: str = ""
    kind: str = ""
    door: str = ""
    since: date | None = None
    until: date | None = None
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, request: HttpRequest) -> Asked:
        given = {name: request.GET.get(name, "").strip().replace("\0", "") for name in _ASKED}
        wrong = []
        days: dict[str, date | None] = {}
        for name in ("since", "until"):
            try:
                days[name] = parse_date(given[name]) if given[name] else None
                if given[name] and days[name] is None:
                    raise ValueError
            except ValueError:
                days[name] = None
                wrong.append(f"“{given[name]}” is no day; write it as 2026-06-01.")
        by = given["by"] if given["by"] == "nobody" or (given["by"].isascii() and given["by"].isdecimal()) else ""
        door = given["door"] if given["door"] in Door.values else ""
        return cls(given["about"], by[:_LONGEST_ID], given["kind"], door, days["since"], days["until"], wrong)

    @property
    def narrows(self) -> bool:
        return any((self.about, self.by, self.kind, self.door, self.since, self.until))

    def narrowed(self, viewer: User) -> ActQuerySet:
        acts = Act.objects.for_reading()
        if self.by:
            acts = acts.filter(by=None if self.by == "nobody" else int(self.by))
        if self.kind:
            acts = acts.filter(kind=self.kind)
        if self.door:
            acts = acts.filter(door=self.door)
        if self.since:
            acts = acts.filter(at__gte=_start(self.since, viewer))
        if self.until:
            acts = acts.filter(at__lt=_start(self.until, viewer) + timedelta(days=1))
        return acts.filter(_about(self.about, viewer)) if self.about else acts


_ASKED = ("about", "by", "kind", "door", "since", "until")
_LONGEST_ID = 9


def _start(day: date, viewer: User) -> datetime:
    return datetime.combine(day, time(), viewer.zone)


def _about(text: str, viewer: User) -> Q:
    """Acts that changed a record of this name; `account:7` names one by its number."""
    subject, _, number = text.partition(":")
    found = Q(pk__in=[])
    for of in tracked():
        rows: Any = of.model._default_manager
        ids: QuerySet[Any] | list[int]
        if number.isascii() and number.isdecimal() and subject == of.model._meta.model_name:
            ids = [int(number[:18])]
        elif hasattr(rows.all(), "called"):
            ids = list(rows.visible_to(viewer).called(text).values_list("pk", flat=True)[:RECORDS])
        else:
            continue
        found |= Q(pk__in=of.change._default_manager.filter(pgh_obj_id__in=ids).values("act_id"))
    return found


def _kinds() -> list[str]:
    """All kinds there are, one step in the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(_KINDS)
        return [row[0] for row in cursor.fetchall()]


_KINDS = """
    WITH RECURSIVE kinds AS (
        (SELECT kind FROM crm_act ORDER BY kind LIMIT 1)
        UNION ALL
        SELECT (SELECT kind FROM crm_act WHERE kind > kinds.kind ORDER BY kind LIMIT 1)
        FROM kinds WHERE kind IS NOT NULL
    )
    SELECT kind FROM kinds WHERE kind IS NOT NULL
"""


def named(kind: str) -> str:
    """“Bulk: owner” for bulk.owner."""
    plain = {Act.EDIT: "Single changes", Act.UNDO: "Undone"}
    noun, _, verb = kind.partition(".")
    return plain.get(kind) or f"{noun.replace('_', ' ').capitalize()}{f': {verb.replace("_", " ")}' if verb else ''}"
