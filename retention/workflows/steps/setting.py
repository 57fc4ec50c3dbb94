"""Changing the customer: tags and fields. What ledger and health say of them (lifecycle, risk) no workflow writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Func, Value
from pydantic import Field, model_validator

from crm.accounts import rules
from crm.accounts.models import Account
from crm.fields import known
from crm.fields.asking import PREFIX
from crm.fields.rules import Definition, FieldError
from crm.web import clock
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.causes import Strict
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment, listed
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line

#: Own columns that a workflow may write, with their names on pages: what is the same for many customers.
COLUMNS = {
    "industry": "Industry", "country": "Country", "timezone": "Time zone", "language": "Language",
    "suitability": "Fit", "primary_use_case": "Primary use case",
}  # fmt: skip
Tag = Annotated[str, Field(min_length=1, max_length=60)]


class SetField(Strict):
    """One field and its new value; blank empties it."""

    field: Annotated[str, Asks("field")] = Field(title="Field", min_length=1, max_length=60)
    value: str | int | float | bool | list[str] | None = Field(
        None, title="Value", description="Blank empties the field."
    )

    def read(self) -> Any:
        """The value as it is stored. Raises ValueError with the remedy."""
        if self.field.startswith(PREFIX):
            of = _own(self.field)
            if of is None:
                raise ValueError("there is no such field of your own")
            try:
                value = of.clean(self.value)
            except FieldError as error:
                raise ValueError(f"{of.name} {error.reason}. {error.remedy}") from error
            if value is None and of.required:
                raise ValueError(f"{of.name} must have a value, so it cannot be emptied")
            return value
        if self.field not in COLUMNS:
            raise ValueError(f"no workflow sets “{self.field}”; it sets {', '.join(COLUMNS)} and custom.…")
        return _column(self.field, "" if self.value is None else str(self.value).strip())


def _own(name: str) -> Definition | None:
    return known.field("account", name.removeprefix(PREFIX))


_ALLOWED: dict[str, tuple[Callable[[str], bool], str]] = {
    "timezone": (lambda text: text in clock.ZONE_NAMES, "is no time zone; write one such as Europe/Berlin"),
    "country": (lambda text: text in dict(rules.country_choices()), "is no country; write its two letters, such as DE"),
}


def _column(name: str, text: str) -> str:
    if text and name in _ALLOWED and not _ALLOWED[name][0](text):
        raise ValueError(f"“{text}” {_ALLOWED[name][1]}")
    try:
        column = Account._meta.get_field(name)
        return str(column.clean(text, None))  # type: ignore[union-attr]
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error


class SetStep(Step):
    """Change the customer: add or take off tags, set fields."""

    do: Literal["set"]
    add_tags: list[Annotated[Tag, Asks("tag")]] = Field(default_factory=list, title="Add tags")
    remove_tags: list[Annotated[Tag, Asks("tag")]] = Field(default_factory=list, title="Take off tags")
    fields: list[SetField] = Field(default_factory=list, title="Set fields", max_length=20)

    @model_validator(mode="after")
    def _each_field_once(self) -> SetStep:
        names = [each.field for each in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("a field is set twice")
        return self

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if not (self.add_tags or self.remove_tags or self.fields):
            yield "", "it changes nothing: choose a tag or a field, or take the step out"
        for index, each in enumerate(self.fields):
            try:
                each.read()
            except ValueError as error:
                yield f"fields[{index}]", str(error)


def change(step: SetStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    ids = _locked(enrollments)
    accounts = Account.objects.filter(pk__in=listed(ids))
    for tag in step.add_tags:
        added = Func(F("tags"), Value(tag), function="array_append")
        accounts.exclude(tags__contains=[tag]).update(tags=added, updated_at=batch.now)
    for tag in step.remove_tags:
        removed = Func(F("tags"), Value(tag), function="array_remove")
        accounts.filter(tags__contains=[tag]).update(tags=removed, updated_at=batch.now)
    done = [f"added the tag {tag}" for tag in step.add_tags] + [f"took off the tag {tag}" for tag in step.remove_tags]
    done += [_set(each, ids, batch) for each in step.fields]
    outcome = ", ".join(done) or "changed nothing"
    for enrollment in enrollments:
        batch.ran(enrollment, step, outcome[:1].upper() + outcome[1:])
        go_on(step, enrollment, batch)
    batch.forget()


def _locked(enrollments: Sequence[Enrollment]) -> list[int]:
    """In the order of their ids, as everybody locks them who waits."""
    rows = Account.objects.filter(pk__in=listed([enrollment.account_id for enrollment in enrollments]))
    return list(rows.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


# What has the value already is left alone.
_SET = """
    UPDATE crm_account SET updated_at = %(now)s,
        custom = CASE WHEN %(value)s::jsonb IS NULL THEN custom - %(key)s
            ELSE custom || jsonb_build_object(%(key)s::text, %(value)s::jsonb) END
    WHERE id = ANY(%(ids)s) AND custom -> %(key)s IS DISTINCT FROM %(value)s::jsonb
"""


def _set(each: SetField, ids: Sequence[int], batch: Batch) -> str:
    """Set it for these; returns what was done, in words. A field that has gone since is said, and nothing is set."""
    try:
        value = each.read()
    except ValueError as error:
        return f"could not set {_label(each.field)}: {error}"
    if not each.field.startswith(PREFIX):
        rows = Account.objects.filter(pk__in=listed(ids)).exclude(**{each.field: value})
        rows.update(**{each.field: value}, updated_at=batch.now)
        return f"set {_label(each.field)} to “{value}”" if value else f"emptied {_label(each.field)}"
    of = _own(each.field)
    assert of is not None
    stored = None if value is None else json.dumps(value)
    values: dict[str, Any] = {"ids": list(ids), "key": of.key, "value": stored, "now": batch.now}
    with connection.cursor() as cursor:
        cursor.execute(_SET, values)
    return f"emptied {of.name}" if value is None else f"set {of.name} to “{of.said(value)[:80]}”"


def _label(name: str) -> str:
    of = _own(name) if name.startswith(PREFIX) else None
    return of.name if of else COLUMNS.get(name, name)


def _line(step: SetStep) -> Line:
    words = [f"add the tag “{tag}”" for tag in step.add_tags]
    words += [f"take off the tag “{tag}”" for tag in step.remove_tags]
    words += [_said(each) for each in step.fields]
    said = ", ".join(words) or "change nothing"
    return Line("tag", said[:1].upper() + said[1:])


def _said(each: SetField) -> str:
    if each.value in (None, "", []):
        return f"empty {_label(each.field)}"
    of = _own(each.field) if each.field.startswith(PREFIX) else None
    try:
        value = of.said(of.clean(each.value)) if of else each.value
    except FieldError:
        value = each.value
    return f"set {_label(each.field)} to “{value}”"


step_kinds.register(
    "set",
    StepKind(
        SetStep, change, _line, "Change the customer", "Add or take off tags, or set fields.", "tag", "Do", 20,
        acts=True,
    ),
)  # fmt: skip
