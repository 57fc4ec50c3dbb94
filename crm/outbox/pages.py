"""What the mail pages show besides rows: tabs, the banner about the mode, and times in two zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from crm.outbox.models import MailPolicy, MessageQuerySet, OutboundMessage, Switch
from crm.outbox.sending.guards import zone_of
from crm.team.models import User
from crm.web import wording
from crm.web.pagination import Sort


@dataclass(frozen=True)
class Tab:
    label: str
    states: tuple[str, ...]
    sort: Sort
    nothing: str  # what an empty one says


TABS = {
    "upcoming": Tab("Upcoming", ("due",), Sort("due_at"), "Nothing is planned. Workflows and replies put mail here."),
    "held-back": Tab(
        "Held back", ("skipped", "cancelled"), Sort("settled_at", descending=True, nullable=True),
        "Nothing was held back. Mail that consent, cap or lateness stops is kept here with the reason.",
    ),
    "uncertain": Tab(
        "Uncertain", ("uncertain",), Sort("id", descending=True),
        "Nothing is uncertain. Mail that was handed over without an answer waits here for a person.",
    ),
    "failed": Tab("Failed", ("failed",), Sort("id", descending=True), "Nothing failed."),
    "sent": Tab("Sent", ("sent",), Sort("settled_at", descending=True, nullable=True), "Nothing was sent yet."),
}  # fmt: skip

#: Guards that say no for good, in people's words.
GUARDS = {
    "no-address": "No address",
    "suppression": "Suppressed address",
    "consent": "No consent",
    "late": "Too late",
    "workflow": "Workflow off or left",
}

#: More are not counted: a page must not count a million rows.
MOST = 1000


def rows_of(visible: MessageQuerySet, tab: str) -> MessageQuerySet:
    states = TABS[tab].states
    return visible.filter(state=states[0]) if len(states) == 1 else visible.filter(state__in=states)


def eyes(visible: MessageQuerySet) -> dict[str, int]:
    """How many messages need a person, by tab."""
    found = list(visible.needing_eyes().values_list("state", flat=True)[:MOST])
    return {state: found.count(state) for state in ("uncertain", "failed")}


def banner(viewer: User) -> dict[str, Any]:
    """Whether mail leaves, and how much waits if it does not."""
    policy, thrown = MailPolicy.the_only(), list(Switch.objects.select_related("thrown_by").order_by("scope"))
    stopped = next((switch for switch in thrown if switch.scope == "all"), None)
    waits = policy.mode == MailPolicy.Mode.HOLD or stopped or not settings.EMAIL_URL
    waiting = OutboundMessage.objects.visible_to(viewer).filter(state="due")[:MOST].count() if waits else 0
    return {
        "policy": policy,
        "stopped": stopped,
        # Who asked to be left alone, and why, is for admins.
        "switches": [
            switch
            for switch in thrown
            if switch.scope != "all" and (viewer.is_admin or not switch.scope.startswith("contact:"))
        ],
        "no_way_out": not settings.EMAIL_URL,
        "waiting": f"{MOST}+" if waiting == MOST else waiting,
    }


@dataclass(frozen=True)
class Moment:
    """One time of a message, as the reader's clock shows it and as the viewer's does."""

    what: str
    there: str
    here: str  # blank: both clocks show the same


def times(message: OutboundMessage, viewer: User) -> list[Moment]:
    account = message.contact.account if message.contact else message.account
    there, here = zone_of(message.contact, account, message.user), viewer.zone
    named: list[tuple[str, datetime | None]] = [("Planned for", message.planned_for)]
    if message.state == "due" and message.due_at != message.planned_for:
        named.append(("Moved to", message.due_at))
    named += [("Not after", message.expires_at), ("Handed over", message.sending_at), ("Settled", message.settled_at)]
    return [_moment(what, at, there, here) for what, at in named if at]


def _moment(what: str, at: datetime, there: ZoneInfo, here: ZoneInfo) -> Moment:
    local, mine = at.astimezone(there), at.astimezone(here)
    return Moment(what, _words(local), "" if local.utcoffset() == mine.utcoffset() else _words(mine))


def _words(at: datetime) -> str:
    return f"{at:%a} {wording.day(at)}, {at:%H:%M} {at:%Z}"
