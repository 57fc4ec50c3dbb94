"""What admins fill in about pipelines: their names, their stages, where deals go, and why deals are lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from crm.pipelines import values
from crm.pipelines.actions.refusals import DealError, StaleError, TakenError
from crm.pipelines.actions.shaping import version_of
from crm.pipelines.effects import Target
from crm.pipelines.models import Outcome, Pipeline, Stage

_LONGEST_WAIT = 3650  # days
_CHECK = "check_"


class SeenForm(forms.Form):
    """Of something that somebody else may change meanwhile: its version comes along."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def refused(self, because: DealError, row: Pipeline | Stage | None = None) -> None:
        """Says why it does not hold, beside what is meant. `row` is what the form is about, as it is now: of one that
        somebody has changed meanwhile, the form holds once it is sent again."""
        if row is not None and isinstance(because, StaleError):
            self.look_again(version_of(row))
        self.add_error("name" if isinstance(because, TakenError) else None, str(because))

    def look_again(self, version: str, **missing: str) -> None:
        """Sent once more, it holds. `missing`: what stands in fields that there were not when it was sent."""
        told: Any = self.data
        self.data = told = told.copy()
        told["seen"] = version
        for name, value in missing.items():
            told.setdefault(name, value)


class PipelineForm(SeenForm):
    name = forms.CharField(max_length=60, widget=forms.TextInput({"autocomplete": "off"}))
    purpose = forms.ChoiceField(choices=Pipeline.Purpose, help_text="What insight compares it by.")
    books = forms.BooleanField(
        required=False, label="Winning books a contract", help_text="Off for ways on which nothing is sold."
    )

    @classmethod
    def of(cls, row: Pipeline) -> PipelineForm:
        initial = {"name": row.name, "purpose": row.purpose, "books": row.books, "seen": version_of(row)}
        return cls(initial=initial)


class StageForm(SeenForm):
    """A stage as it is, or a new one. One that ends a pipeline has neither days nor checks, and its chance is fixed."""

    name = forms.CharField(max_length=60, widget=forms.TextInput({"autocomplete": "off"}))
    colour = forms.ChoiceField(choices=[(name, name.capitalize()) for name in Stage.COLOURS], widget=forms.RadioSelect)
    outcome = forms.ChoiceField(choices=Outcome, label="Kind", initial=Outcome.OPEN)
    probability = forms.IntegerField(
        min_value=0, max_value=100, label="Probability in %", help_text="How many of its deals are won."
    )
    expected_days = forms.IntegerField(
        min_value=1, max_value=_LONGEST_WAIT, required=False, help_text="Longer is stuck. Blank: never."
    )
    more_checks = forms.CharField(
        required=False, max_length=4000, label="To be done before a deal leaves it",
        widget=forms.Textarea({"rows": 2}), help_text="One a line: “Budget is known”. Each is ticked on the deal.",
    )  # fmt: skip
    required = forms.MultipleChoiceField(
        required=False, label="Filled in before a deal enters it", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any = None, *, row: Stage | None, ends: Sequence[str] = (), **more: Any) -> None:
        """`ends`: the outcomes that its pipeline has already, and of which there is one each."""
        super().__init__(data, **more)
        self.row, self.lines = row, list(row.checklist) if row else []
        if row:
            said = {name: getattr(row, name) for name in ("name", "colour", "probability", "expected_days", "required")}
            self.initial = {**said, "seen": version_of(row), **self.initial}
        offered = [(code, label) for code, label in Outcome.choices if code not in ends]
        if row or len(offered) == 1:
            del self.fields["outcome"]
        else:
            self.fields["outcome"].choices = offered  # type: ignore[attr-defined]
        if row and row.outcome != Outcome.OPEN:
            self.lines = []
            for name in ("probability", "expected_days", "more_checks"):
                del self.fields[name]
        self._offer(row)
        for line in self.lines:
            self.fields[f"{_CHECK}{line['id']}"] = forms.CharField(
                required=False, max_length=200, initial=line["label"], label=f"Check: {line['label']}"
            )

    def _offer(self, row: Stage | None) -> None:
        """Fields that it may require; one that is archived and that it requires still stands there."""
        known = values.requirable()
        gone = [name for name in (row.required if row else ()) if name not in dict(known)]
        archived = [(name, f"{label} (archived)") for name, label in zip(gone, values.labels(gone), strict=True)]
        self.fields["required"].choices = [*known, *archived]  # type: ignore[attr-defined]

    @property
    def checks(self) -> list[Any]:
        """The bound fields of the lines that are there."""
        return [self[f"{_CHECK}{line['id']}"] for line in self.lines]

    def look_again(self, version: str, **missing: str) -> None:
        """Lines that somebody else has added meanwhile stay."""
        theirs = {f"{_CHECK}{line['id']}": line["label"] for line in self.lines}
        super().look_again(version, **theirs, **missing)

    def values(self) -> dict[str, Any]:
        """As the verbs take them; of a valid form."""
        data = self.cleaned_data
        names = ("name", "colour", "outcome", "probability", "expected_days", "required")
        said: dict[str, Any] = {name: data[name] for name in names if name in data}
        if "more_checks" in data:
            there = [{"id": line["id"], "label": data[f"{_CHECK}{line['id']}"]} for line in self.lines]
            said["checklist"] = there + [{"label": label} for label in data["more_checks"].splitlines()]
        return said


class ArchiveForm(forms.Form):
    """Where the open deals go. Without any, nothing is asked."""

    to = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, label="Where they go",
        error_messages={"required": "Choose where they go."},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, targets: Sequence[Target], needed: bool) -> None:
        super().__init__(data)
        self.fields["to"].choices = [(target.stage.pk, str(target.stage)) for target in targets]  # type: ignore[attr-defined]
        if not needed:
            del self.fields["to"]

    @property
    def move_to(self) -> int | None:
        """Of a valid form."""
        return self.cleaned_data.get("to")


class ReasonForm(forms.Form):
    name = forms.CharField(max_length=80, label="Reason", widget=forms.TextInput({"autocomplete": "off"}))
