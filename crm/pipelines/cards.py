"""A card of a board: what it says in which words, and its HTML, of which a board writes a hundred at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from crm.pipelines.models import Outcome
from crm.templatetags import ui
from crm.web import clock, wording
from crm.web.addresses import address


class Card(NamedTuple):
    """What a card needs of a deal, in the order of FIELDS."""

    id: int
    stage_id: int
    rank: int
    outcome: str
    title: str
    customer: str
    owner: str
    owner_email: str
    amount: Decimal | None
    currency: str
    next_step: str
    next_on: date | None
    lost_because: str | None
    entered_at: datetime
    stuck_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime

    @property
    def place(self) -> int:
        """By which the cards of a column stand, the smallest on top: by rank, of closed ones the latest first.

        Microseconds of this age are whole numbers that a browser still tells apart.
        """
        return self.rank if self.closed_at is None else -_micros(self.closed_at)


FIELDS = (
    "id", "stage_id", "rank", "outcome", "title", "account__name", "owner__name", "owner__email", "amount", "currency",
    "next_step", "next_on", "lost_because__name", "entered_at", "stuck_at", "closed_at", "updated_at",
)  # fmt: skip


_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(place: int) -> datetime:
    """When a closed card was closed, from its place. Raises OverflowError for what is none."""
    return _EPOCH - place * _MICROSECOND


def age(entered_at: datetime, stuck_at: datetime | None, closed_at: datetime | None, now: datetime) -> tuple[str, str]:
    """How long it has been in its stage, or when it was closed, and in which tone: “18 days”, “41 days, stuck”."""
    if closed_at is not None:
        return _since(closed_at, now), "muted"
    passed = now - entered_at
    words = wording.length(passed) if passed.days else "today"
    if stuck_at is not None and stuck_at <= now:
        return f"{words}, stuck", "bad"
    return words, "muted"


def _since(moment: datetime, now: datetime) -> str:
    """“since Monday”, “since 3 Jun”."""
    day, today = timezone.localtime(moment).date(), timezone.localtime(now).date()
    if day == today:
        return "today"
    if (today - day).days < 7:
        return f"since {day:%A}"
    return f"since {day.day} {day:%b}" if day.year == today.year else f"since {wording.day(day)}"


def line(card: Card, now: datetime) -> tuple[str, str, str]:
    """The one thing to know of it: why it was lost, what is to be done next, else what it is about; behind it by when,
    and in which tone."""
    if card.outcome == Outcome.LOST:
        return card.lost_because or card.title, "", ""
    if card.outcome != Outcome.OPEN or not card.next_step:
        return card.title, "", ""
    if card.next_on is None:
        return card.next_step, "", ""
    days = (card.next_on - clock.today(now)).days
    return card.next_step, _by_when(card.next_on, days), "bad" if days < 0 else ""


def _by_when(day: date, days: int) -> str:
    """“today”, “Tue”, “3 Jun”, “2 d late”."""
    if days < 0:
        return f"{-days} d late"
    near = {0: "today", 1: "tomorrow"}.get(days)
    return near or (f"{day:%a}" if days < 7 else f"{day.day} {day:%b}")


#: Leads to the form in which a deal is moved; with scripts that opens on the board.
_MOVER = (
    '<a class="btn quiet icon small to" href="{url}" data-asks aria-label="Move {name}" title="Move (m)">'
    f"{ui.icon('ellipsis', 14)}</a>"
)


def face(card: Card, now: datetime, *, may_move: bool) -> SafeString:
    """The card as a line of its column."""
    words, tone = age(card.entered_at, card.stuck_at, card.closed_at, now)
    url, name, owner = address("pipelines:deal", card.id), escape(card.customer), card.owner or card.owner_email or ""
    money = ui.money(card.amount, card.currency) if card.amount is not None else ""
    what, when, urgency = line(card, now)
    mover = _MOVER.format(url=address("pipelines:place", card.id), name=name) if may_move else ""
    return mark_safe(  # noqa: S308  what comes from outside is escaped
        f'<li class="deal{" stuck" if tone == "bad" else ""}" id="deal-{card.id}" data-deal="{card.id}"'
        f' data-stage="{card.stage_id}" data-place="{card.place}" data-at="{_micros(card.updated_at)}">'
        f'<a class="cover clip" href="{url}" draggable="false" title="{escape(card.title)}"><b>{name}</b></a>'
        f'<span class="num">{money}</span><small class="line muted"><span class="clip">{escape(what)}</span>'
        f'<span class="when {urgency}">{when}</span></small>'
        f'<small class="row by">{ui.avatar(owner, "small")}'
        f'<span class="clip">{escape(owner or "nobody")}</span><span class="age {tone}">{words}</span></small>'
        f"{mover}</li>\n"
    )
