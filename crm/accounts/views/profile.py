"""The page of one customer: who they are, what is next, and all that has happened."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from crm import slots
from crm.accounts import reading, rules
from crm.accounts.actions.hierarchy import family
from crm.accounts.models import Account, Contact
from crm.accounts.views import facts
from crm.accounts.views.timeline import entries_part, timeline
from crm.team.models import User
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock
from crm.web.addresses import address, page
from crm.web.patience import answers_or_asks_to_narrow

#: What opens in a dialog of the page.
_DIALOGS = {
    "log": "touches:log", "write": "correspondence:write", "plan": "touches:plan",
    "add_contact": "accounts:add_contact", "hand_off": "accounts:hand_off", "goal": "accounts:goal",
    "contract": "money:new_contract",
}  # fmt: skip


@require_safe
@vary_on_headers("HX-Request")
@answers_or_asks_to_narrow("words")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; for htmx only the timeline, or with a cursor its earlier entries."""
    now = clock.now()
    if request.htmx:
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
        return entries_part(request, account, reading.people(pk) if "with" in request.GET else [], now)
    found = reading.account(pk, viewer_of(request))
    if found is None:
        raise Http404("There is no such customer that you may see.")
    return _page(request, found, now)


def _page(request: HttpRequest, account: Account, now: datetime) -> HttpResponse:
    people, today = reading.people(account.pk), clock.today(now)
    known, headings = facts.details(account)
    contracts = reading.contracts(account.pk, today)
    context = {
        "account": account, "contracts": contracts, "now": now,
        "people": _people(account, people, now, today),
        "about": facts.about(account, now),
        "more": _more(account, viewer_of(request)),
        "anniversary": rules.anniversary_words(account.customer_since, today),
        "family": family(account, request.user) if account.parent_id or account.leads else None,
        "facts": known, "headings": headings,
        "agreed": facts.rows(account, facts.AGREED, empty=True),
        "goal_checked": _goal_checked(account, today),
        "next": _next(request, account, contracts, now), "may_confirm": allows(request.user, "edit_contracts"),
        "tiles": _filled(slots.account_tiles, account, request),
        "panels": _filled(slots.account_panels, account, request),
        "tabs": tabs(account.pk), "to": {name: address(url, account.pk) for name, url in _DIALOGS.items()},
        **timeline(request, account, people, now),
    }  # fmt: skip
    return render(request, "crm/accounts/detail.html", context)


def _more(account: Account, viewer: User) -> list[tuple[str, str, str]]:
    """Icon, words and address of what is done more rarely."""
    found = []
    if allows(viewer, "tickets") and (ticket := page("tickets:new")):
        found.append(("ticket", "New ticket", f"{ticket}?account={account.pk}"))
    if allows(viewer, "merge") and (duplicates := page("duplicates:list")):
        found.append(("copy", "Merge with another", f"{duplicates}accounts/{account.pk}/"))
    if allows(viewer, "export"):
        found.append(("file-output", "Export the timeline", address("exports:timeline", account.pk)))
    return found


#: Parts of the story that rooms above keep, where there are such: name, label.
_OF_OTHERS = (("payments", "Payments"), ("history", "History"))


def tabs(account_id: int) -> list[tuple[str, str, str]]:
    """Name, label and address of each part of a customer's story."""
    here = address("accounts:detail", account_id)
    found = [("timeline", "Timeline", here), ("files", "Files", f"{here}files/"), ("hand-off", "Hand-off",
             f"{here}hand-off/")]  # fmt: skip
    return [*found, *((name, label, f"{here}{name}/") for name, label in _OF_OTHERS if _is_kept(name))]


@cache
def _is_kept(part: str) -> bool:
    try:
        return bool(resolve(f"/accounts/1/{part}/"))
    except Resolver404:
        return False


def _filled(registry: slots.Registry[slots.Panel], account: Account, request: HttpRequest) -> list[dict[str, Any]]:
    found = [(panel.template, panel.context(account, request)) for panel in registry]
    return [{"template": template, "context": context} for template, context in found if context is not None]


def _people(account: Account, people: list[Contact], now: datetime, today: date) -> list[dict[str, Any]]:
    """What the card says of each: dicts, since a template looks up nothing as quickly."""
    said = [find(people, now) for find in slots.contact_marks] if people else []
    return [
        {
            "url": f"{address('accounts:detail', account.pk)}contacts/{person.pk}/", "name": person.name,
            "page": address("contacts:detail", person.pk),
            "avatar": ui.avatar(person.name), "email": person.email,
            "second": " · ".join(filter(None, (
                person.title, "primary" if person.is_primary else "", ", ".join(person.role_labels).lower(),
            ))),
            "seen": ui.ago(person.seen_at),
            "marks": _marks(person, now, today) + [found[person.pk] for found in said if person.pk in found],
        }
        for person in people
    ]  # fmt: skip


def _marks(person: Contact, now: datetime, today: date) -> list[slots.Mark]:
    """What stands beside a name: what mail may reach them, and days to congratulate on."""
    marks = []
    if person.do_not_contact:
        marks.append(slots.Mark("do not contact", "bad", "Only replies and receipts reach them"))
    if person.email_consent == Contact.Consent.NO:
        marks.append(slots.Mark("no mail", "bad", "Only replies and receipts reach them"))
    elif person.email_consent == Contact.Consent.YES:
        marks.append(slots.Mark("agreed to mail", "good"))
    if person.automation_paused_until and person.automation_paused_until > now:
        until = timezone.localtime(person.automation_paused_until)
        marks.append(slots.Mark(f"automation paused until {until.day} {until:%b}", "warn"))
    if words := rules.birthday_words(person.birthday, today):
        marks.append(slots.Mark(words, "info"))
    return marks


def _goal_checked(account: Account, today: date) -> str:
    """“Partly, asked 2 Nov”; blank without a goal."""
    on = account.goal_checked_on
    if not account.goal or not on:
        return account.goal and "Not asked yet"
    words = {"reached": "Yes", "partly": "Partly", "missed": "No"}.get(account.goal_state, "Open")
    return f"{words}, asked {on.day} {on:%b}{f' {on.year}' if on.year != today.year else ''}"


def _next(request: HttpRequest, account: Account, contracts: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    open_tasks = account.open_tasks(request.user)
    task = next((task for task in open_tasks if not task["snoozed_until"] or task["snoozed_until"] <= now), None)
    running = [c for c in contracts if c["ends"] == account.renews_on and c["status"] == "paid" and c["ends"]]
    renewal = (
        rules.Renewal(running[0]["ends"], running[0]["mrr"], running[0]["currency"], running[0]["auto_renew"])
        if running
        else None
    )
    open_task = rules.OpenTask(task["title"], timezone.localtime(task["due_at"])) if task else None
    return {"step": rules.next_step(open_task, renewal, timezone.localtime(now)), "task": task, "renewal": renewal}
