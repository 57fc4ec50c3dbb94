"""The tabs of a workflow's page. Each is registered with what it shows; rooms above may bring their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from crm.slots import Registry
from crm.team.models import User
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow


@dataclass(frozen=True)
class Tab:
    """`context(request, workflow, plan)` gives what its template wants; it may raise BadCursor.

    `workflow` may be one that was never switched on and has no row. A paged one's template has a partial `rows`, which
    alone is drawn for further pages.
    """

    label: str
    template: str
    context: Callable[[HttpRequest, Workflow, Definition], dict[str, Any]]
    order: int
    paged: bool = False
    rows: str = ""  # the template that has the partial `rows`, if it is another one
    admins_only: bool = False
    applies: Callable[[Workflow], bool] = lambda workflow: True


#: By the name in the address: ?tab=people.
tabs: Registry[Tab] = Registry("workflow tab")

#: The one that opens first.
FIRST = "steps"


def shown(user: User, workflow: Workflow) -> dict[str, Tab]:
    """Those that this person sees on this workflow's page, in their order."""
    return {name: tab for name, tab in tabs.items() if tab.applies(workflow) and (user.is_admin or not tab.admins_only)}
