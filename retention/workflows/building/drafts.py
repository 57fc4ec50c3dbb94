"""The verbs of a draft: change, undo, redo, discard, publish. Two people who edit do not overwrite each other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.team.models import User
from retention.workflows.building import checking
from retention.workflows.building.files import check_keepable
from retention.workflows.building.models import DraftEdit
from retention.workflows.definition import DefinitionError, parse
from retention.workflows.models import Workflow
from retention.workflows.publishing import publish as make_current
from retention.workflows.recipes import RecipeError

#: So many changes can be undone.
KEPT = 100
#: Typing in one field is one change, as long as nobody stops for longer.
PAUSE = timedelta(seconds=60)
EMPTY: dict[str, Any] = {"name": "", "steps": []}


class DraftError(ValueError):
    """What cannot be done with the draft as it is; the text says what to do."""


class Conflict(DraftError):
    """Somebody else has changed the draft since it was shown; `edits` say what, the latest last."""

    def __init__(self, edits: Sequence[DraftEdit]) -> None:
        self.edits = edits
        super().__init__("Somebody else has changed this draft meanwhile")


def current(workflow: Workflow) -> dict[str, Any]:
    """The draft; what runs now, where nobody has begun one."""
    if workflow.draft is not None:
        return copy.deepcopy(workflow.draft)
    return copy.deepcopy(workflow.version.definition) if workflow.version else copy.deepcopy(EMPTY)


@transaction.atomic
def edit(
    slug: str, edition: int, change: Callable[[dict[str, Any]], str | None], part: str, by: User, now: datetime
) -> Workflow:
    """Change the draft. `change` gets it and returns what was done, in words that go on behind a name; None: nothing.

    `edition` is the one that the person looked at. Raises Conflict, or what the change raises.
    """
    workflow = own(slug)
    _agree(workflow, edition, by)
    data = current(workflow)
    before = copy.deepcopy(data)
    words = change(data)
    if words is None or data == before:
        return workflow
    keepable(data)
    if workflow.draft is None:
        workflow.draft_edits.all().delete()
        workflow.draft_place = 0
        _note(workflow, before, "", "began a draft", by, now)
    ahead = workflow.draft_edits.filter(place__gt=workflow.draft_place)
    ahead.delete()
    last = workflow.draft_edits.filter(place=workflow.draft_place).first()
    goes_on = last and part and last.part == part and last.by_id == by.pk and now - last.at < PAUSE
    _set(workflow, data, by, now)
    if last and goes_on:
        last.data, last.words, last.at, last.edition = data, words[:200], now, workflow.draft_edition
        last.save()
    else:
        workflow.draft_place += 1
        _note(workflow, data, part, words, by, now)
        workflow.draft_edits.filter(place__lt=workflow.draft_place - KEPT).delete()
    workflow.save()
    return workflow


def keepable(data: dict[str, Any]) -> None:
    """Raises DraftError for what no column holds and no page shows."""
    try:
        check_keepable(data)
    except RecipeError as error:
        raise DraftError(f"Nothing was changed: {error}") from error


@transaction.atomic
def step_back(slug: str, edition: int, by: User, now: datetime, *, forward: bool = False) -> str:
    """Undo the last change, or redo the one that was undone last; says which. Raises DraftError."""
    workflow = own(slug)
    _agree(workflow, edition, by)
    to = workflow.draft_place + (1 if forward else -1)
    row = workflow.draft_edits.filter(place=to).first() if workflow.draft is not None else None
    if row is None:
        raise DraftError("There is nothing to do again." if forward else "There is nothing to undo.")
    done = row if forward else workflow.draft_edits.get(place=workflow.draft_place)
    workflow.draft_place = to
    _set(workflow, row.data, by, now)
    workflow.save()
    return done.words


@transaction.atomic
def discard(slug: str, edition: int, by: User, now: datetime) -> Workflow:
    """Back to what is published. Raises DraftError where nothing is."""
    workflow = own(slug)
    _agree(workflow, edition, by)
    if not workflow.version_id:
        raise DraftError("Nothing of it is published yet, so there is nothing to go back to. Archive it instead.")
    with act("workflow.draft_discarded", f"discarded the draft of “{workflow}”", by, now, {"workflow": workflow.pk}):
        workflow.draft_edits.all().delete()
        workflow.draft, workflow.draft_place = None, 0
        workflow.draft_edition += 1
        workflow.name = workflow.version.definition["name"] if workflow.version else workflow.name
        workflow.save()
    return workflow


@transaction.atomic
def publish(slug: str, edition: int, by: User, now: datetime, note: str = "") -> Workflow:
    """Make the draft the next version; who is under way finishes on theirs. Raises DraftError, RecipeError."""
    workflow = own(slug)
    _agree(workflow, edition, by)
    data = current(workflow)
    if wrong := checking.problems(data):
        raise DraftError(f"{wrong[0].called}: {wrong[0].words}")
    try:
        plan = parse(data)
    except DefinitionError as error:
        raise DraftError(str(error)) from error
    if not make_current(workflow, plan, now, by, note[:300]):
        raise DraftError("It is published already: nothing differs from what runs now.")
    number = workflow.version.number if workflow.version else 1
    with act("workflow.published", f"published version {number} of “{workflow}”", by, now, {"workflow": workflow.pk}):
        workflow.draft_edits.all().delete()
        workflow.draft, workflow.draft_place = None, 0
        workflow.draft_edition += 1
        workflow.save()
    return workflow


def own(slug: str) -> Workflow:
    """Locked, until the transaction ends. Raises DraftError for what is a recipe, or gone."""
    workflow = Workflow.objects.select_for_update(of=("self",)).filter(slug=slug).first()
    if workflow and workflow.room:
        raise DraftError(f"It is changed on its own page, in {workflow.room}.")
    if workflow is None or not workflow.is_own:
        raise DraftError("Recipes are not changed here. Make your own from it first.")
    if workflow.archived_at:
        raise DraftError("It is archived. Bring it back first.")
    return workflow


def _agree(workflow: Workflow, edition: int, by: User) -> None:
    """What others did since somebody looked is shown first; what they did themselves, they know."""
    if edition == workflow.draft_edition:
        return
    newer = workflow.draft_edits.filter(edition__gt=edition).exclude(by=by).select_related("by").order_by("edition")
    if found := list(newer):
        raise Conflict(found)
    if workflow.drafted_by_id not in (None, by.pk):
        raise Conflict([])


def _set(workflow: Workflow, data: dict[str, Any], by: User, now: datetime) -> None:
    workflow.draft = data
    workflow.draft_edition += 1
    workflow.drafted_at, workflow.drafted_by = now, by
    if not workflow.version_id and str(data.get("name") or "").strip():
        workflow.name = str(data["name"])[:120]


def _note(workflow: Workflow, data: dict[str, Any], part: str, words: str, by: User, now: datetime) -> None:
    DraftEdit.objects.create(
        workflow=workflow, place=workflow.draft_place, edition=workflow.draft_edition, part=part[:80],
        words=words[:200], data=data, by=by, at=now,
    )  # fmt: skip
