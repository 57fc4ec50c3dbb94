"""What stands around a list's rows: headings that sort, tabs of views, the bar with its menus and chips, the total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from crm.segments import filterbar
from crm.segments.filters import Filter
from crm.segments.listing.columns import Column
from crm.segments.listing.declaration import WHOLE, Listing, Quick
from crm.segments.listing.state import State
from crm.slots import Headed, list_heads
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web.pagination import Page

#: Beyond it a total is said, not counted.
COUNTED = 1000


def around(
    request: HttpRequest, listing: Listing, state: State, shown: Sequence[Column], readable: bool
) -> dict[str, Any]:
    """For the template. `readable`: the filter in the address is one."""
    asked, viewer = request.GET, viewer_of(request)
    sort = asked.get("sort") or listing.order
    chosen = listing.filter(asked, viewer) if readable else None
    back = _without_edge(asked).urlencode()
    ready = listing.ready[state.ready] if state.ready else None
    return {
        "state": state,
        "headed": _headed(listing, chosen, asked) if chosen else None,
        "view_name": state.view.name if state.view else ready.label if ready else "",
        "nothing": ready.nothing if ready else "",
        "as_it_came": bool(state.ready) and not state.changed,
        "tabs": _tabs(listing, state),
        "may_change": state.view is not None and state.view.may_be_changed_by(viewer),
        "is_default": state.view is not None and state.choice.view_id == state.view.pk,
        "back": back,
        "heads": [
            _heading(request, listing, sort, shown), *(_head(request, listing, sort, column) for column in shown)
        ],
        "menus": [_menu(request, viewer, listing, name, quick, back) for name, quick in listing.quick.items()],
        "chips": _chips(request, chosen, listing, back) if chosen else [],
        "new_filter": f"{reverse('lists:filter', args=[listing.subject])}?{_and(back, 'at=new')}",
        "as_segment": listing.segments and f"{reverse('segments:new')}?{_and(back, f'subject={listing.subject}')}",
        "choose_columns": f"{reverse('lists:columns', args=[listing.subject])}?{back}",
        "narrowed": any(asked.get(name) for name in listing.narrowing if name != "in"),
        "cleared": _cleared(request, listing),
        "sorts": [(order.label, _link(request, sort=name), name == sort)
                  for name, order in listing.orders.items()],
        "sort_label": listing.orders[sort].label,
        "kept": [(name, value) for name, value in asked.items() if name not in ("cursor", "in")],
    }  # fmt: skip


def _headed(listing: Listing, chosen: Filter, asked: QueryDict) -> Headed | None:
    """Where the filter is that of a figure."""
    known = list_heads.get(listing.subject)
    beside = any(asked.get(name) for name in listing.narrowing if name != "f")
    return known(filterbar.parts_of(chosen.tree), beside) if known else None


def is_narrowed(listing: Listing, asked: QueryDict) -> bool:
    return any(asked.get(name) for name in listing.narrowing)


def total(request: HttpRequest, listing: Listing, page: Page[Any], rows: Any) -> str:
    """“1 account”, “142 accounts”; above a thousand an estimate, or that there are more. `rows` are all there are."""
    asked, viewer = request.GET, viewer_of(request)
    alone = page.next is None and "cursor" not in asked
    whole = not alone and not is_narrowed(listing, asked) and viewer.sees_everything
    about = listing.about() if whole else 0
    if about > 2 * COUNTED:  # so many that nobody has to look whether there are a thousand
        return f"about {_round(about):,} {listing.many}"
    count = len(page.rows) if alone else rows.order_by().values("pk")[: COUNTED + 1].count()
    if count <= COUNTED:
        return f"{count} {listing.one if count == 1 else listing.many}"
    return f"about {_round(about):,} {listing.many}" if about > COUNTED else f"more than {COUNTED:,} {listing.many}"


def _round(number: int) -> int:
    """To two figures: an estimate should not look exact."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return int(round(number / step) * step)


def _without_edge(asked: QueryDict) -> QueryDict:
    kept = asked.copy()
    kept.pop("cursor", None)
    return kept


