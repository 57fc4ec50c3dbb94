"""A field as its admin has defined it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LONGEST_KEY = 40
#: What nobody has filled in. An unticked yes/no and a zero are answers.
BLANK: tuple[Any, ...] = (None, "", [], ())


class FieldError(ValueError):
    """Why a value cannot be kept, and what to do about it. Two parts of sentences that follow the field's name."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason[:1].upper()}{reason[1:]}. {remedy}")
        self.reason, self.remedy = reason, remedy


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a choice. What is stored is the code, so that another label changes no data."""

    code: str
    label: str
    gone: bool = False  # it is not offered any more; what has it, still shows it
    also: str = ""  # another word that finds it: a colleague's e-mail


@dataclass(frozen=True)
class FieldType:
    """`asked` is its kind in the filter language. `sorts`: lists may stand in the order of its values."""

    label: str
    hint: str
    icon: str  # a lucide name
    asked: str
    read: Callable[[Any, Definition], Any]  # of what is not blank; raises FieldError
    said: Callable[[Any, Definition], str]
    typed: Callable[[Any, Definition], Any]
    cell: Callable[[Any, Definition], str]
    sorts: bool = True


#: By name; `crm.fields.rules.types` has them all.
TYPES: dict[str, FieldType] = {}


@dataclass(frozen=True)
class Definition:
    """`clean` is the one way in; values that came through it are what the other methods take, and are JSON."""

    id: int
    subject: str
    key: str
    name: str
    type: str
    help: str = ""
    required: bool = False
    default: Any = None
    options: tuple[Option, ...] = ()
    decimals: int = 0
    group: str = ""
    order: int = 0
    archived: bool = False
    often: bool = False  # an index serves filters and sorts
    currency: str = ""  # of amounts
    region: str = ""  # where numbers are dialled that name no country

    @cached_property
    def kind(self) -> FieldType:
        return TYPES[self.type]

    @cached_property
    def by_code(self) -> dict[str, Option]:
        return {option.code: option for option in self.options}

    @property
    def offered(self) -> list[Option]:
        return [option for option in self.options if not option.gone]

    def clean(self, raw: Any) -> Any:
        """What is stored of what somebody wrote or a program sent; None for nothing. Raises FieldError."""
        value = raw.strip() if isinstance(raw, str) else raw
        if value in BLANK:
            return None
        if "\0" in str(value):
            raise FieldError("holds a character that no text may have", "Write it again.")
        return self.kind.read(value, self)

    def said(self, value: Any) -> str:
        """As people read it; blank for nothing."""
        return "" if value is None else self.kind.said(value, self)

    def typed(self, value: Any) -> Any:
        """As a form holds it: text, or for several choices their codes. `clean` gives back the value."""
        return self.kind.typed(value, self) if value is not None else ([] if self.type == "choices" else "")

    def cell(self, value: Any) -> str:
        """As a file holds it: words rather than codes. `clean` gives back the value."""
        return "" if value is None else self.kind.cell(value, self)

    def told(self, value: Any) -> Any:
        """As the API has it."""
        return self.cell(value) if self.type == "user" and value is not None else value


def key_of(name: str) -> str:
    """A key for a field or an option of this name: a–z, 0–9 and _, a letter first; blank if nothing is left."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return (words if words[:1].isalpha() or not words else f"x_{words}")[:LONGEST_KEY].rstrip("_")
