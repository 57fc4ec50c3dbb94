"""The queue: where its rows come from, how they sort and narrow, which columns and views they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape  # Django's own looks for lazy texts first, which these are not
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString

from crm.accounts.lists import MINE, colleagues, of_choices, owned, person
from crm.accounts.models import Contact
from crm.fields.asking import OrdersOf
from crm.segments import filterbar
from crm.segments.listing import Listing, Order, Quick, Ready
from crm.slots import ListColumn, list_columns, lists
from crm.team.models import Membership, Team, User
from crm.templatetags import ui
from crm.tickets import walking
from crm.tickets.filter_fields import PRIORITIES, SUBJECT
from crm.tickets.finding import alike, called
from crm.tickets.models import OPEN, Ticket, TicketMessage, TicketQuerySet
from crm.tickets.rules.due import SOON, due
from crm.tickets.seeing import seen
from crm.web import clock
from crm.web.addresses import address
from crm.web.pagination import Sort

_STATUSES = {value: str(label) for value, label in Ticket.Status.choices}
_CHANNELS = {value: str(label) for value, label in Ticket.Channel.choices}
#: Of the menu of statuses, besides each: all that is still open.
UNSOLVED = "unsolved"
_PRIORITY_FACES = {1: ("chevron-down", ""), 2: ("minus", ""), 3: ("chevron-up", "warn"), 4: ("chevrons-up", "bad")}

# Cells ----------------------------------------------------------------------------------------------------------------


def requester(row: dict[str, Any]) -> str:
    """As `Ticket.requester`, of a row as a dict."""
    if row["contact_id"]:
        return Contact.named(row["contact__first_name"], row["contact__last_name"], row["contact__email"])
    return row["requester_name"] or row["requester_handle"] or "Somebody"


def title(row: dict[str, Any], suffix: str = "") -> SafeString:
    """Channel, subject, number, who asks, of which customer; and whether the customer wrote last and it is open."""
    channel = row["reply_channel"]
    waits = row["last_said"] == TicketMessage.Kind.IN and row["status"] in OPEN
    mark = '<i class="unread" title="The customer wrote last"><span class="sr">Unanswered: </span></i>' if waits else ""
    second = " · ".join(filter(None, (f"#{row['id']}", requester(row), row["account__name"] or "")))
    return SafeString(
        f'<span class="who asks{" waits" if waits else ""}"><span class="channel" title="{_CHANNELS[channel]}">'
        f'{ui.icon(Ticket.ICONS[channel], 15)}<span class="sr">{_CHANNELS[channel]}</span></span>'
        f'<span><a class="cover clip" href="{address("tickets:detail", row["id"])}{suffix}">{mark}'
        f'<b>{escape(row["subject"])}</b></a><small class="muted clip">{escape(second)}</small></span></span>'
    )


def badge(text: str, tone: str = "", icon: str = "") -> SafeString:
    """Words of ours; with an icon instead of the dot."""
    inside = f"{ui.icon(icon, 13)}{text}" if icon else text
    return SafeString(f'<span class="badge {tone}{" plain" if icon else ""}">{inside}</span>')


def due_badge(row: dict[str, Any]) -> SafeString | str:
    """“in 38 min”, “overdue 12 min”, “paused”."""
    zone, by = timezone.get_current_timezone(), row["due_by"]
    said = due(row["status"], by and by.astimezone(zone), clock.now().astimezone(zone))
    return badge(said.words, said.tone, said.icon) if said else ""


def status_badge(row: dict[str, Any]) -> SafeString:
    return _status(row["status"])


@cache
def _status(status: str) -> SafeString:
    return badge(_STATUSES[status], Ticket.TONES[status])


@cache
def _priority(priority: int) -> SafeString:
    icon, tone = _PRIORITY_FACES[priority]
    return SafeString(f'<span class="priority {tone}">{ui.icon(icon, 14)}{Ticket.Priority(priority).label}</span>')


_COLUMNS = {
    "status": ListColumn("Status", status_badge, ("status",), order=1),
    "due_by": ListColumn("Due", due_badge, ("status", "due_by"), sort="due", narrow=True, order=2),
    "priority": ListColumn("Priority", lambda row: _priority(row["priority"]), ("priority",), sort="priority", order=3),
    "assignee": ListColumn(
        "Assignee", lambda row: person(row, "assignee"), ("assignee__name", "assignee__email"), blank="nobody", order=4
    ),
    "category": ListColumn("Category", lambda row: row["category__name"], ("category__name",), order=5),
    "team": ListColumn("Team", lambda row: row["team__name"], ("team__name",), shown=False, order=6),
    "updated_at": ListColumn(
        "Latest activity", lambda row: ui.ago(row["updated_at"]), ("updated_at",), sort="updated", order=7
    ),
    "created_at": ListColumn(
        "Asked", lambda row: ui.ago(row["created_at"]), ("created_at",), sort="created", shown=False, order=8
    ),
}  # fmt: skip

# Narrowing ------------------------------------------------------------------------------------------------------------


def _of_status(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
    if value == UNSOLVED:
        return rows.filter(status__in=OPEN)
    if value not in _STATUSES:
        raise Http404("There is no such status.")
    return rows.filter(status=value)


def _of_priority(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
    if value not in PRIORITIES:
        raise Http404("There is no such priority.")
    return rows.filter(priority=PRIORITIES[value])


def _of_team(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
    match value:
        case "mine":
            return rows.filter(team__in=Membership.objects.filter(user=viewer).values("team"))
        case "none":
            return rows.filter(team=None)
        case number if number.isascii() and number.isdecimal() and len(number) < 19:
            return rows.filter(team=int(number))
    raise Http404("There is no such team.")


def _teams(viewer: User) -> Sequence[tuple[str, str]]:
    return [(str(team.pk), team.name) for team in Team.objects.order_by("name")]


# The list -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queue(Listing):
    """Spam, and what was merged into another ticket, stands in it only if the filter asks for it."""

    def narrowed(self, asked: QueryDict, viewer: User, now: datetime) -> QuerySet[Any]:
        rows, meant = super().narrowed(asked, viewer, now), self.filter(asked, viewer).fields
        if "spam" not in meant:
            rows = rows.filter(is_spam=False)
        return rows if "merged" in meant else rows.filter(merged_into=None)

    def line(self, asked: QueryDict, order: Order) -> Callable[[dict[str, Any]], str]:
        """Each leads to its ticket together with its place, from where one can go on to the next."""
        suffix = walking.suffixes(asked, order)
        return lambda row: title(row, suffix(row))


def _base(viewer: User) -> TicketQuerySet:
    spoken = TicketMessage.objects.filter(
        ticket=OuterRef("pk"), kind__in=(TicketMessage.Kind.IN, TicketMessage.Kind.OUT), called_off_at=None
    ).order_by("-occurred_at", "-id")  # fmt: skip
    return seen(viewer).annotate(last_said=Subquery(spoken.values("kind")[:1]))


def _leaf(field: str, op: str, value: Any) -> str:
    return filterbar.write([{"field": field, "op": op, "value": value}])


#: The views that come along, by their names in addresses.
READY = {
    "mine": Ready("My queue", {"status": UNSOLVED, "assignee": "me"}),
    "unassigned": Ready("Unassigned", {"status": UNSOLVED, "assignee": "nobody"}),
    "open": Ready("All open", {"status": UNSOLVED}),
    "due": Ready(
        "Due soon", {"status": UNSOLVED, "f": _leaf("minutes_to_due", "<=", SOON.total_seconds() // 60)}
    ),
    "waiting": Ready(
        "Waiting for the customer", {"status": Ticket.Status.PENDING.value},
        "Tickets that you answered and set to pending wait here until the customer writes again.",
    ),
    "solved": Ready(
        "Solved lately", {"f": _leaf("solved_at", "in_last_days", 7), "sort": "-updated"},
        "What was solved within the last seven days stands here.",
    ),
    "spam": Ready(
        "Spam", {"f": _leaf("spam", "is", True), "sort": "-created"},
        "What one of you has marked as spam lies here, apart from all counts, and can be taken back at any time.",
    ),
}  # fmt: skip

QUEUE = Queue(
    subject=SUBJECT, one="ticket", many="tickets", base=_base,
    fields=(
        "subject", "status", "reply_channel", "last_said", "account__name", "contact_id", "contact__first_name",
        "contact__last_name", "contact__email", "requester_name", "requester_handle",
    ),
    title=title, heading="Ticket",
    orders=OrdersOf(SUBJECT, {
        "due": Order("Due soonest", Sort("due_by", nullable=True)),
        "-updated": Order("Latest activity", Sort("updated_at", descending=True)),
        "updated": Order("Longest without activity", Sort("updated_at")),
        "-created": Order("Newest", Sort("created_at", descending=True)),
        "created": Order("Oldest", Sort("created_at")),
        "-priority": Order("Most urgent", Sort("priority", descending=True)),
        "priority": Order("Least urgent", Sort("priority")),
    }),
    order="due", search=called, alike=alike,
    search_hint="Subject, person or #number", about=Ticket.objects.about, new="tickets:new",
    nothing="crm/tickets/none.html",
    quick={
        "status": Quick("Status", _of_status, ((UNSOLVED, "All open"), *_STATUSES.items())),
        "assignee": Quick("Assignee", owned("assignee"), MINE, colleagues),
        "team": Quick("Team", _of_team, (("mine", "My teams"), ("none", "No team")), _teams),
        "priority": Quick(
            "Priority", _of_priority, tuple((code, str(of.label)) for code, of in reversed(PRIORITIES.items()))
        ),
        "channel": Quick("Channel", of_choices("channel", _CHANNELS, "channel"), tuple(_CHANNELS.items())),
    },
    ready=READY, first="open", segments=False,
)  # fmt: skip


def register_lists() -> None:
    for name, column in _COLUMNS.items():
        list_columns.register(f"{SUBJECT}.{name}", column)
    lists.register(SUBJECT, QUEUE)
