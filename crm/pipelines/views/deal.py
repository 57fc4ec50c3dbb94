"""The page of a deal: how it stands, what is next, what it says, who belongs to it, and which way it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.views.decorators.http import require_safe

from crm.accounts.views import own
from crm.fields import known
from crm.pipelines import cards, reading
from crm.pipelines.forms.deal import FACTS
from crm.pipelines.models import Deal, Outcome
from crm.pipelines.rules.gates import checks_of
from crm.pipelines.values import COLUMNS, SUBJECT
from crm.team.models import User
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock, wording
from crm.web.addresses import address

#: Those that the card shows without a value too.
_ALWAYS = frozenset({"owner", "amount", "expected_on"})
#: Those that stand elsewhere on the page.
_APART = ("title", "next_step", "next_on", "currency")


def _money(name: str) -> Callable[[Deal], str]:
    def said(row: Deal) -> str:
        value = getattr(row, name)
        return ui.money(value, row.currency) if value is not None else ""

    return said


_READ: dict[str, Callable[[Deal], Any]] = {
    "owner": lambda row: row.owner or "", "amount": _money("amount"), "mrr": _money("mrr"),
    "expected_on": lambda row: ui.day(row.expected_on), "starts_on": lambda row: ui.day(row.starts_on),
    "next_on": lambda row: ui.day(row.next_on),
    "months": lambda row: f"{row.months} month{'' if row.months == 1 else 's'}" if row.months else "",
    "tags": lambda row: format_html_join(" ", '<span class="tag">{}</span>', ((tag,) for tag in row.tags)),
}  # fmt: skip


@require_safe
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    row = reading.deal(pk, viewer)
    if row is None:
        raise Http404("There is no such deal that you may see.")
    return render(request, "crm/pipelines/deal.html", page(row, viewer, now))


def page(row: Deal, viewer: User, now: datetime) -> dict[str, Any]:
    stages = list(row.pipeline.stages.in_use())
    history = reading.spells(row)
    words, tone = cards.age(row.entered_at, row.stuck_at, row.closed_at, now)
    here, may_work = address("pipelines:deal", row.pk), allows(viewer, "deals")
    return {
        "deal": row, "now": now, "may_work": may_work, "may_confirm": allows(viewer, "edit_contracts"),
        "facts": facts(row, may_work=may_work),
        "age": words, "age_tone": tone, "stuck": row.is_stuck(now),
        "way": reading.way(stages, history, row, now), "spells": _told(history, now),
        "checks": [(check, check.id in row.checked) for check in checks_of(row.stage.checklist)],
        "people": reading.people(row), "tickets": reading.tickets(row, viewer), "entries": reading.entries(row),
        "siblings": reading.siblings(row, viewer),
        "begins": next((stage for stage in stages if stage.outcome == Outcome.OPEN), None),
        "to": {name: f"{here}{name}/" for name in ("place", "winning", "loss", "people", "tickets")},
        "step": fact_row(row, "next_step"), "step_on": fact_row(row, "next_on"),
        "late": row.is_open and row.next_on is not None and row.next_on < clock.today(now),
    }  # fmt: skip


def facts(row: Deal, *, may_work: bool) -> dict[str, Any]:
    """The card: its rows, those without a value folded away, and cards for the headings of fields of one's own."""
    names = [name for name in FACTS if name not in _APART or (name == "currency" and row.amount is None)]
    if not may_work:
        return {"card": own.folded([*_said(row, names)])}
    here = f"{address('pipelines:deal', row.pk)}facts/"
    every = [fact_row(row, name) | ({"filled": True} if name in _ALWAYS else {}) for name in names]
    mine, others = own.cards(every, SUBJECT, row.custom, here)
    return {"card": mine, "cards": others, "title": fact_row(row, "title")}


def _said(row: Deal, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """For whoever may only read."""
    values = [(COLUMNS[name], read(row, name)) for name in names]
    for label, value in [*values, *((of.name, of.said(row.custom.get(of.key))) for of in known.fields(SUBJECT))]:
        yield {"label": label, "html": value, "filled": bool(value)}


def read(row: Deal, name: str) -> Any:
    """A column as people read it."""
    said = _READ.get(name)
    return said(row) if said else getattr(row, name)


def fact_row(row: Deal, name: str) -> dict[str, Any]:
    return own.row(COLUMNS[name], read(row, name), f"{address('pipelines:deal', row.pk)}facts/{name}/")


def _told(history: list[Any], now: datetime) -> list[dict[str, Any]]:
    """The latest first: where it was, for how long, and who brought it there."""
    return [
        {
            "stage": spell.stage, "at": spell.began_at, "by": spell.by or spell.because,
            "length": wording.length((spell.ended_at or now) - spell.began_at), "runs": spell.ended_at is None,
        }
        for spell in reversed(history)
    ]  # fmt: skip
