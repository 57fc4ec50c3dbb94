"""Where in a definition something is wrong, as people find it in the file."""

from __future__ import annotations

import re


def place(location: tuple[str | int, ...]) -> str:
    """steps[2].body rather than ('steps', 2, 'body')."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "definition"


#: A place as `place` writes it, with a number in it, where an error begins: what it quotes of a text is left alone.
_PLACE = re.compile(r"(?:^|(?<=[:;] ))[\w.-]+\[\d+\][\w.\[\]-]*(?=[:,])")
_PART = re.compile(r"([\w-]+)\[(\d+)\]|([\w.-]*[\w-])(?!\[|\w)")
_CALLED = {"steps": "step", "exits": "exit", "all": "condition", "any": "condition"}


def counted(text: str) -> str:
    """What is said of places, as people count: “step 3, body” rather than “steps[2].body”."""
    return _PLACE.sub(lambda found: ", ".join(map(_counted, _PART.finditer(found[0]))), text)


def _counted(part: re.Match[str]) -> str:
    name, index, plain = part.groups()
    if plain:
        return str(plain).strip(".")
    way = f"“{name}”, step" if name in ("then", "else") else f"“{name}”"
    return f"{_CALLED.get(name, way)} {int(index) + 1}"
