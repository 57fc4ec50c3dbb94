"""Who builds workflows: admins; what runs, everybody may read, as a file too."""

from __future__ import annotations

from typing import Any

from retention.workflows.building import making
from retention.workflows.models import Workflow
from tests.architecture.access_kinds import ADMINS, Row
from tests.conftest import NOON

SLUG = "silent"


def build(world: Any) -> None:
    """A workflow of one's own, copied from a recipe, so that it has steps."""
    making.copy_of("inactivity", SLUG, world.mira, NOON)


def _own(methods: str = "POST", **more: str) -> Row:
    return Row(methods, readers=ADMINS, writers=ADMINS, at=lambda world: {"slug": SLUG, **more})


def _number(world: Any) -> dict[str, Any]:
    return {"pk": Workflow.objects.get(slug=SLUG).pk}


ROWS: dict[str, Row] = {
    **{f"api-workflow-{name}": Row(methods, readers=ADMINS, writers=ADMINS, at=_number) for name, methods in (
        ("draft", "GET PUT"), ("draft-publication", "POST"), ("draft-discarding", "POST"),
    )},
    "workflows:new": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "workflows:draft_customers": Row(readers=ADMINS),
    "workflows:builder": _own("GET"),
    "workflows:file": Row(at=lambda world: {"slug": "inactivity"}),
    **{f"workflows:{name}": _own() for name in (
        "archiving", "restoring", "draft_steps", "draft_start", "draft_trigger", "draft_whole", "draft_leaving",
        "draft_undo", "draft_redo", "draft_discarding", "draft_publication", "draft_preview", "draft_trial",
    )},
    **{f"workflows:draft_{name}": _own(step="help") for name in ("step", "removal", "moving", "copying")},
}  # fmt: skip
