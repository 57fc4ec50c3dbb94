"""What holds for a whole workflow: whether somebody may enter again, and at which hours its mail may leave."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from retention.workflows import rules
from retention.workflows.causes import Strict
from retention.workflows.rules import Weekday


class Again(Strict):
    """Whether whoever has been in it may enter again when its trigger finds them anew.

    Enrolling by hand asks nobody: a person has decided.
    """

    may: Literal["each", "after", "never"] = Field(
        "each", title="Enter again",
        description="Each: every time it happens. After: only so many days later. Never: once in a lifetime.",
    )  # fmt: skip
    days: int | None = Field(None, ge=1, le=3650, title="Days before they may", description="Times 24 hours.")
    since: Literal["entered", "ended"] = Field(
        "entered", title="Counted from", description="When they entered last, or when their way ended last."
    )

    @model_validator(mode="after")
    def _days_where_they_count(self) -> Again:
        if (self.may == "after") != (self.days is not None):
            raise ValueError("give `days` with `may: after`, and only then")
        return self

    @property
    def sentence(self) -> str:
        if self.may == "each":
            return "Whoever has been in it enters again each time it happens."
        if self.may == "never":
            return "Nobody enters twice."
        begin = "they entered last" if self.since == "entered" else "their way ended"
        return f"Nobody enters again until {rules.days(self.days or 0)} after {begin}."


class Hours(Strict):
    """When its mail to customers may leave, on the clock of whoever reads it. Until then it waits."""

    from_: time = Field(time(0), alias="from", title="Not before")
    to: time = Field(time(0), title="Not after", description="The same as “not before”: the whole day.")
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = Field(
        default_factory=lambda: list(rules.WEEKDAYS), title="On these days"
    )

    @model_validator(mode="after")
    def _each_day_once(self) -> Hours:
        if len(set(self.weekdays)) != len(self.weekdays):
            raise ValueError("a weekday stands in it twice")
        if self.to != self.from_ and self.to < self.from_:
            raise ValueError("`to` must come after `from`: hours across midnight are not for mail")
        return self

    @property
    def sentence(self) -> str:
        """“Its mail leaves Mondays to Fridays between 09:00 and 17:00 where they are; what is due earlier waits.”"""
        when = [] if len(self.weekdays) == len(rules.WEEKDAYS) else [rules.weekdays_in_words(self.weekdays)]
        if self.from_ != self.to:
            when.append(f"between {self.from_:%H:%M} and {self.to:%H:%M}")
        return f"Its mail leaves {' '.join(when) or 'at any hour'} where they are; what is due at other times waits."
