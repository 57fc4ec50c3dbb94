"""What narrows a board or a forecast: the same as the list, in an address that says the rest by its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from crm.pipelines.lists import DEALS, LAYOUTS
from crm.pipelines.models import Pipeline
from crm.pipelines.values import SUBJECT
from crm.segments import filterbar
from crm.segments.listing.declaration import EDITED, WHOLE
from crm.segments.listing.state import State, state_of
from crm.team.models import User
from crm.team.permissions import allows
from crm.web.addresses import address

#: Parameters of an address that say by what a board is narrowed.
NARROWING = tuple(name for name in DEALS.narrowing if name not in ("pipeline", "in"))
#: The pages of a pipeline by their layouts.
_PAGES = LAYOUTS | {"list": "pipelines:of_pipeline"}
#: One press each: (label, parameter, value).
_TOGGLES = (("Mine", "owner", "me"), ("Stuck", "state", "stuck"), ("Closing this month", "closing", "month"))
#: Those of deals that are open, which tell nothing of those that were decided.
_OF_OPEN = ("state", "closing")


@dataclass(frozen=True)
class Bar:
    """The address of a board, with what a saved view keeps filled in."""

    pipeline: Pipeline
    layout: str
    state: State
    viewer: User
    more: dict[str, str]  # what the page asks besides, such as by what a forecast counts

    @classmethod
    def of(cls, asked: QueryDict, pipeline: Pipeline, layout: str, viewer: User, **more: str) -> Bar:
        """Raises Http404 for a view that is not there."""
        asked = asked.copy()
        asked.setdefault("view", WHOLE)
        return cls(pipeline, layout, state_of(asked, DEALS, viewer), viewer, more)

    @property
    def asked(self) -> dict[str, str]:
        """What narrows it."""
        return {name: value for name in NARROWING if (value := self.state.asked.get(name, "").strip())}

    def rows(self, now: datetime) -> QuerySet[Any]:
        """The deals that may be shown, of whatever pipeline. Raises FilterError, and Http404 for a wrong value."""
        return rows(self.asked, self.viewer, now)

    def url(self, **changes: str) -> str:
        """The same page, narrowed otherwise; blank takes something away."""
        said = {name: value for name, value in (self.more | self.asked | changes).items() if value}
        here = address(LAYOUTS[self.layout], self.pipeline.pk)
        return f"{here}?{urlencode(said)}" if said else here

    def context(self) -> dict[str, Any]:
        """For crm/pipelines/bar.html."""
        asked, state = self.asked, self.state
        within = urlencode({"layout": self.layout, "pipeline": self.pipeline.pk, **self.more, **asked})
        builder = f"{reverse('lists:filter', args=[SUBJECT])}?{within}"
        pressed = {name for _, name, value in _TOGGLES if asked.get(name) == value}
        chosen = DEALS.filter(state.asked, self.viewer)
        return {
            "bar": self, "list_of": DEALS, "toggles": [
                {"label": label, "on": name in pressed, "url": self.url(**{name: "" if name in pressed else value})}
                for label, name, value in _TOGGLES if self.layout != "insight" or name not in _OF_OPEN
            ],
            "views": [
                {"label": view.name, "here": view == state.view, "shared": view.shared, "url": self._view(view.pk)}
                for view in state.views if view.parameters.get("pipeline") in (None, str(self.pipeline.pk))
            ],
            "others": [
                {"words": f"{quick.label}: {quick.said(asked[name], self.viewer)}", "without": self.url(**{name: ""})}
                for name, quick in DEALS.quick.items() if name in asked and name not in pressed
            ],
            "chips": [
                {"words": chip.words, "edit": f"{builder}&at={chip.place}", "without": self.url(f=chip.rest)}
                for chip in filterbar.chips(chosen, SUBJECT)
            ],
            "new_filter": f"{builder}&at=new", "narrowed": bool(asked), "back": within,
            "cleared": self.url(**dict.fromkeys(asked, "")),
            "changed": bool(asked) and (state.view is None or state.changed),
            "kept": [(name, value) for name, value in (self.more | asked).items() if name != "q"],
        }  # fmt: skip

    def _view(self, pk: int) -> str:
        here = address(LAYOUTS[self.layout], self.pipeline.pk)
        return f"{here}?{urlencode(self.more | {'view': pk})}"


def pipeline_of(pk: int) -> tuple[Pipeline | None, list[Pipeline]]:
    """The one that is meant, archived or not, and all that are in use. Mostly one query."""
    there = list(Pipeline.objects.in_use())
    here = next((one for one in there if one.pk == pk), None)
    return here or (Pipeline.objects.filter(pk=pk).first() if pk else None), there


def head(layout: str, pipeline: Pipeline | None, there: Sequence[Pipeline], viewer: User) -> dict[str, Any]:
    """For crm/pipelines/head.html; without a pipeline it is the list of all deals. `there`: those in use."""
    ways = {"board": "Board", "list": "List", "forecast": "Forecast", "insight": "Insight"}
    of = f"?pipeline={pipeline.pk}" if pipeline else ""
    return {
        "layout": layout, "pipeline": pipeline, "pipelines": [(one, address(_PAGES[layout], one.pk)) for one in there],
        "layouts": [
            (label, address(_PAGES[name], pipeline.pk), name == layout) for name, label in ways.items() if pipeline
        ],
        "may_work": allows(viewer, "deals"), "new_url": f"{reverse('pipelines:new')}{of}",
        "may_shape": allows(viewer, "shape"),
    }  # fmt: skip


def rows(asked: dict[str, str], viewer: User, now: datetime) -> QuerySet[Any]:
    """The deals that these parameters leave. Raises FilterError, and Http404 for a wrong value."""
    narrowed = QueryDict(mutable=True)
    narrowed.update({EDITED: "1", **{name: asked[name] for name in NARROWING if asked.get(name)}})
    return DEALS.rows(narrowed, viewer, now)
