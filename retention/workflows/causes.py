"""What may make customers enter, as a definition says it: one model for each trigger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from crm import slots
from crm.segments import filters
from crm.segments.filters import FilterError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _sound(tree: dict[str, Any]) -> dict[str, Any]:
    filters.parse(tree, "account")
    return tree


#: A filter on accounts, as plain data.
type Tree = Annotated[dict[str, Any], AfterValidator(_sound)]


class Filtered(Strict):
    """Only customers whom the filter lets through."""

    where: Tree = Field(default_factory=dict)


class FactTrigger(Filtered):
    """Something happened: a timeline entry of a kind."""

    when: Literal["fact"]
    kind: str


class DateTrigger(Filtered):
    """A date of the customer comes near: `offset_days` before (negative) or after it."""

    when: Literal["date"]
    field: str
    offset_days: int = Field(0, ge=-730, le=730)

    @field_validator("field")
    @classmethod
    def _field_exists(cls, name: str) -> str:
        if name not in slots.date_fields:
            raise ValueError(f"no such date; there are {', '.join(slots.date_fields.names())}")
        return name


class SilenceTrigger(Filtered):
    """Nobody of the customer has been seen for `days` times 24 hours."""

    when: Literal["silence"]
    days: int = Field(ge=1, le=730)


class SegmentTrigger(Filtered):
    """The customer comes into a segment, or goes out of it. Who is in a dynamic one is known each night."""

    when: Literal["segment"]
    segment: int
    moves: Literal["in", "out"] = "in"

    @field_validator("segment")
    @classmethod
    def _segment_is_there(cls, pk: int) -> int:
        try:
            filters.parse({"field": "segment", "op": "is_in", "value": pk}, "account")
        except FilterError as error:
            raise ValueError(error.message) from None
        return pk


class MonthTrigger(Filtered):
    """A day of each month has begun: whoever is on record by then enters once for it."""

    when: Literal["month"]
    day: int = Field(1, ge=1, le=28)


Trigger = Annotated[
    FactTrigger | DateTrigger | SilenceTrigger | SegmentTrigger | MonthTrigger, Field(discriminator="when")
]
