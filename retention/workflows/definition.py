"""What a workflow may say. Recipe files, the API and the builder page all go through these models.

A definition is data: a trigger, steps, a goal and exits. Step ids are stable and survive editing; they are what
enrollments, messages and tasks remember.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from crm.segments.rules import shown
from retention.workflows.asking import Asks
from retention.workflows.causes import Strict, Tree, Trigger
from retention.workflows.kinds import step_kinds
from retention.workflows.naming import unknown_names
from retention.workflows.places import place
from retention.workflows.policies import Again, Hours

StepId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class DefinitionError(ValueError):
    """A definition that cannot run; the text names the place and the reason."""


# Steps ------------------------------------------------------------------------------------------------------------


class Way(NamedTuple):
    """One of the ways that part at a step; all of them meet again after it."""

    word: str  # stands on it: “yes”
    path: tuple[str | int, ...]  # where its steps stand in the step's data; empty: it has none, and can have none
    steps: Sequence[Step]


class Step(Strict):
    """What every kind of step has; the kinds themselves stand in retention.workflows.kinds."""

    id: StepId
    do: str

    @property
    def ways(self) -> Sequence[Way]:
        """Steps that only some go through."""
        return ()

    @property
    def words(self) -> Mapping[str, str]:
        """What it says to people, in Liquid, by the place in the step: `languages.de.body`."""
        return {}

    def faults(self) -> Iterator[tuple[str, str]]:
        """What it names that is not there: (place in the step, reason). Asked when a definition is written, not when
        one that is published is read: what goes meanwhile must not stop those who are under way."""
        for place_, text in self.words.items():
            for line, reason in unknown_names(place_, text):
                yield f"{place_}, line {line}", reason


def _of_its_kind(data: Any) -> Any:
    """The step as the model that is registered for its `do`. What is wrong inside is told with its place."""
    if isinstance(data, Step):
        return data
    if not isinstance(data, Mapping):
        raise ValueError("a step is a mapping with `id` and `do`")
    if (kind := step_kinds.get(str(data.get("do", "")))) is None:
        offered = [name for name in step_kinds.names() if not step_kinds[name].room]
        raise ValueError(f"there is no step {shown(data.get('do'))}; there are {', '.join(offered)}")
    return kind.model.model_validate(data)


#: A step of any registered kind.
type AnyStep = Annotated[SerializeAsAny[Step], BeforeValidator(_of_its_kind)]


# The whole --------------------------------------------------------------------------------------------------------


class Leave(Strict):
    """When to leave early: a fact of a kind that happens after entering, or a filter that holds before a step."""

    because: str = Field(
        min_length=1, max_length=200, title="Because", description="As people read it: “They were seen again”."
    )
    fact: Annotated[str | None, Asks("fact")] = Field(
        None, title="When this happens", description="Or leave it blank, and say below what must be true."
    )
    where: Annotated[Tree | None, Asks("filter")] = Field(None, title="Or when they are")

    @model_validator(mode="after")
    def _one_of(self) -> Leave:
        if (self.fact is None) == (self.where is None):
            raise ValueError("give either `fact` or `where`")
        return self


class Definition(Strict):
    """A workflow as it is published."""

    name: str = Field(min_length=1, max_length=120)
    about: str = ""
    why: str = Field("", max_length=400)  # a sentence why it works, for whoever thinks of switching it on
    trigger: Trigger
    steps: list[AnyStep] = Field(min_length=1)
    goal: Leave | None = Field(None, title="There is a goal", description="What it is for. Whoever reaches it is done.")
    exits: list[Leave] = Field(default_factory=list, title="Leave early")
    holdout_percent: int = Field(
        0,
        title="Hold out, per cent",
        description="So many of those who enter get nothing of it, so that the Effect tab can say what it does.",
        ge=0,
        le=50,
    )
    again: Again | None = None  # None: each time
    hours: Hours | None = None  # None: at any hour that the house's own quiet hours leave
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


def placed(steps: Sequence[Step], before: str = "steps") -> Iterator[tuple[str, Step]]:
    """As `walk`, each with its place: steps[2].then[0]."""
    for index, step in enumerate(steps):
        here = f"{before}[{index}]"
        yield here, step
        for way in step.ways:
            yield from placed(way.steps, f"{here}.{place(way.path)}")


def walk(steps: Sequence[Any]) -> Iterator[Any]:
    """All steps, branches' included, in the order they are written."""
    for step in steps:
        yield step
        for way in step.ways:
            yield from walk(way.steps)


def _following(steps: Sequence[Any], after: str | None) -> Iterator[tuple[str, str | None]]:
    for index, step in enumerate(steps):
        following = steps[index + 1].id if index + 1 < len(steps) else after
        yield step.id, following
        for way in step.ways:
            yield from _following(way.steps, following)


def parse(data: Any, *, published: bool = False) -> Definition:
    """A definition from plain data. Raises DefinitionError with every place and reason.

    Of one that is `published` already, what it names may have gone since: its steps say so when they come to it.
    """
    try:
        plan = Definition.model_validate(data)
    except ValidationError as error:
        raise DefinitionError(_in_words(_told(error))) from error
    if not published and (faults := _faults(plan)):
        raise DefinitionError(_in_words(faults))
    return plan


def problems(data: Any) -> list[tuple[str, str]]:
    """Every place where it could not run, with the reason; none: it could."""
    try:
        return _faults(Definition.model_validate(data))
    except ValidationError as error:
        return _told(error)


def _told(error: ValidationError) -> list[tuple[str, str]]:
    return [(place(one["loc"]), one["msg"].removeprefix("Value error, ")) for one in error.errors()]


def _faults(plan: Definition) -> list[tuple[str, str]]:
    return [(f"{at}.{where}", why) for at, step in placed(plan.steps) for where, why in step.faults()]


def _in_words(told: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{where}: {reason}" for where, reason in told)
