"""The settings of a recipe as a form."""

from __future__ import annotations

from typing import Any

from django import forms

from retention.workflows.recipes import Recipe


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
            self.fields[name].help_text = f"Usually {setting.default}"
