"""What a workflow may say. Recipe files, the API and the builder page all go through these models.

A definition is data: a trigger, steps, a goal and exits. Step ids are stable and survive editing; they are what
enrollments, messages and tasks remember.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from crm.outbox import rendering
from retention.workflows.causes import Strict, Tree, Trigger
from retention.workflows.places import place

StepId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class DefinitionError(ValueError):
    """A definition that cannot run; the text names the place and the reason."""


# Steps ------------------------------------------------------------------------------------------------------------


class Step(Strict):
    id: StepId

    @property
    def ways(self) -> Sequence[list[AnyStep]]:
        """Steps that only some go through; all ways meet again after it."""
        return ()


class Mail(Step):
    """Liquid source of a mail; see crm/outbox for what it may name."""

    subject: str = Field(min_length=1, max_length=300)
    body: str = Field(min_length=1, max_length=20_000)
    late_after_days: int = Field(3, ge=0, le=90)  # later than this it is not sent any more

    @model_validator(mode="after")
    def _liquid_parses(self) -> Mail:
        rendering.check(self.subject, self.body)
        return self


class MessageStep(Mail):
    """Write to the customer."""

    do: Literal["message"]
    category: Literal["service", "marketing"] = "service"


class NotifyStep(Mail):
    """Write to the customer's owner."""

    do: Literal["notify"]


class WaitFor(Strict):
    """So long, and then, if `at` is given, until that time of day where the recipient is."""

    days: int = Field(0, ge=0, le=730)
    hours: int = Field(0, ge=0, le=10_000)
    minutes: int = Field(0, ge=0, le=10_000)
    at: time | None = None

    @property
    def rest(self) -> timedelta:
        return timedelta(hours=self.hours, minutes=self.minutes)


class WaitUntil(Strict):
    """A time of day where the recipient is: on day N (day 1 is the trigger's), on a weekday, or the next time."""

    time: time
    day: int | None = Field(None, ge=1, le=730)
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> WaitUntil:
        if self.day is not None and self.weekday is not None:
            raise ValueError("give a day or a weekday, not both")
        return self


class WaitStep(Step):
    do: Literal["wait"]
    for_: WaitFor | None = Field(None, alias="for")
    until: WaitUntil | None = None

    @model_validator(mode="after")
    def _one_of(self) -> WaitStep:
        if (self.for_ is None) == (self.until is None):
            raise ValueError("a wait needs either `for` or `until`")
        return self


class BranchStep(Step):
    """If the filter holds, then these steps, else those."""

    do: Literal["branch"]
    if_: Tree = Field(alias="if")
    then: list[AnyStep] = Field(default_factory=list)
    else_: list[AnyStep] = Field(default_factory=list, alias="else")

    @property
    def ways(self) -> Sequence[list[AnyStep]]:
        return (self.then, self.else_)


class AwaitStep(Step):
    """Wait until the customer's timeline has a fact of a kind; if it has none after so many days, the `late` steps."""

    do: Literal["await"]
    fact: str = Field(min_length=1, max_length=60)
    called: str = Field(min_length=1, max_length=60)  # inside a sentence: “the hand-off”
    at_most_days: int = Field(ge=1, le=730)  # times 24 hours
    late: list[AnyStep] = Field(default_factory=list)

    @property
    def ways(self) -> Sequence[list[AnyStep]]:
        return (self.late,)


class TaskStep(Step):
    """A task for the customer's owner; without an owner it lies in the admins' pool."""

    do: Literal["task"]
    title: str = Field(min_length=1, max_length=200)
    body: str = Field("", max_length=5000)
    due_in_days: int = Field(1, ge=0, le=365)

    @model_validator(mode="after")
    def _liquid_parses(self) -> TaskStep:
        rendering.check(self.title, self.body)
        return self


class SetStep(Step):
    """Change the customer: add or remove tags."""

    do: Literal["set"]
    add_tags: list[str] = Field(default_factory=list)
    remove_tags: list[str] = Field(default_factory=list)


class EndStep(Step):
    do: Literal["end"]
    because: str = Field("It ended here", max_length=200)


AnyStep = Annotated[
    MessageStep | NotifyStep | WaitStep | AwaitStep | BranchStep | TaskStep | SetStep | EndStep,
    Field(discriminator="do"),
]


# The whole --------------------------------------------------------------------------------------------------------


class Leave(Strict):
    """When to leave early: a fact of a kind that happens after entering, or a filter that holds before a step."""

    because: str = Field(min_length=1, max_length=200)
    fact: str | None = None
    where: Tree | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Leave:
        if (self.fact is None) == (self.where is None):
            raise ValueError("give either `fact` or `where`")
        return self


class Definition(Strict):
    """A workflow as it is published."""

    name: str = Field(min_length=1, max_length=120)
    about: str = ""
    trigger: Trigger
    steps: list[AnyStep] = Field(min_length=1)
    goal: Leave | None = None
    exits: list[Leave] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)  # as they were when it was published, for its mails

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Definition:
        seen: set[str] = set()
        for step in walk(self.steps):
            if step.id in seen:
                raise ValueError(f"two steps are called {step.id!r}")
            seen.add(step.id)
        return self

    @cached_property
    def by_id(self) -> dict[str, Any]:
        return {step.id: step for step in walk(self.steps)}

    @cached_property
    def following(self) -> dict[str, str | None]:
        """Step id → the id of the step after it on the same way; None where the way ends."""
        return dict(_following(self.steps, None))

    @property
    def leaves(self) -> list[Leave]:
        """The goal, if there is one, before the exits."""
        return ([self.goal] if self.goal else []) + self.exits

    def ending(self, leave: Leave) -> str:
        """What becomes of an enrollment that leaves this way (Enrollment.State)."""
        return "reached" if leave is self.goal else "exited"


def walk(steps: list[Any]) -> Iterator[Any]:
    """All steps, branches' included, in the order they are written."""
    for step in steps:
        yield step
        for way in step.ways:
            yield from walk(way)


def _following(steps: list[Any], after: str | None) -> Iterator[tuple[str, str | None]]:
    for index, step in enumerate(steps):
        following = steps[index + 1].id if index + 1 < len(steps) else after
        yield step.id, following
        for way in step.ways:
            yield from _following(way, following)


def parse(data: Any) -> Definition:
    """A definition from plain data. Raises DefinitionError with every place and reason."""
    try:
        return Definition.model_validate(data)
    except ValidationError as error:
        places = [f"{place(p['loc'])}: {p['msg'].removeprefix('Value error, ')}" for p in error.errors()]
        raise DefinitionError("; ".join(places)) from error
