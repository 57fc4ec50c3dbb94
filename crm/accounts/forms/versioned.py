"""Forms that two people may fill in at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Model

from crm.fields.forms import NAMED, ValueField, changed, fields_for, grouped
from crm.history import changes, sentences
from crm.history.models import Act
from crm.history.tracking import tracked_as
from crm.team.models import User
from crm.web import clock, wording

#: Before a field's name: which value stays where two people have changed it.
CHOICE = "choice_"
THEIRS, MINE = "theirs", "mine"
#: Behind the mark of a value that was put beside one's own and not decided about yet.
_ASKED = "?"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else has changed while this form was being filled in."""

    name: str
    label: str
    theirs: str
    yours: str
    who: str = "Somebody"
    by_you: bool = False  # in another window, or by another way
    how: str = ""  # by which way, where it was not simply a page
    at: datetime | None = None

    @property
    def choice(self) -> str:
        return f"{CHOICE}{self.name}"


class VersionedForm(forms.ModelForm):
    """Remembers each value that it was filled from, so that two people who change different fields both get their way.

    Who changes a field that somebody else has changed since is refused with both values, in `differences`, and says in
    `choice_<field>` which of them stays. A field that only the other has changed takes what is stored: `taken_over`.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)  # each field with the mark of its value

    subject: ClassVar[str]  # whose fields that admins have made it has too
    viewer: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: As stored, before cleaning writes the form's values onto the instance.
        self.stored = {name: getattr(self.instance, name) for name in self._meta.fields or () if name in self.fields}
        own = fields_for(self.subject, self.instance.custom, new=self.instance.pk is None)
        self.fields.update(own)
        self.stored |= {name: field.stored for name, field in own.items()}
        self.differences: Sequence[Difference] = ()
        self.taken_over: Sequence[Difference] = ()
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

    def others(self) -> str:
        """Who else has changed what this form changes."""
        return wording.listed(dict.fromkeys(one.who for one in self.differences))

    def kept_beside(self) -> str:
        """A sentence about what only others have changed; blank if that is nothing."""
        if not self.taken_over:
            return ""
        who = wording.listed(dict.fromkeys("you" if one.by_you else one.who for one in self.taken_over))
        return f"What {who} changed meanwhile is kept: {wording.listed(one.label for one in self.taken_over)}."

    def _meet(self) -> None:
        """Bring together what was typed with what is stored by now; an error at each field that is to be decided."""
        seen, apart, over = self._seen(), {}, []
        typed: Any = self.data.copy()  # type: ignore[attr-defined]
        for name, theirs in self.stored.items():
            present, known = _mark(theirs), seen.get(name, "")
            decided = self.data.get(f"{CHOICE}{name}") if known == present + _ASKED else None
            if known == present or (name not in self.cleaned_data and decided != THEIRS):
                continue
            mine = self.cleaned_data.get(name)
            seen[name] = present
            if decided == THEIRS or _mark(mine) == known:
                over += [] if decided else [name]
                self._take(name, theirs, typed)
            elif decided != MINE and _mark(mine) != present:
                seen[name] += _ASKED
                apart[name] = mine
        typed[self.add_prefix("version")] = _written(seen)
        self.data = typed
        if apart or over:
            self._tell(apart, over)

    def _take(self, name: str, theirs: Any, typed: Any) -> None:
        """Go on as if what is stored had been typed."""
        self._errors.pop(name, None)  # type: ignore[attr-defined]
        self.cleaned_data[name] = theirs
        field, key = self.fields[name], self.add_prefix(name)
        value = self.get_initial_for_field(field, name)
        shown = value if isinstance(value, bool) else field.widget.format_value(field.prepare_value(value))  # type: ignore[attr-defined]
        typed.pop(key, None)
        if shown is True:
            typed[key] = "on"
        elif isinstance(shown, list):
            typed.setlist(key, shown)
        elif shown is not False:
            typed[key] = shown or ""

    def _tell(self, apart: dict[str, Any], over: Collection[str]) -> None:
        """Who wrote what, about the fields that are to be decided and those that were taken over."""
        of = tracked_as(type(self.instance))
        columns = {name: self._column(name) for name in (*apart, *over)}
        acts = changes.writers(of, self.instance.pk, columns.values())
        found = {name: self._difference(name, apart.get(name), acts.get(column)) for name, column in columns.items()}
        self.differences = [found[name] for name in apart]
        self.taken_over = [found[name] for name in over]
        for one in self.differences:
            self.add_error(one.name, forms.ValidationError(f"{one.who} changed this too: choose above.", "conflict"))

    def _column(self, name: str) -> str:
        """As the history calls it."""
        if name.startswith(NAMED):
            return f"custom.{name.removeprefix(NAMED)}"
        return str(self._meta.model._meta.get_field(name).column)  # type: ignore[union-attr]

    def _difference(self, name: str, mine: Any, act: Act | None) -> Difference:
        field = self.fields[name]
        told = (name, str(field.label or name), said(field, self.stored[name]), said(field, mine))
        if act is None:
            return Difference(*told)
        how, by_you = sentences.how(act), act.by_id == self.viewer.pk
        who = act.who if not by_you else "You" if how else "You (in another window)"
        return Difference(*told, who, by_you, how, act.at)

    def _seen(self) -> dict[str, str]:
        parts = str(self.cleaned_data.get("version") or "").split()
        return dict(part.split(":", 1) for part in parts if ":" in part)  # type: ignore[misc]

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
