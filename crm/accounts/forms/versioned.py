"""Forms that two people may fill in at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.utils import timezone

from crm.fields.forms import ValueField, changed, fields_for, grouped
from crm.web import clock, wording


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else has changed while this form was being filled in."""

    name: str
    label: str
    theirs: str
    yours: str


class VersionedForm(forms.ModelForm):
    """Remembers each value that it was filled from, so that two people who change different fields both get their way.

    Who changes a field that somebody else has changed since is refused with both values, in `differences`; to send the
    form again keeps one's own. Fields that were not touched take what is stored.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)  # each field with the mark of its value

    subject: ClassVar[str]  # whose fields that admins have made it has too

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: As stored, before cleaning writes the form's values onto the instance.
        self.stored = {name: getattr(self.instance, name) for name in self._meta.fields or () if name in self.fields}
        own = fields_for(self.subject, self.instance.custom, new=self.instance.pk is None)
        self.fields.update(own)
        self.stored |= {name: field.stored for name, field in own.items()}
        self.differences: list[Difference] = []
        now = {name: _mark(value) for name, value in self.stored.items()}
        self.initial["version"] = _written(now) if self.instance.pk else ""

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.instance.pk:
            self._meet()
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.instance.custom = changed(self.instance.custom, self.cleaned_data)

    def custom_groups(self) -> list[tuple[str, list[Any]]]:
        """The fields that admins have made, by their headings."""
        return grouped(self)

    def only(self, wanted: str) -> None:
        """Leave all others out, and with them what is stored there."""
        for name in [name for name in self.fields if name not in (wanted, "version")]:
            self.forget(name)

    def forget(self, name: str) -> None:
        del self.fields[name]
        self.stored.pop(name, None)

    def _meet(self) -> None:
        """Bring together what was typed with what is stored by now. Raises ValidationError where both changed."""
        seen = self._seen()
        for name, theirs in self.stored.items():
            if name not in self.cleaned_data or seen.get(name) == _mark(theirs):
                continue
            mine = self.cleaned_data[name]
            if _mark(mine) == seen.get(name):
                self.cleaned_data[name] = theirs
            elif mine != theirs:
                field = self.fields[name]
                self.differences.append(
                    Difference(name, str(field.label or name), said(field, theirs), said(field, mine))
                )
                seen[name] = _mark(theirs)
        if self.differences:
            typed: Any = self.data.copy()  # type: ignore[attr-defined]
            typed[self.add_prefix("version")] = _written(seen)
            self.data = typed
            raise forms.ValidationError(self._conflict(), code="conflict")

    def _seen(self) -> dict[str, str]:
        parts = str(self.cleaned_data.get("version") or "").split()
        return dict(part.split(":", 1) for part in parts if ":" in part)  # type: ignore[misc]

    def _conflict(self) -> str:
        at = timezone.localtime(self.instance.updated_at)
        other = "; ".join(f"{one.label}: {one.theirs}" for one in self.differences)
        return (
            f"Somebody else saved this at {at:%H:%M} on {at.day} {at:%b}, while you were writing. Stored now: {other}. "
            "Nothing of yours is lost: look at it once more, and save again to keep your version."
        )

    def save(self, commit: bool = True) -> Any:
        self.instance.updated_at = clock.now()
        return super().save(commit)


def _written(marks: dict[str, str]) -> str:
    return " ".join(f"{name}:{mark}" for name, mark in marks.items())


def _mark(value: Any) -> str:
    """Tells two values of a field apart; says nothing about them to whoever reads the page."""
    if isinstance(value, Model):
        value = value.pk
    elif isinstance(value, list):
        value = sorted(value)
    if value in ("", []):
        value = None
    return hashlib.blake2b(repr(value).encode(), digest_size=8).hexdigest()


def said(field: forms.Field, value: Any) -> str:
    """A field's value as people read it."""
    if isinstance(field, ValueField):
        return field.said(value)
    if isinstance(field, (forms.TypedChoiceField, forms.MultipleChoiceField)):
        names = dict(field.choices)  # type: ignore[arg-type]
        value = [names.get(one, one) for one in value] if isinstance(value, list) else names.get(value, value)
    if isinstance(value, list):
        value = ", ".join(value)
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, date):
        value = wording.day(value)
    return str(value or "blank")
