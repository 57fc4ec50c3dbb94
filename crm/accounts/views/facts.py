"""What is known of a customer, each field changed in its place: click, write, Enter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from crm.accounts import rules
from crm.accounts.forms import AccountForm
from crm.accounts.models import Account
from crm.accounts.naming import customers_like
from crm.accounts.views import own
from crm.accounts.views.reaching import locked
from crm.accounts.views.saving import saved
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import done

#: Rows of the card with details: field → label.
DETAILS = {
    "name": "Name", "owner": "Owner", "tags": "Tags", "domain": "Domain", "industry": "Industry", "country": "Country",
    "timezone": "Time zone", "language": "Language", "signed_up_on": "Signed up", "primary_use_case": "Use case",
    "kind": "Kind", "parent": "Part of", "do_not_contact": "Contacting",
}  # fmt: skip
#: Rows of the card with what was agreed when they came.
AGREED = {
    "goal": "Goal", "goal_due_on": "Due", "suitability": "Fit", "expected_benefit": "Benefit",
}  # fmt: skip
#: Tags that a form suggests, and rows that are looked at for them.
SUGGESTED, LOOKED_AT = 12, 1000

_form = require_http_methods(["GET", "HEAD", "POST"])


def about(account: Account, now: datetime) -> str:
    """The line under the name."""
    if account.customer_since:
        said = [f"Customer since {account.customer_since:%B %Y}"]
    else:
        said = [f"{Account.Kind(account.kind).label}, added {account.created_at:%B %Y}"]
    if account.industry:
        said.append(account.industry)
    if account.timezone in clock.ZONE_NAMES:
        city = account.timezone.rpartition("/")[2].replace("_", " ")
        said.append(f"{city}, {now.astimezone(clock.zone(account.timezone)):%H:%M} there")
    return " · ".join(said)


def _link(account: Account) -> SafeString:
    return format_html(
        ' <a class="link" href="https://{0}" rel="noreferrer" target="_blank" aria-label="Open {0}">{1}</a>',
        account.domain, ui.icon("external-link", 12),
    ) if account.domain else SafeString()  # fmt: skip


def _tags(account: Account) -> SafeString:
    chips = [format_html('<a class="tag" href="{}?tag={}">{}</a>', reverse("accounts:list"), tag, tag)
             for tag in account.tags]  # fmt: skip
    return mark_safe(" ".join(chips))  # noqa: S308  escaped each


def _parent(account: Account) -> str:
    return "see above" if account.parent_id else ""


#: How a field reads, where it is not simply its text; blank if there is nothing to read.
_READ: dict[str, Callable[[Account], Any]] = {
    "owner": lambda account: account.owner or "",
    "country": lambda account: rules.country_name(account.country),
    "language": lambda account: rules.language_name(account.language),
    "kind": lambda account: Account.Kind(account.kind).label,
    "tags": lambda account: "",
    "parent": _parent,
    "signed_up_on": lambda account: ui.day(account.signed_up_on),
    "goal_due_on": lambda account: ui.day(account.goal_due_on),
    "do_not_contact": lambda account: "only replies and receipts" if account.do_not_contact else "as usual",
    "suitability": lambda account: (
        account.suitability
        and format_html(
            '<span class="badge {}">{}</span>', account.suitability_tone, Account.Suitability(account.suitability).label
        )
    ),
}


def row(account: Account, name: str, label: str) -> dict[str, Any]:
    """A field on its card: its label, its value as a link that opens it for editing, and whether there is one."""
    value = _READ[name](account) if name in _READ else getattr(account, name)
    beside = {"domain": _link, "tags": _tags}[name](account) if name in ("domain", "tags") else ""
    url = f"{address('accounts:detail', account.pk)}facts/{name}/"
    before, after = (f"{beside} ", "") if name == "tags" and beside else ("", beside)
    return own.row(label, value, url, before, after)


def rows(account: Account, names: dict[str, str], *, empty: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The rows of a card: those with a value, and those without, which are folded away unless `empty`."""
    return own.folded([row(account, name, label) for name, label in names.items()], empty=empty)


def details(account: Account) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """The card with details, and one for each heading under which admins have put fields of their own."""
    every = [row(account, name, label) for name, label in DETAILS.items()]
    return own.cards(every, "account", account.custom, f"{address('accounts:detail', account.pk)}facts/")


@_form
@requires("edit")
@transaction.atomic
def fact(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One field: its form, or with ?part=value what it reads. Kept unless somebody else changed this very field."""
    labels, mine = DETAILS | AGREED, own.named("account", name)
    if name not in labels and mine is None:
        raise Http404("There is no such field.")
    account = get_object_or_404(
        locked(Account.objects.visible_to(request.user).select_related("owner"), request), pk=pk
    )
    label = mine.name if mine else labels[name]

    def shown() -> dict[str, Any]:
        url = f"{address('accounts:detail', account.pk)}facts/"
        return own.row_of(mine, account.custom, url) if mine else row(account, name, label)

    if request.GET.get("part") == "value":
        return own.shown(request, shown())
    typed = request.POST if request.method == "POST" else None
    form = AccountForm(typed, instance=account, only=name, viewer=viewer_of(request))
    if not form.is_valid():
        return _asked(request, account, form, name, label)
    account = saved(form, clock.now())
    if not request.htmx:  # type: ignore[attr-defined]
        return done(request, account.get_absolute_url())
    now = clock.now()
    context = {"row": shown(), "account": account, "about": about(account, now), "name": name}
    return render(request, "crm/accounts/fact.html#kept", context)


def _asked(request: HttpRequest, account: Account, form: AccountForm, name: str, label: str) -> HttpResponse:
    suggested = _suggested(request, account) if name == "tags" else ()
    heading = f"{label} of {Account.objects.get(pk=account.pk)}"
    return own.asked(request, form, name, heading, account=account, suggested=suggested)


def _suggested(request: HttpRequest, account: Account) -> Sequence[str]:
    """Tags that the viewer's newest customers have most."""
    newest = Account.objects.visible_to(request.user).order_by("-id").values_list("tags", flat=True)[:LOOKED_AT]
    counted = Counter(tag for tags in newest for tag in tags)
    return [tag for tag, _ in counted.most_common(SUGGESTED + len(account.tags)) if tag not in account.tags]


@require_safe
def names(request: HttpRequest) -> HttpResponse:
    """Options for a field that names a customer."""
    found = customers_like(request.GET.get("parent") or request.GET.get("account", ""), viewer_of(request))
    return render(request, "crm/accounts/names.html", {"names": found})
