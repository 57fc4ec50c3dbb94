"""Shaping pipelines: making them and their stages, changing them and their order. Each is an act that can be undone."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Q

from crm.history.actions import act
from crm.history.models import Act
from crm.history.tracking import tracked_as
from crm.history.undoing import Undone
from crm.pipelines import values as fields
from crm.pipelines.actions import locking, placing, reasons
from crm.pipelines.actions.refusals import DealError, StaleError, TakenError
from crm.pipelines.models import Deal, Outcome, Pipeline, PipelineChange, Stage, StageChange
from crm.pipelines.rules.versions import version
from crm.pipelines.templates import PLAIN, TEMPLATES, StageDraft
from crm.team.models import User
from crm.web import wording

STAGE_CHANGED = "stage.changed"
MOST_STAGES, MOST_CHECKS = 20, 20
#: What people may say of a pipeline and of a stage.
OF_PIPELINE = ("name", "purpose", "books")
OF_STAGE = ("name", "colour", "outcome", "probability", "expected_days", "checklist", "required")


def add_pipeline(
    values: Mapping[str, Any], by: User, now: datetime, template: str = "", like: int | None = None
) -> tuple[Pipeline, Act]:
    """A pipeline with the stages of a template (a name in TEMPLATES), of another one (`like`), or with few plain ones.

    What `values` do not say (name, purpose, books) is the template's. Raises DealError for a name that is taken, and
    for another one that is not in use.
    """
    said, drafts, whence = _origin(template, like)
    given = said | {name: values[name] for name in OF_PIPELINE if name in values}
    given["name"] = name = _named(given.get("name", ""), "pipeline")
    with _names("pipeline", name), act("pipeline.added", f"added the pipeline {name}{whence}", by, now) as deed:
        last = Pipeline.objects.aggregate(last=Max("order"))["last"] or 0
        made = Pipeline.objects.create(**given, order=last + 1, created_at=now)
        Stage.objects.bulk_create(_drawn(made, drafts))
        reasons.begin_with_some()
        deed.detail.setdefault("pipeline", made.pk)
    return made, deed


def _origin(template: str, like: int | None) -> tuple[dict[str, Any], Sequence[StageDraft], str]:
    """What it begins with: of itself, its stages, and where they are from, for a sentence."""
    if template:
        of = TEMPLATES[template]
        return {"name": of.label, "purpose": of.purpose, "books": of.books}, of.stages, f" from the template {of.label}"
    if like is None:
        return {}, PLAIN, ""
    row = Pipeline.objects.in_use().filter(pk=like).first()
    if row is None:
        raise DealError("The pipeline to copy is no longer in use. Choose another one.")
    drafts = [
        StageDraft(
            one.name, one.colour, one.probability, one.expected_days, tuple(line["label"] for line in one.checklist),
            tuple(one.required), one.outcome,
        )
        for one in row.stages.in_use()
    ]  # fmt: skip
    return {"purpose": row.purpose, "books": row.books}, drafts, f", a copy of {row}"


def _drawn(pipeline: Pipeline, drafts: Sequence[StageDraft]) -> Iterable[Stage]:
    for place, draft in enumerate(drafts):
        yield Stage(
            pipeline=pipeline, name=draft.name, colour=draft.colour, outcome=draft.outcome,
            probability=draft.probability, expected_days=draft.expected_days, required=list(draft.required),
            checklist=_checklist([{"label": label} for label in draft.checklist]), order=place,
        )  # fmt: skip


def change_pipeline(pipeline_id: int, values: Mapping[str, Any], by: User, now: datetime, seen: str = "") -> Act | None:
    """Its name, purpose, and whether a deal that is won books a contract. None: all was so already.

    `seen`: its `version` as the person saw it; StaleError if it is another one by now.
    """
    with transaction.atomic():
        row = locking.pipeline(pipeline_id)
        if seen and seen != version_of(row):
            raise StaleError(_stale(row, PipelineChange))
        given = {name: values[name] for name in OF_PIPELINE if name in values}
        if "name" in given:
            given["name"] = _named(given["name"], "pipeline")
        return _save(row, given, "pipeline.changed", f"the pipeline {row}", by, now)


def reorder_pipelines(ids: Sequence[int], by: User, now: datetime) -> Act:
    """As people find them side by side."""
    with act("pipeline.reordered", "put the pipelines into another order", by, now) as deed:
        for row in Pipeline.objects.in_use().order_by("pk").select_for_update():
            row.order = ids.index(row.pk) if row.pk in ids else len(ids) + row.order
            row.save(update_fields=["order"])
    return deed


def add_stage(pipeline_id: int, values: Mapping[str, Any], by: User, now: datetime) -> tuple[Stage, Act]:
    """Behind the last open one; `values` as `change_stage` takes them, and a stage is open unless they say otherwise.

    Raises DealError for a name or an outcome that the pipeline has already.
    """
    with transaction.atomic():
        pipeline = locking.pipeline(pipeline_id)
        there = list(pipeline.stages.in_use().order_by("order", "pk"))
        if len(there) >= MOST_STAGES:
            raise DealError(f"A pipeline has at most {MOST_STAGES} stages: more nobody overlooks.")
        made = Stage(pipeline=pipeline)
        _fill(made, values)
        place = max((place for place, one in enumerate(there) if one.outcome == Outcome.OPEN), default=-1) + 1
        if made.outcome != Outcome.OPEN:
            place = len(there)
        with _names("stage", made.name), act("stage.added", f"added the stage {made} to {pipeline}", by, now) as deed:
            locking.stages([one.pk for one in there])
            made.order = place
            made.save()
            deed.detail.setdefault("stage", made.pk)
            _put_in_order([*there[:place], made, *there[place:]])
    return made, deed


def change_stage(stage_id: int, values: Mapping[str, Any], by: User, now: datetime, seen: str = "") -> Act | None:
    """Any of OF_STAGE; None: all was so already.

    `checklist` is [{"id", "label"}] in order, lines without an id being new; `required` are names of
    `values.requirable`. Raises DealError for a name that is taken, and for another outcome while deals are in it;
    `seen` as of `change_pipeline`.
    """
    with transaction.atomic():
        row = locking.stage(stage_id)
        if seen and seen != version_of(row):
            raise StaleError(_stale(row, StageChange))
        was = {name: getattr(row, name) for name in OF_STAGE}
        _fill(row, values)
        if row.outcome != was["outcome"] and Deal.objects.filter(stage=row).exists():
            raise DealError(f"Deals are in {row}, and what becomes of them hangs on it. Move them away first.")
        changed = {name: getattr(row, name) for name in OF_STAGE if getattr(row, name) != was[name]}
        done = _save(row, changed, STAGE_CHANGED, f"the stage {was['name']} of {row.pipeline}", by, now)
        if "expected_days" in changed:
            stick_anew([row.pk])
        return done


def reorder_stages(
    pipeline_id: int, ids: Sequence[int], by: User, now: datetime, seen: Sequence[int] | None = None
) -> Act:
    """From left to right. Raises DealError unless these are the pipeline's stages, all of them.

    `seen`: in which order the person saw them; StaleError if it is another one by now.
    """
    with transaction.atomic():
        pipeline = locking.pipeline(pipeline_id)
        rows = locking.stages(pipeline.stages.in_use().values_list("pk", flat=True))
        if sorted(rows) != sorted(ids):
            raise StaleError("Somebody has added or archived a stage meanwhile. Reload the page and try again.")
        if seen is not None and sorted(rows, key=lambda pk: (rows[pk].order, pk)) != list(seen):
            raise StaleError("Somebody has put the stages into another order meanwhile. Look at it, then move yours.")
        with act("stage.reordered", f"put the stages of {pipeline} into another order", by, now) as deed:
            _put_in_order([rows[pk] for pk in ids])
    return deed


def _put_in_order(rows: Sequence[Stage]) -> None:
    for place, row in enumerate(rows):
        if row.order != place:
            row.order = place
            row.save(update_fields=["order"])


def stick_anew(stage_ids: Sequence[int]) -> None:
    """Deals of these stages, which the caller has locked, are stuck when their stages say now."""
    locking.deals(Q(stage__in=stage_ids, outcome=Outcome.OPEN))
    with connection.cursor() as cursor:
        cursor.execute(_STICK, {"stages": list(stage_ids)})


_STICK = f"""
    UPDATE crm_deal d SET stuck_at = {placing.STUCK.format(since="d.entered_at")}
    FROM crm_stage s WHERE s.id = d.stage_id AND s.id = ANY(%(stages)s) AND d.outcome = 'open'
