"""What an address asks of a list: a saved view as it was kept, one that somebody has changed, or no view at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, QueryDict

from crm.segments import filterbar
from crm.segments.filters import FilterError, parse
from crm.segments.listing import columns
from crm.segments.listing.declaration import EDITED, WHOLE, Listing
from crm.segments.models import Choice, SavedView
from crm.slots import lists
from crm.team.models import User


@dataclass(frozen=True)
class State:
    """`asked` is the whole address, with what the view keeps filled in: links that change one thing keep the rest.

    `ready` is the name of a view that comes along with the list; it is no saved one.
    """

    asked: QueryDict
    views: Sequence[SavedView]
    choice: Choice
    view: SavedView | None
    changed: bool
    ready: str = ""

    @property
    def columns(self) -> list[str]:
        """Names, as the address, the view or the person wants them; none: as the list has them."""
        if text := self.asked.get("cols", ""):
            return text.split(",")
        return self.choice.columns


def state_of(asked: QueryDict, listing: Listing, viewer: User) -> State:
    """Raises Http404 for a view that is not there, or not for this viewer."""
    views, choice = SavedView.tabs_of(viewer, listing.subject)
    if name := _ready(asked, listing, choice):
        told = {"view": name, EDITED: "1", **listing.ready[name].asks}
        whole = asked if EDITED in asked else _with(asked, told)
        changed = _said(whole, listing) != _said(_with(QueryDict(), told), listing)
        return State(whole, views, choice, None, changed, name)
    view = _wanted(asked, listing, views, choice)
    if view is None:
        return State(asked, views, choice, None, any(asked.get(name) for name in listing.parameters))
    if EDITED not in asked:
        asked = _filled(asked, view)
    return State(asked, views, choice, view, _said(asked, listing) != _said(_filled(QueryDict(), view), listing))


def _ready(asked: QueryDict, listing: Listing, choice: Choice) -> str:
    """The ready view that an address means; the list's first one where it says nothing, nor the person has chosen."""
    name = asked.get("view", "")
    if name in listing.ready:
        return name
    silent = not name and not choice.view_id and not any(key in asked for key in listing.parameters)
    return listing.first if silent else ""


def _wanted(asked: QueryDict, listing: Listing, views: Sequence[SavedView], choice: Choice) -> SavedView | None:
    name = asked.get("view", "")
    if not name and choice.view_id and not any(key in asked for key in listing.parameters):
        return next((view for view in views if view.pk == choice.view_id), None)
    if not name or name == WHOLE:
        return None
    view = next((view for view in views if str(view.pk) == name), None)
    if view is None:
        raise Http404("There is no such view.")
    return view


def _filled(asked: QueryDict, view: SavedView) -> QueryDict:
    """The address that asks for what the view keeps."""
    return _with(asked, address_of(view))


def _with(asked: QueryDict, told: Mapping[str, str]) -> QueryDict:
    whole = asked.copy()
    for name, value in told.items():
        whole[name] = value
    return whole


def address_of(view: SavedView) -> dict[str, str]:
    """The parameters of a view, blank ones left out."""
    listing: Any = lists[view.subject]
    sort = view.sort if view.sort in listing.orders else ""  # a field that it sorted by may be archived since
    told = {
        **{str(name): str(value) for name, value in view.parameters.items()},
        "f": filterbar.written(view.tree), "sort": sort, "cols": ",".join(view.columns),
    }  # fmt: skip
    return {"view": str(view.pk), EDITED: "1"} | {name: value for name, value in told.items() if value}


def _said(asked: QueryDict, listing: Listing) -> dict[str, Any]:
    """What two addresses have in common when they ask for the same."""
    told = {name: asked.get(name, "").strip() for name in listing.parameters}
    if told["sort"] == listing.order:
        told["sort"] = ""
    try:
        tree = filterbar.tree_of(told["f"])
    except FilterError:
        tree = told["f"]
    return told | {"f": json.dumps(tree if tree != {"all": []} else {}, sort_keys=True)}


def kept(asked: Mapping[str, Any] | QueryDict, listing: Listing, viewer: User | None = None) -> dict[str, Any]:
    """What a view keeps of an address, by the columns of SavedView. Raises FilterError, and Http404 for no order."""
    sort = str(asked.get("sort", ""))
    if sort and sort not in listing.orders:
        raise Http404("There is no such order.")
    tree = filterbar.tree_of(str(asked.get("f", "")))
    parse(tree, listing.subject, viewer)
    parameters = {name: str(asked.get(name, "")).strip() for name in ("q", *listing.quick)}
    return {
        "tree": tree,
        "parameters": {name: value.replace("\0", "") for name, value in parameters.items() if value},
        "columns": columns.known(listing.subject, str(asked.get("cols", "")).split(",")),
        "sort": "" if sort == listing.order else sort,
    }
