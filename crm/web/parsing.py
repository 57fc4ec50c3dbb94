"""Reading the API's JSON: whatever arrives is data that Postgres can hold, or a 400 that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 32  # levels of lists and objects


class StrictJSONParser(JSONParser):
    """Refuses NaN, NUL characters, half surrogate pairs and bottomless nesting."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(f"The body is nested more than {DEEPEST} levels deep.") from None
        check_data(data)
        return data


def check_data(data: Any) -> None:
    """Raises ParseError for texts in it that no column holds, and for what is nested deeper than DEEPEST."""
    level = [data]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                check_text(value)
            elif isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise ParseError(f"The body is nested more than {DEEPEST} levels deep.")


def check_text(text: str) -> None:
    """Raises ParseError for characters that no text column holds."""
    if "\0" in text or not _is_encodable(text):
        raise ParseError("The request holds a character that no text can have: NUL, or half a surrogate pair.")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
