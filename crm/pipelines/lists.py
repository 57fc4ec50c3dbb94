"""The list of deals: where its rows come from, how they sort and narrow; boards and forecasts narrow by the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import Http404, QueryDict
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from crm.accounts.lists import MINE, colleagues, owned, person
from crm.fields.asking import OrdersOf
from crm.pipelines import cards
from crm.pipelines.models import Deal, Outcome, Pipeline, Stage
from crm.pipelines.values import SUBJECT
from crm.segments.filters import searching
from crm.segments.listing import Listing, Order, Quick, Ready
from crm.slots import ListColumn, list_columns, lists
from crm.team.models import User
from crm.templatetags import ui
from crm.web import clock
from crm.web.addresses import address
from crm.web.pagination import Sort

#: Pages of one pipeline that narrow as the list does, by the word for them in an address.
LAYOUTS = {"board": "pipelines:board", "forecast": "pipelines:forecast", "insight": "pipelines:insight"}

# Cells ----------------------------------------------------------------------------------------------------------------


def title(row: dict[str, Any]) -> SafeString:
    """On a narrow screen its stage stands beneath, where the column has no room."""
    url, name = address("pipelines:deal", row["id"]), row["account__name"]
    return mark_safe(  # noqa: S308  what comes from outside is escaped
        f'<span class="who">{ui.avatar(name, "square")}<span><a class="cover clip" href="{url}">'
        f'<b>{escape(row["title"])}</b></a><small class="muted clip">{escape(name)}</small>'
        f'<small class="only-s">{stage_badge(row)}</small></span></span>'
    )


def stage_badge(row: dict[str, Any]) -> SafeString:
    """Its name beside its colour."""
    return mark_safe(  # noqa: S308  the colour is one of ours
        f'<span class="stage {row["stage__colour"]}">{escape(row["stage__name"])}</span>'
    )


def _amount(row: dict[str, Any]) -> str:
    return ui.money(row["amount"], row["currency"]) if row["amount"] is not None else ""


def _age(row: dict[str, Any]) -> SafeString | str:
    words, tone = cards.age(row["entered_at"], row["stuck_at"], row["closed_at"], clock.now())
    return mark_safe(f'<span class="{tone}">{words}</span>') if words else ""  # noqa: S308  words of ours


def _expected(row: dict[str, Any]) -> SafeString | str:
    day: date | None = row["expected_on"]
    late = day and row["outcome"] == Outcome.OPEN and day < clock.today()
    return mark_safe(f'<span class="bad">{ui.day(day)}</span>') if late else ui.day(day)  # noqa: S308  as above


_STAGE = ("stage__name", "stage__colour")
_AGE = ("entered_at", "stuck_at", "closed_at")
_COLUMNS = {
    "stage": ListColumn("Stage", stage_badge, _STAGE, order=1),
    "value": ListColumn("Amount", _amount, ("amount", "currency"), align="num", sort="value", narrow=True, order=2),
    "expected_on": ListColumn("Expected", _expected, ("expected_on", "outcome"), sort="expected", order=3),
    "next_step": ListColumn("Next step", lambda row: row["next_step"], ("next_step",), order=4),
    "owner": ListColumn("Owner", person, ("owner__name", "owner__email"), blank="nobody", order=5),
    "entered_at": ListColumn("In its stage", _age, _AGE, order=6),
    "pipeline": ListColumn("Pipeline", lambda row: row["pipeline__name"], ("pipeline__name",), shown=False, order=7),
    "updated_at": ListColumn(
        "Latest change", lambda row: ui.ago(row["updated_at"]), ("updated_at",), sort="updated", shown=False, order=8
    ),
    "created_at": ListColumn(
        "Opened", lambda row: ui.day(row["created_at"]), ("created_at",), sort="created", shown=False, order=9
    ),
}  # fmt: skip

# Narrowing ------------------------------------------------------------------------------------------------------------


def number(text: str) -> int:
    """An id in an address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _of(path: str) -> Any:
    def narrow(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
        if not (pk := number(value)):
            raise Http404(f"There is no such {path}.")
        return rows.filter(**{path: pk})

    return narrow


def _in_state(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
    if value == "stuck":
        return rows.filter(outcome=Outcome.OPEN, stuck_at__lte=clock.now())
    if value not in Outcome.values:
        raise Http404("There is no such state.")
    return rows.filter(outcome=value)


def month_of(value: str, today: date) -> tuple[date | None, date | None]:
    """From which day on and before which one: of “2026-07”, “month”, “next”, “late” (before today), “before” (this
    month), “later-2026-07” (from that month on). Raises Http404."""
    first = today.replace(day=1)
    named = {
        "late": (None, today), "before": (None, first), "month": (first, following(first)),
        "next": (following(first), following(following(first))),
    }  # fmt: skip
    if value in named:
        return named[value]
    try:
        begins = date.fromisoformat(f"{value.removeprefix('later-')}-01")
        return begins, None if value.startswith("later-") else following(begins)
    except (ValueError, OverflowError):
        raise Http404("There is no such month.") from None


def following(month: date) -> date:
    """The first day of the next one."""
    return (month + timedelta(days=31)).replace(day=1)


def _closes(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
    if value == "never":
        return rows.filter(outcome=Outcome.OPEN, expected_on=None)
    begins, ends = month_of(value, clock.today())
    rows = rows.filter(outcome=Outcome.OPEN, expected_on__isnull=False)
    rows = rows.filter(expected_on__gte=begins) if begins else rows
    return rows.filter(expected_on__lt=ends) if ends else rows


class Month(Quick):
    """Besides its options it takes any month."""

    def said(self, value: str, viewer: User) -> str:
        known = dict(self.options).get(value)
        if known:
            return known
        begins, _ = month_of(value, clock.today())
        return f"{begins:%B %Y}{' or later' if value.startswith('later-') else ''}" if begins else ""


def _pipelines(viewer: User) -> Sequence[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in Pipeline.objects.in_use()]


def _stages(viewer: User) -> Sequence[tuple[str, str]]:
    rows = Stage.objects.in_use().filter(pipeline__archived_at=None).select_related("pipeline")
    return [(str(one.pk), f"{one.pipeline}: {one}") for one in rows.order_by("pipeline__order", "pipeline_id", "order")]


def called(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Whose title or customer holds the text, or begins with it when it is too short for trigrams."""
    return rows.filter(Q(searching.holds(F("title"), text)) | Q(searching.holds(F("account__name"), text)))


def alike(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Whose title has words much like it, the likest first."""
    return searching.alike(rows, "title", text)


# The list -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deals(Listing):
    """The list, and the boards and forecasts that are narrowed as it is: `layout` and `pipeline` say which."""

    def address(self, asked: QueryDict) -> str:
        layout, pipeline = asked.get("layout", ""), number(asked.get("pipeline", ""))
        if layout not in LAYOUTS or not pipeline:
            return super().address(asked)
        asked = asked.copy()
        del asked["layout"], asked["pipeline"]
        return f"{address(LAYOUTS[layout], pipeline)}{f'?{asked.urlencode()}' if asked else ''}"


#: The views that come along, by their names in addresses.
READY = {
    "open": Ready("Open", {"state": "open", "sort": "expected"}),
    "mine": Ready("Mine", {"state": "open", "owner": "me", "sort": "expected"}),
    "stuck": Ready("Stuck", {"state": "stuck", "sort": "-value"}),
    "month": Ready("Closing this month", {"closing": "month", "sort": "expected"}),
    "won": Ready("Won", {"state": "won", "sort": "-updated"}),
    "lost": Ready("Lost", {"state": "lost", "sort": "-updated"}),
}

DEALS = Deals(
    subject=SUBJECT, one="deal", many="deals", base=lambda viewer: Deal.objects.visible_to(viewer),
    fields=("title", "account__name", *_STAGE), title=title, heading="Deal",
    orders=OrdersOf(SUBJECT, {
        "-updated": Order("Latest change", Sort("updated_at", descending=True)),
        "updated": Order("Longest without a change", Sort("updated_at")),
        "expected": Order("Expected soonest", Sort("expected_on", nullable=True)),
        "-expected": Order("Expected latest", Sort("expected_on", descending=True, nullable=True, mirrored=True)),
        "-value": Order("Highest amount", Sort("value", descending=True)),
        "value": Order("Lowest amount", Sort("value")),
        "-created": Order("Newest", Sort("created_at", descending=True)),
        "created": Order("Oldest", Sort("created_at")),
    }),
    order="-updated", search=lambda rows, text, viewer: called(rows, text), alike=alike,
    search_hint="Deal or customer", about=Deal.objects.about,
    new="pipelines:new", nothing="crm/pipelines/none.html",
    quick={
        "pipeline": Quick("Pipeline", _of("pipeline"), more=_pipelines),
        "stage": Quick("Stage", _of("stage"), more=_stages),
        "owner": Quick("Owner", owned("owner"), MINE, colleagues),
        "state": Quick(
            "State", _in_state, (("open", "Open"), ("stuck", "Stuck"), ("won", "Won"), ("lost", "Lost"))
        ),
        "closing": Month(
            "Closes", _closes,
            (
                ("month", "This month"), ("next", "Next month"), ("late", "Overdue"), ("never", "No day yet"),
                ("before", "Before this month"),
            ),
        ),
    },
    ready=READY, first="open", segments=False, placing=("layout", "pipeline"),
)  # fmt: skip


def register_lists() -> None:
    for name, column in _COLUMNS.items():
        list_columns.register(f"{SUBJECT}.{name}", column)
    lists.register(SUBJECT, DEALS)