def _link(request: HttpRequest, **changes: Any) -> str:
    """The list with parameters changed, as the template's tag says it."""
    return ui.query({"request": request}, **changes)  # type: ignore[arg-type]


def _tabs(listing: Listing, state: State) -> list[dict[str, Any]]:
    """Those that come along with it, the whole list, then views. `view=all` keeps away what somebody sees first."""
    preferred = state.choice.view_id
    whole = {
        "label": f"All {listing.many}", "url": f"?view={WHOLE}" if preferred or listing.first else listing.url,
        "here": state.view is None and not state.ready, "shared": False, "preferred": False,
    }  # fmt: skip
    return [
        *(
            {"label": ready.label, "url": f"?view={name}", "here": name == state.ready, "shared": False,
             "preferred": False}
            for name, ready in listing.ready.items()
        ),
        whole,
        *(
            {"label": view.name, "url": f"?view={view.pk}", "here": view == state.view, "shared": view.shared,
             "preferred": view.pk == preferred}
            for view in state.views
        ),
    ]  # fmt: skip


def _cleared(request: HttpRequest, listing: Listing) -> str:
    return _link(request, **{name: None for name in listing.narrowing if name != "in"})


def _heading(request: HttpRequest, listing: Listing, sort: str, shown: Sequence[Column]) -> dict[str, Any]:
    """It sorts as the list does by itself, unless that is backwards, or another column says so."""
    elsewhere = listing.order.startswith("-") or any(column.shown.sort == listing.order for column in shown)
    name = "" if elsewhere else listing.order
    return _sorting(request, listing, sort, name) | {"label": listing.heading, "classes": ""}


def _head(request: HttpRequest, listing: Listing, sort: str, column: Column) -> dict[str, Any]:
    about = column.shown
    classes = " ".join(filter(None, (about.align, "" if about.narrow else "hide-s")))
    return _sorting(request, listing, sort, about.sort, about.align == "num") | {
        "label": about.label, "classes": classes,
    }  # fmt: skip


def _sorting(request: HttpRequest, listing: Listing, sort: str, name: str, down_first: bool = False) -> dict[str, Any]:
    """Where a heading leads: first one way, the largest of numbers first, and the other way when it sorts already."""
    ways = [way for way in ((f"-{name}", name) if down_first else (name, f"-{name}")) if way in listing.orders]
    if not name or not ways:
        return {"url": "", "aria": "", "arrow": ""}
    then = ways[1] if sort == ways[0] and len(ways) > 1 else ways[0]
    aria = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    arrow = {"ascending": "arrow-up", "descending": "arrow-down"}.get(aria, "")
    return {"url": _link(request, sort=then), "aria": aria, "arrow": arrow}


def _chips(request: HttpRequest, chosen: Filter, listing: Listing, back: str) -> list[dict[str, Any]]:
    """Each condition, where it is edited, and the list without it."""
    builder = reverse("lists:filter", args=[listing.subject])
    return [
        {"words": chip.words, "edit": f"{builder}?{_and(back, f'at={chip.place}')}",
         "without": _link(request, f=chip.rest), "retired": chip.retired}
        for chip in filterbar.chips(chosen, listing.subject)
    ]  # fmt: skip


def _and(back: str, more: str) -> str:
    return f"{back}&{more}" if back else more


def _menu(request: HttpRequest, viewer: User, listing: Listing, name: str, quick: Quick, back: str) -> dict[str, Any]:
    value = request.GET.get(name, "")
    return {
        "name": name, "label": quick.label, "value": value, "said": quick.said(value, viewer) if value else "",
        "typed": quick.typed,
        "more": f"{reverse('lists:quick', args=[listing.subject, name])}?{back}" if quick.more else "",
        "options": [] if quick.typed else [
            (label, _link(request, **{name: code}), code == value)
            for code, label in (("", "Any"), *quick.options)
        ],
        "cleared": _link(request, **{name: None}) if value else "",
    }  # fmt: skip