"""  # noqa: S608  (a constant of ours)


def stage_went_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo, and the redo, of a changed stage. Raises DealError where another outcome would be its deals'."""
    ids = _changed_by(done)
    if Deal.objects.filter(~Q(outcome=F("stage__outcome")), stage__in=ids).exists():
        raise DealError("Deals are in the stage by now, and what becomes of them hangs on it. Move them away first.")
    stick_anew(ids)
    return Undone(0)


def lock_changed(done: Act) -> None:
    """Before it."""
    locking.stages(_changed_by(done))


def _changed_by(done: Act) -> list[int]:
    return list(StageChange.objects.filter(act=done).values_list("pgh_obj", flat=True).distinct())


# Versions -------------------------------------------------------------------------------------------------------------


def version_of(row: Pipeline | Stage) -> str:
    """Of what people may say of it."""
    names = OF_STAGE if isinstance(row, Stage) else OF_PIPELINE
    return version({name: getattr(row, name) for name in names})


def _stale(row: Pipeline | Stage, changes: Any) -> str:
    last = changes.objects.select_related("act__by").filter(pgh_obj=row.pk).order_by("-pgh_id").first()
    who = last.act.who if last else "Somebody"
    return f"{who} has changed {row} meanwhile. Below is what you wrote; save again to have it so instead."


