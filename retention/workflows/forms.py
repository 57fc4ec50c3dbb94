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
            self.fields[name] = (
                forms.CharField(label=setting.label, max_length=120)
                if isinstance(setting.default, str)
                else forms.IntegerField(label=setting.label, min_value=setting.least, max_value=setting.most)
            )
            self.fields[name].help_text = _help(setting)


def _help(setting: Setting) -> str:
    """Names that the product reports read as words here; the field itself has them as they are."""
    if isinstance(setting.default, str):
        return f"As your product reports it. Usually “{setting.default.replace('_', ' ')}”."
    return f"Usually {setting.default}, from {setting.least} to {setting.most:,}."
