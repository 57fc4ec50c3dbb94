"""The form in which an admin makes a field, or changes one."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from crm.fields import known
from crm.fields.actions import with_options
from crm.fields.indexes import MOST
from crm.fields.models import CustomField
from crm.fields.rules import LONGEST_KEY, TYPES, WITH_OPTIONS, Definition, FieldError, key_of
from crm.fields.rules.types import MOST_DECIMALS
from crm.web import clock

LONGEST_OPTION, MOST_OPTIONS, MOST_FIELDS = 80, 200, 200
#: Types whose default is written into the form as text.
_NO_DEFAULT = frozenset({"user", "long"})


class FieldForm(forms.Form):
    """`row` None: a new field. What a field's values mean, its key and its type, stands once it is made."""

    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    type = forms.ChoiceField(choices=[(name, kind.label) for name, kind in TYPES.items()], required=False)
    key = forms.CharField(
        max_length=LONGEST_KEY, required=False, help_text="Its name for programs and files. Blank: made of the name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    help = forms.CharField(max_length=200, required=False, label="Help", help_text="Stands below the field.")
    group = forms.CharField(
        max_length=60, required=False, help_text="The heading under which it stands. Blank: among the details.",
        widget=forms.TextInput(attrs={"list": "groups", "autocomplete": "off"}),
    )  # fmt: skip
    decimals = forms.IntegerField(min_value=0, max_value=MOST_DECIMALS, required=False, initial=0)
    more_options = forms.CharField(
        required=False, label="Options", help_text="One on each line.", widget=forms.Textarea(attrs={"rows": 4})
    )
    default = forms.CharField(max_length=200, required=False, help_text="What new records begin with.")
    required = forms.BooleanField(
        required=False, label="Must be filled in", help_text="By whoever writes a new one, and not emptied later."
    )
    often = forms.BooleanField(
        required=False, label="Often filtered or sorted by",
        help_text="Keeps lists quick however many records there are. Each such field makes changes a little slower.",
    )  # fmt: skip

    def __init__(self, *args: Any, subject: str, row: CustomField | None = None, **more: Any) -> None:
        if row:
            of = known.defined(row)
            more["initial"] = {name: getattr(row, name) for name in
                               ("name", "type", "key", "help", "group", "decimals", "required", "often")}  # fmt: skip
            more["initial"]["default"] = of.cell(row.default) if row.type not in _NO_DEFAULT else ""
        super().__init__(*args, **more)
        self.subject, self.row = subject, row
        if row:
            del self.fields["key"], self.fields["type"]
            self.fields["more_options"].label = "Further options"
            if row.type not in WITH_OPTIONS:
                del self.fields["more_options"]
            if row.type != "number":
                del self.fields["decimals"]
            if row.type in _NO_DEFAULT:
                del self.fields["default"]
        for option in self._options():
            self.fields[f"option_{option['code']}"] = forms.CharField(
                max_length=LONGEST_OPTION, initial=option["label"], label=f"Name of the option {option['label']}"
            )

    def _options(self) -> list[dict[str, Any]]:
        return [one for one in self.row.options if not one.get("gone")] if self.row else []

    def labels(self) -> list[tuple[dict[str, Any], Any]]:
        """Each option with the bound field of its name."""
        return [(one, self[f"option_{one['code']}"]) for one in self._options()]

    @property
    def type_of(self) -> str:
        return self.row.type if self.row else str(self.cleaned_data.get("type") or "text")

    def groups(self) -> list[str]:
        """Headings that there are."""
        return sorted({of.group for of in known.every(self.subject) if of.group})

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        for of in known.every(self.subject):
            if of.name.casefold() == name.casefold() and of.id != (self.row and self.row.pk):
                raise forms.ValidationError(f"There is a field “{of.name}” already{_archived(of)}.")
        return name

    def clean_key(self) -> str:
        key = self.cleaned_data["key"].strip() or key_of(self.cleaned_data.get("name", ""))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise forms.ValidationError("A key begins with a letter and has a–z, 0–9 and _ alone, such as seats_2.")
        for of in known.every(self.subject):
            if of.key == key:
                kind = TYPES[of.type].label.lower()
                raise forms.ValidationError(
                    f"“{of.name}” ({kind}) has this key{_archived(of)}. A key keeps its meaning: take another one."
                )
        return key

    def clean_often(self) -> bool:
        often: bool = self.cleaned_data["often"]
        others = [of for of in known.fields(self.subject) if of.often and of.id != (self.row and self.row.pk)]
        if often and len(others) >= MOST:
            raise forms.ValidationError(
                f"{MOST} fields are kept quick already, and no more can be: take the mark off another one first."
            )
        return often

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.row is None and len(known.fields(self.subject)) >= MOST_FIELDS:
            raise forms.ValidationError(f"There are {MOST_FIELDS} fields already. Archive one that nobody needs.")
        if self.type_of in WITH_OPTIONS:
            data["options"] = self._new_options(data)
            if not [one for one in data["options"] if not one.get("gone")] and not self.errors:
                self.add_error("more_options", "Name at least one option.")
        data["default"] = self._default(data) if not self.errors else None
        return data

    def _new_options(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        options = [dict(one) for one in self.row.options] if self.row else []
        for one in options:
            one["label"] = " ".join((data.get(f"option_{one['code']}") or one["label"]).split())
        lines = [" ".join(line.split()) for line in (data.get("more_options") or "").splitlines() if line.strip()]
        made = with_options(options, lines)
        labels = [one["label"] for one in made if not one.get("gone")]
        if len({label.casefold() for label in labels}) < len(labels):
            raise forms.ValidationError("Two options have the same name. Give each its own.")
        for label in labels:
            if len(label) > LONGEST_OPTION or re.search(r"[,;|]", label):
                raise forms.ValidationError(
                    f"“{label[:60]}” cannot be an option: it has up to {LONGEST_OPTION} characters, and no comma, "
                    "semicolon or bar."
                )
        if len(labels) > MOST_OPTIONS:
            raise forms.ValidationError(f"A field has at most {MOST_OPTIONS} options.")
        return made

    def _default(self, data: dict[str, Any]) -> Any:
        if self.type_of in _NO_DEFAULT:
            return None
        try:
            return self._definition(data).clean(data.get("default") or "")
        except FieldError as error:
            self.add_error("default", str(error))
            return None

    def _definition(self, data: dict[str, Any]) -> Definition:
        made = CustomField(
            subject=self.subject, key="made", type=self.type_of, options=data.get("options") or [],
            decimals=data.get("decimals") or 0, created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        return known.defined(made)

    def values(self) -> dict[str, Any]:
        """Of the row's columns, when the form is valid."""
        data = self.cleaned_data
        found = {name: data[name] for name in ("name", "help", "group", "required", "often", "default")}
        found["group"] = " ".join(found["group"].split())
        if "decimals" in self.fields:
            found["decimals"] = data["decimals"] or 0
        if self.type_of in WITH_OPTIONS:
            found["options"] = data["options"]
        if self.row is None:
            found |= {"subject": self.subject, "key": data["key"], "type": data["type"] or "text"}
        return found


def _archived(of: Definition) -> str:
    return ", in the archive: it can be brought back" if of.archived else ""
