"""The settings of a recipe as a form."""

from __future__ import annotations

from typing import Any

from django import forms

from retention.workflows.recipes import Recipe, Setting


class SettingsForm(forms.Form):
    """One field for each setting of the recipe, within its bounds."""

    def __init__(self, recipe: Recipe, chosen: dict[str, Any], data: Any = None) -> None:
        super().__init__(data, initial=recipe.defaults | chosen)
        for name, setting in recipe.settings.items():
            self.fields[name] = _field(setting)
            self.fields[name].help_text = _help(setting)


def _field(setting: Setting) -> forms.Field:
    match setting.default:
        case bool():
            return forms.BooleanField(label=setting.label, required=False)
        case str():
            return forms.CharField(label=setting.label, max_length=120)
    return forms.IntegerField(label=setting.label, min_value=setting.least, max_value=setting.most)


def _help(setting: Setting) -> str:
    """Names that the product reports read as words here; the field itself has them as they are."""
    match setting.default:
        case bool():
            return setting.help
        case str():
            bounds = f"As your product reports it. Usually “{setting.default.replace('_', ' ')}”."
        case _:
            bounds = f"Usually {setting.default}, from {setting.least} to {setting.most:,}."
    return f"{setting.help} {bounds}".strip()
