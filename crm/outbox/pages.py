"""What the mail pages show besides rows: tabs, the banner about the mode, and times in two zones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from crm import slots
from crm.outbox import load
from crm.outbox.models import MailPolicy, MessageQuerySet, OutboundMessage, Switch
from crm.outbox.sending.letters import zone_of
from crm.team.models import User
from crm.web import wording
from crm.web.counting import counted
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
        "Not sent", ("skipped",), Sort("settled_at", descending=True, nullable=True),
        "All that was planned could leave. Mail that consent, lateness or a bounce ends stands here with the reason.",
    ),
    "called-off": Tab(
        "Called off", ("cancelled",), Sort("settled_at", descending=True, nullable=True),
        "Nobody called anything off. Planned mail that somebody stops, and failed mail that is discarded, stands here.",
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
    "do-not-contact": "Do not contact",
    "consent": "No consent",
    "topic": "Topic refused",
    "late": "Too late",
    "workflow": "Workflow off or left",
    "holdout": "Held out, to measure",
}

#: More are not counted: a page must not count a million rows.
MOST = 1000


def rows_of(visible: MessageQuerySet, tab: str) -> MessageQuerySet:
    return visible.filter(state__in=TABS[tab].states)


@dataclass(frozen=True)
class Narrowing:
    """What an address asks for within a tab."""

    guard: str = ""  # of what was not sent
    which: str = ""  # of what is planned: one of load.NARROWED
    sender: str = ""
    account: int | None = None

    @classmethod
    def asked(cls, tab: str, given: Mapping[str, str]) -> Narrowing:
        """Raises ValueError for what no such tab has."""
        guard, which, account = given.get("guard", ""), given.get("which", ""), given.get("account", "")
        if (guard and (tab != "held-back" or guard not in GUARDS)) or (
            which and (tab != "upcoming" or which not in load.NARROWED)
        ):
            raise ValueError("no such rows")
        if account and not (account.isascii() and account.isdigit() and len(account) <= 18):
            raise ValueError("no such customer")
        return cls(guard, which, given.get("sender", "").replace("\0", ""), int(account) if account else None)

    def of(self, rows: MessageQuerySet, now: datetime) -> MessageQuerySet:
        if self.guard:
            rows = rows.filter(guard=self.guard)
        if self.which:
            rows = load.narrowed(rows, self.which, now)
        if self.sender:
            rows = load.of_sender(rows, self.sender)
        return rows.filter(account=self.account) if self.account else rows


def eyes(visible: MessageQuerySet) -> dict[str, int]:
    """How many messages need a person, by tab."""
    found = list(visible.needing_eyes().values_list("state", flat=True)[:MOST])
    return {state: found.count(state) for state in ("uncertain", "failed")}


def beside(viewer: User) -> list[dict[str, Any]]:
    """Pages of other rooms that stand beside the tabs, with how many rows wait there."""
    counts = counted([tab.count(viewer) if tab.count else None for tab in slots.mail_tabs], MOST)
    return [
        {"label": tab.label, "url": reverse(tab.url_name), "count": count}
        for tab, count in zip(slots.mail_tabs, counts, strict=True)
    ]


def kept(visible: MessageQuerySet, rows: Iterable[OutboundMessage]) -> set[int]:
    """Which of these wait until somebody lets mail go, whatever time they were planned for."""
    waiting = [row.pk for row in rows if row.state == OutboundMessage.State.DUE]
    if not waiting:
        return set()
    return set(visible.filter(load.kept_here(), pk__in=waiting).values_list("pk", flat=True))


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
    rare: bool  # of no interest to most who look


def without_keys(text: str) -> str:
    """A letter as people of ours may read it: what its links let the reader alone do, such as rate us, is left out."""
    return re.sub(rf"({re.escape(settings.BASE_URL)}/[a-z]+/)[^\s/]{{16,}}", r"\1…", text)


def times(message: OutboundMessage, viewer: User) -> list[Moment]:
    account = message.contact.account if message.contact else message.account
    there, here = zone_of(message.contact, account, message.user), viewer.zone
    moved = message.due_at if message.state == "due" and message.due_at != message.planned_for else None
    if moved and _words(moved) == _words(message.planned_for):
        moved = None  # by seconds: people read minutes
    settled = message.settled_at if message.settled_at != message.sending_at else None
    named: list[tuple[str, datetime | None, bool]] = [
        ("Planned for", message.planned_for, message.sending_at is not None or moved is not None),
        ("Moved to", moved, False),
        ("Handed over", message.sending_at, False),
        ("Settled", settled, message.state == "sent"),
        ("Not after", message.expires_at, message.state != "due"),
        ("Written down", message.created_at, True),
    ]
    return [_moment(what, at, there, here, rare) for what, at, rare in named if at]


def _moment(what: str, at: datetime, there: ZoneInfo, here: ZoneInfo, rare: bool) -> Moment:
    local, mine = at.astimezone(there), at.astimezone(here)
    return Moment(what, _words(local), "" if local.utcoffset() == mine.utcoffset() else _words(mine), rare)


def _words(at: datetime) -> str:
    return f"{at:%a} {wording.day(at)}, {at:%H:%M} {at:%Z}"
