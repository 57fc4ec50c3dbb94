"""What may make customers enter, as a definition says it: the models of triggers are looked up among their kinds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny
from pydantic_core import PydanticCustomError

from crm.segments import filters
from retention.workflows.asking import Asks
from retention.workflows.kinds import trigger_kinds


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _sound(tree: dict[str, Any]) -> dict[str, Any]:
    filters.parse(tree, "account")
    return tree


#: A filter on accounts, as plain data.
type Tree = Annotated[dict[str, Any], AfterValidator(_sound)]


class Filtered(Strict):
    """What all triggers have: a name for what they wait for, and a filter."""

    when: str
    where: Annotated[Tree, Asks("filter")] = Field(
        default_factory=dict, title="Only customers where", description="Blank: whoever it happens to.",
        json_schema_extra={"last": True},
    )  # fmt: skip


def _of_its_kind(data: Any) -> Any:
    """The model that is registered for the data's `when`; its errors keep their places."""
    if isinstance(data, Filtered):
        return data
    when = data.get("when") if isinstance(data, dict) else None
    if when is None:
        raise PydanticCustomError("no_when", "must say what it waits for: `when` is missing")
    if not isinstance(when, str) or (kind := trigger_kinds.get(when)) is None:
        known = ", ".join(trigger_kinds.names())
        raise PydanticCustomError(
            "no_such_when", "there is no trigger {when}; there are {known}", {"when": repr(when), "known": known}
        )
    return kind.model.model_validate(data)


#: What makes customers enter.
type Trigger = Annotated[SerializeAsAny[Filtered], BeforeValidator(_of_its_kind)]
