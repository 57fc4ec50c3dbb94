"""What the search finds of deals: those whose title holds the text, open ones first."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import F

from crm.accounts.models import Account
from crm.pipelines.lists import alike
from crm.pipelines.models import Deal, Outcome
from crm.segments.filters import OPERATORS
from crm.slots import Found, SearchSource, search_sources
from crm.team.models import User
from crm.web import clock, wording
from crm.web.addresses import address

_FIELDS = ("id", "title", "outcome", "amount", "currency", "account__name", "stage__name")
#: Texts that are shorter are like too much.
_SHORTEST, _SHORTEST_ALIKE = 3, 4
#: So many that hold the text are looked at for each line shown, so that open ones stand first.
_LOOKED_AT = 6


def find(viewer: User, text: str, limit: int) -> list[Found]:
    if len(text) < _SHORTEST:
        return []
    holds = OPERATORS["text"]["contains"].sql(F("title"), text, clock.now())
    rows = list(Deal.objects.visible_to(viewer).filter(holds).order_by().values(*_FIELDS)[: limit * _LOOKED_AT])
    rows.sort(key=lambda row: (row["outcome"] != Outcome.OPEN, -row["id"]))
    return [_line(row) for row in rows[:limit]]


def find_alike(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose title has words much like it."""
    if len(text) < _SHORTEST_ALIKE:
        return []
    return [_line(row) for row in alike(Deal.objects.visible_to(viewer), text).values(*_FIELDS)[:limit]]


def _line(row: dict[str, Any]) -> Found:
    money = wording.money(row["amount"], row["currency"]) if row["amount"] is not None else ""
    second = " · ".join(filter(None, (row["account__name"], row["stage__name"], money)))
    return Found(row["title"], address("pipelines:deal", row["id"]), "circle-dollar-sign", second)


#: “plan for Kelp”, “key account plan Kelp”: what stands behind it names a customer.
_PLAN = re.compile(r"(?:key[- ]account )?plan(?: for| of| with)? (?P<whom>\S.{2,})", re.I)


def plans(viewer: User, text: str, limit: int) -> list[Found]:
    """The key-account plans of customers of that name, written or to be written."""
    asked = _PLAN.fullmatch(text.strip())
    if asked is None:
        return []
    rows = Account.objects.visible_to(viewer).called(asked["whom"]).order_by().values_list("pk", "name")[:limit]
    return [Found(f"Key-account plan for {name}", address("pipelines:key_plan", pk), "target") for pk, name in rows]


def register_search() -> None:
    search_sources.register("deals", SearchSource("Deals", find, find_alike, order=29))
    search_sources.register("key_plans", SearchSource("Plans", plans, of_record=False, order=49))
