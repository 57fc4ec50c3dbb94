"""The page of one customer: who they are, what is next, and all that has happened."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from crm import slots
from crm.accounts import rules
from crm.accounts.forms import LogForm
from crm.accounts.models import Account, Contact
from crm.templatetags import ui
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

ENTRIES = 20
#: More people than this are found by searching, not by scrolling.
PEOPLE = 50
CONTRACTS = 20
#: What the chips of the timeline show, by the source of an entry.
SHOWN = {
    "everything": ("Everything", ()),
    "people": ("People", (TimelineEntry.Source.PERSON,)),
    "automatic": ("Automatic", (TimelineEntry.Source.AUTOMATIC, TimelineEntry.Source.IMPORT)),
    "customer": ("Customer", (TimelineEntry.Source.CUSTOMER,)),
}


@require_safe
@vary_on_headers("HX-Request")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; for htmx with a cursor only the earlier entries."""
    account = _account(request, pk)
    now = clock.now()
    timeline = _timeline(request, account, now)
    if request.htmx:
        return render(request, "crm/accounts/timeline.html#entries", {"account": account, **timeline})
    return _page(request, account, now, timeline)


@require_POST
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a call, a meeting or a note on the timeline."""
    account = _account(request, pk)
    now = clock.now()
    form = LogForm(request.POST, people=_people(account), now=now)
    if not form.is_valid():
        return _page(request, account, now, _timeline(request, account, now), form)
    data = form.cleaned_data
    kind = {"call": "call.logged", "meeting": "meeting.logged", "note": "note.written"}[data["kind"]]
    payload = {"note": data["text"]} | ({"minutes": data["minutes"]} if data["minutes"] else {})
    record(
        Fact(
            account.pk, kind, form.sentence(), data["occurred_at"], contact_id=data["contact"] and data["contact"].pk,
            source="person", actor_id=request.user.pk, channel="phone" if data["kind"] == "call" else "",
            payload=payload,
        ),
        now=now,
    )  # fmt: skip
    toast(request, f"{dict(LogForm.KINDS)[data['kind']]} logged.")
    return redirect("accounts:detail", pk)


def _account(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user).select_related("owner"), pk=pk)


def _people(account: Account) -> list[Contact]:
    return list(account.contacts.order_by("-is_primary", "created_at", "id")[:PEOPLE])


def _page(
    request: HttpRequest, account: Account, now: datetime, timeline: dict[str, Any], form: LogForm | None = None
) -> HttpResponse:
    people = _people(account)
    contracts = _contracts(account, clock.today(now))
    context = {
        "account": account, "people": people, "contracts": contracts, "now": now,
        "log": form or _blank_log(), "log_contact": _primary(people),
        "log_open": form is not None or "log" in request.GET,
        "country": rules.country_name(account.country),
        "there": now.astimezone(clock.zone(account.timezone)) if account.timezone in clock.ZONE_NAMES else None,
        "city": account.timezone.rpartition("/")[2].replace("_", " "),
        "next": _next(request, account, contracts, now),
        "tiles": _filled(slots.account_tiles, account, request),
        "panels": _filled(slots.account_panels, account, request),
        **timeline,
    }  # fmt: skip
    for person, marks in _marks(people, now):
        person.marks = marks  # type: ignore[attr-defined]
    return render(request, "crm/accounts/detail.html", context, status=422 if form else 200)


@cache
def _blank_log() -> LogForm:
    """For what of it is the same on every page: all but the people."""
    return LogForm()


def _primary(people: list[Contact]) -> int | None:
    """The primary contact, whom most calls are with; they come first."""
    return people[0].pk if people and people[0].is_primary else None


def _filled(registry: slots.Registry[slots.Panel], account: Account, request: HttpRequest) -> list[dict[str, Any]]:
    found = [(panel.template, panel.context(account, request)) for panel in registry]
    return [{"template": template, "context": context} for template, context in found if context is not None]


def _marks(people: list[Contact], now: datetime) -> list[tuple[Contact, list[slots.Mark]]]:
    """What other rooms have to say beside a name."""
    said = [find(people, now) for find in slots.contact_marks] if people else []
    return [(person, [marks[person.pk] for marks in said if person.pk in marks]) for person in people]


def _contracts(account: Account, today: Any) -> list[dict[str, Any]]:
    """Each contract with its latest term, and whether that has ended; those that run come first. One query."""
    columns = ("id", "plan", "status", "auto_renew", "currency", "terms__starts_on", "terms__ends_on", "terms__mrr")
    rows = account.contracts.order_by("-id", "terms__starts_on").values(*columns)[: CONTRACTS * 10]
    found = []
    for _, terms in groupby(rows, key=lambda row: row["id"]):
        every = list(terms)
        last = every[-1]
        ends = last["terms__ends_on"]
        status = "ended" if ends and ends <= today else last["status"]
        found.append(last | {"since": every[0]["terms__starts_on"], "ends": ends, "mrr": last["terms__mrr"],
                             "status": status})  # fmt: skip
    return sorted(found, key=lambda contract: contract["status"] in ("ended", "cancelled"))[:CONTRACTS]


def _next(request: HttpRequest, account: Account, contracts: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    open_tasks = account.open_tasks(request.user)
    task = next((task for task in open_tasks if not task.snoozed_until or task.snoozed_until <= now), None)
    running = [c for c in contracts if c["ends"] == account.renews_on and c["status"] == "paid" and c["ends"]]
    renewal = (
        rules.Renewal(running[0]["ends"], running[0]["mrr"], running[0]["currency"], running[0]["auto_renew"])
        if running
        else None
    )
    open_task = rules.OpenTask(task.title, timezone.localtime(task.due_at)) if task else None
    return {"step": rules.next_step(open_task, renewal, timezone.localtime(now)), "task": task, "renewal": renewal}


def _timeline(request: HttpRequest, account: Account, now: datetime) -> dict[str, Any]:
    shown = request.GET.get("show", "everything")
    if shown not in SHOWN:
        raise Http404
    said = ("account_id", "kind", "source", "text", "occurred_at", "payload", "actor__name", "actor__email")
    entries = account.entries.select_related("actor").only(*said)
    if sources := SHOWN[shown][1]:
        entries = entries.filter(source__in=sources)
    try:
        page = keyset_page(entries, Sort("occurred_at", descending=True), request.GET.get("cursor"), ENTRIES)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    today = timezone.localtime(now).date()
    lines = [_line(entry, today, request.user.pk) for entry in page.rows]
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda line: line["under"])]
    return {
        "groups": groups, "earlier": page.next, "shown": shown,
        "chips": [(name, label) for name, (label, _) in SHOWN.items()],
        "under": request.GET.get("under", ""), "last": groups[-1][0] if groups else "",
    }  # fmt: skip


def _by(entry: TimelineEntry, viewer_id: int | None) -> str:
    return "you" if entry.actor_id == viewer_id else str(entry.actor)


def _line(entry: TimelineEntry, today: Any, viewer_id: int | None) -> dict[str, Any]:
    """What the timeline says about an entry: a dict, since a template looks up nothing as quickly."""
    icon, tone = rules.face(entry.kind, entry.source)
    why = entry.payload.get("why_url", "")
    return {
        "icon": ui.icon(icon, 14), "tone": tone,
        "under": rules.heading(timezone.localtime(entry.occurred_at).date(), today),
        "note": entry.payload.get("note", ""),
        # Only an address of ours: payloads may come from outside.
        "why": why if why.startswith("/") and not why.startswith("//") else "",
        "text": entry.text or entry.kind, "at": ui.ago(entry.occurred_at), "imported": entry.source == "import",
        "by": _by(entry, viewer_id) if entry.source == "person" and entry.actor else "",
    }  # fmt: skip
