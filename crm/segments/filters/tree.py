"""The shape of a filter's JSON, checked by pydantic, and errors that name the place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

MOST_LEVELS = 6  # of all, any and not, one inside the other
MOST_LEAVES = 50


class FilterError(ValueError):
    """A filter that cannot be understood: where (`all[1].value`; blank: the filter itself), and why."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place or 'filter'}: {message}")
        self.place = place
        self.message = message


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Everything(_Shape):
    pass


class Leaf(_Shape):
    field: str
    op: str
    value: Any = None


class All(_Shape):
    all: list[Tree]


class AnyOf(_Shape):
    any: Annotated[list[Tree], Field(min_length=1)]


class Not(_Shape):
    not_: Tree = Field(alias="not")


def _shape_of(node: Any) -> Literal["all", "any", "not", "leaf", "everything"] | None:
    if not isinstance(node, dict):
        return None
    for key in ("all", "any", "not"):
        if key in node:
            return key  # type: ignore[return-value]
    return "leaf" if node else "everything"


type Tree = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Leaf, Tag("leaf")]
    | Annotated[Everything, Tag("everything")],
    Discriminator(
        _shape_of,
        custom_error_type="no_tree",
        custom_error_message="must be an object with all, any, not, or field and op",
    ),
]

_tree: TypeAdapter[Any] = TypeAdapter(Tree)

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not expected here",
    "string_type": "must be text",
    "list_type": "must be a list",
    "too_short": "must name at least one condition",
}


def read_tree(tree: Any) -> All | AnyOf | Not | Leaf | Everything:
    """The tree as shapes. Raises FilterError."""
    _check_size(tree)
    try:
        return _tree.validate_python(tree)  # type: ignore[no-any-return]
    except ValidationError as errors:
        error = errors.errors(include_url=False, include_context=False, include_input=False)[0]
        raise FilterError(_place(error), _MESSAGES.get(error["type"], error["msg"])) from None


def _check_size(tree: Any) -> None:
    """Before anything recursive looks at it."""
    leaves, level = 0, [tree]
    for _ in range(MOST_LEVELS + 1):
        below: list[Any] = []
        for node in level:
            inner = _inside(node)
            leaves += not inner
            below += inner
        if leaves + len(below) > MOST_LEAVES:
            raise FilterError("", f"has more than {MOST_LEAVES} conditions")
        if not below:
            return
        level = below
    raise FilterError("", f"is nested more than {MOST_LEVELS} levels deep")


def _inside(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    inner = [node["not"]] if "not" in node else []
    for key in ("all", "any"):
        if isinstance(node.get(key), list):
            inner += node[key]
    return inner


def _place(error: ErrorDetails) -> str:
    """`all[1].value`: pydantic's path without the names of the union's branches."""
    place, at_node = "", True
    for part in error["loc"]:
        if at_node and isinstance(part, str):
            at_node = False
        elif isinstance(part, int):
            place, at_node = f"{place}[{part}]", True
        else:
            place, at_node = f"{place}.{part}" if place else part, part == "not"
    return place