# What is checked ------------------------------------------------------------------------------------------------------


def _fill(row: Stage, values: Mapping[str, Any]) -> None:
    for name in OF_STAGE:
        if name in values:
            setattr(row, name, values[name])
    row.name = _named(row.name, "stage")
    row.checklist = _checklist(row.checklist)
    known = {name for name, _ in fields.requirable()} | set(Stage(pk=row.pk).required)
    if unknown := [name for name in row.required if name not in known]:
        raise DealError(f"A deal has no field {', '.join(unknown)} that a stage could require.")
    row.required = list(dict.fromkeys(row.required))
    if row.outcome != Outcome.OPEN:
        row.probability, row.expected_days = 100 if row.outcome == Outcome.WON else 0, None


def _checklist(lines: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    said = []
    for line in lines:
        if label := " ".join(line["label"].split())[:200]:
            said.append({"id": line.get("id") or secrets.token_hex(4), "label": label})
    if len(said) > MOST_CHECKS:
        raise DealError(f"A checklist has at most {MOST_CHECKS} lines: a longer one nobody reads.")
    return said


def _named(name: str, what: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise DealError(f"A {what} has a name of up to 60 characters.")
    return name


@contextmanager
def _names(what: str, name: str) -> Iterator[None]:
    """Of a transaction that writes a name, or an outcome, of which there may be one."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "outcome_once" in str(error):
            raise DealError("A pipeline has one stage that wins and one that loses, and has this one.") from None
        if "name_once" in str(error):
            raise TakenError(f"There is a {what} “{name}” already. Give it another name.") from None
        raise


def _save(row: Any, values: Mapping[str, Any], kind: str, of: str, by: User, now: datetime) -> Act | None:
    """Tells history which parts were changed `of` it; None: all was so already."""
    was = type(row).objects.get(pk=row.pk)
    changed = [name for name, value in values.items() if getattr(was, name) != value]
    if not changed:
        return None
    what, words = kind.partition(".")[0], tracked_as(type(row)).words
    label = f"changed {wording.listed(words(name) for name in changed)} of {of}"
    if changed == ["name"]:
        label = f"renamed {of} to {values['name']}"
    with _names(what, values.get("name", row.name)), act(kind, label, by, now) as deed:
        deed.detail.setdefault(what, row.pk)
        for name in changed:
            setattr(row, name, values[name])
        row.save(update_fields=changed)
    return deed
