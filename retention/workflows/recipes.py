"""Recipes: the ready-made workflows, one readable YAML file each in retention/recipes/.

A recipe is a definition with settings in place of numbers: `${days}` stands for the setting's value, which an admin
may change without opening the file. A step with `only_with: name` is left out while that switch is off.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retention.workflows import definition
from retention.workflows.definition import Definition, DefinitionError
from retention.workflows.places import place

FOLDER = Path(__file__).resolve().parent.parent / "recipes"
_SETTING = re.compile(r"\$\{([a-z_]+)\}")
_ONLY_WITH = "only_with"
#: What a switch takes from the command line.
_SAID = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}

#: What can be set of every recipe, though no file says so: how many of those who enter get nothing, to measure it.
HOLDOUT = "holdout_percent"

type Value = bool | int | str


class RecipeError(ValueError):
    """A recipe that cannot be read or filled in; the text names file, place and remedy."""


class Setting(BaseModel):
    """What an admin may change: a switch, a number within bounds, or a text."""

    model_config = ConfigDict(extra="forbid")

    label: str
    help: str = ""  # a sentence or two
    default: Value
    least: int = Field(1, alias="min")
    most: int = Field(730, alias="max")
    after: str | None = None  # another number, which this one must exceed

    def read(self, value: Any) -> Value:
        """The value as this setting's type. Raises ValueError with the remedy."""
        if isinstance(self.default, bool):
            if (said := str(value).strip().lower()) not in _SAID:
                raise ValueError(f"must be yes or no, not {value!r}")
            return _SAID[said]
        if isinstance(self.default, str):
            text = str(value).strip()
            if not text or len(text) > 120:
                raise ValueError("must be a text of 1 to 120 characters")
            return text
        try:
            number = int(str(value))
        except ValueError:
            raise ValueError(f"must be a whole number, not {value!r}") from None
        if not self.least <= number <= self.most:
            raise ValueError(f"must lie between {self.least} and {self.most}, not {number}")
        return number


class Recipe(BaseModel):
    """One file: its settings, and the definition with places for them."""

    slug: str
    settings: dict[str, Setting] = Field(default_factory=dict)
    body: dict[str, Any]

    @cached_property
    def defaults(self) -> dict[str, Value]:
        return {name: setting.default for name, setting in self.settings.items()}

    @property
    def switches(self) -> dict[str, bool]:
        return {name: value for name, value in self.defaults.items() if isinstance(value, bool)}

    def with_settings(self, chosen: dict[str, Any], *, to_run: bool = True) -> Definition:
        """The definition with these settings in place of the defaults. Raises RecipeError.

        One that is not `to_run` now is only shown: what it names, such as somebody in a role, need not be there yet.
        """
        if unknown := sorted(set(chosen) - set(self.settings) - {HOLDOUT}):
            known = ", ".join(self.settings) or "none"
            raise RecipeError(f"{self.slug} has no setting {unknown[0]!r}; it has: {known}")
        values = dict(self.defaults)
        held = {HOLDOUT: chosen[HOLDOUT]} if HOLDOUT in chosen else {}
        for name, value in chosen.items():
            if name in held:
                continue
            try:
                values[name] = self.settings[name].read(value)
            except ValueError as error:
                raise RecipeError(f"{self.slug}.{name} {error}") from error
        for name, setting in self.settings.items():
            if setting.after and int(values[name]) <= int(values[setting.after]):
                label = self.settings[setting.after].label.lower()
                raise RecipeError(
                    f"{self.slug}.{name} must come after the {label} ({values[setting.after]}), not {values[name]}"
                )
        try:
            data = _filled(self.body, values, self.slug) | held | {"settings": values | held}
            return definition.parse(data, published=not to_run)
        except DefinitionError as error:
            raise RecipeError(f"recipe {self.slug}: {error}") from error


def names() -> list[str]:
    """All recipes, by file name."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(slug: str) -> Recipe:
    """A recipe by the name of its file. Raises RecipeError."""
    if slug not in names():
        raise RecipeError(f"There is no recipe {slug!r}. There are: {', '.join(names())}")
    return read(slug, (FOLDER / f"{slug}.yaml").read_text())


@lru_cache(maxsize=64)  # lists of workflows load every recipe
def read(slug: str, text: str) -> Recipe:
    """A recipe from its text; the definition is checked with the default settings, and with every switch the other way.

    Raises RecipeError.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"recipe {slug}: not readable as YAML: {error}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"recipe {slug}: must be a mapping with name, trigger and steps")
    settings = data.pop("settings", {})
    try:
        recipe = Recipe(slug=slug, settings=settings, body=data)
    except ValidationError as error:
        places = "; ".join(f"{place(p['loc'])}: {p['msg']}" for p in error.errors())
        raise RecipeError(f"recipe {slug}: {places}") from error
    recipe.with_settings({}, to_run=False)
    recipe.with_settings({name: not default for name, default in recipe.switches.items()}, to_run=False)
    return recipe


def _filled(node: Any, values: dict[str, Value], slug: str) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, values, slug) for key, value in node.items() if key != _ONLY_WITH}
    if isinstance(node, list):
        return [_filled(value, values, slug) for value in node if _is_wanted(value, values, slug)]
    if not isinstance(node, str):
        return node
    for name in _SETTING.findall(node):
        if name not in values:
            raise RecipeError(f"recipe {slug}: ${{{name}}} names no setting; there are {', '.join(values)}")
    whole = _SETTING.fullmatch(node)
    return values[whole[1]] if whole else _SETTING.sub(lambda match: str(values[match[1]]), node)


def _is_wanted(node: Any, values: dict[str, Value], slug: str) -> bool:
    if not isinstance(node, dict) or _ONLY_WITH not in node:
        return True
    wanted = values.get(str(node[_ONLY_WITH]))
    if not isinstance(wanted, bool):
        switches = [name for name, value in values.items() if isinstance(value, bool)]
        known = ", ".join(switches) or "none"
        raise RecipeError(f"recipe {slug}: {_ONLY_WITH}: {node[_ONLY_WITH]} is no switch of it; it has: {known}")
    return wanted


def said(value: Value) -> int | str:
    """The value of a setting as a page shows it: a switch in words."""
    return ("yes" if value else "no") if isinstance(value, bool) else value
