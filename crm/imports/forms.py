"""What people say about a file: its kind, and which of its columns is which of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from crm import slots
from crm.imports.actions.reading import lacking, with_made
from crm.imports.actions.storing import Sample, too_large
from crm.imports.rules.guessing import Guess
from crm.imports.rules.headers import preferred
from crm.imports.rules.plans import DEFAULT_POLICY, POLICIES, SLASHES, TWINS, Plan
from crm.imports.rules.presets import PRESETS

#: Sample values beside each column.
SAMPLES = 3


class UploadForm(forms.Form):
    kind = forms.ChoiceField(widget=forms.RadioSelect)
    file = forms.FileField(
        label="File", allow_empty_file=True,
        error_messages={"required": "Choose a file, or drop one here."},
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.vcf,text/csv,text/plain,text/vcard", "data-file": ""}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["kind"]
        kinds.choices = [(name, kind.label or name) for name, kind in slots.import_kinds.items()]

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if refusal := too_large(file.size or 0, file.name or "The file"):
            raise forms.ValidationError(refusal)
        return file


@dataclass(frozen=True)
class ColumnLine:
    """One column of the file on the mapping page."""

    position: int
    title: str
    samples: list[str]
    chosen: str
    policy: str
    why: str  # how it was recognised; blank: somebody chose it, or nobody
    policies: bool  # whether one can be chosen for it
    adds: bool  # whether its values join those that are there
    rank: int  # the lower, the earlier it is looked into, where several go to one of ours
    after: str  # which are looked into before it, in words


def _standing(before: list[str], *, any_yes: bool) -> str:
    """How a column counts beside those that are looked into before it; the page's script says the same."""
    if not before:
        return ""
    known = " and ".join(before)
    if any_yes:
        return f"A yes here or in {known} counts"
    return f"Taken where {known} {'are' if before[1:] else 'is'} blank"


class MappingForm:
    """The columns of one file. A form of its own, since its fields are those of the file."""

    def __init__(self, kind: str, sample: Sample, plan: Plan, guessed: Mapping[int, Guess], data: Any = None) -> None:
        self.kind, self.of, self.sample, self.plan = kind, slots.import_kinds[kind], sample, plan
        self.guessed, self.errors = guessed, list[str]()
        self.save_as = ""
        if data is not None:
            self._read(data)

    def _read(self, data: Any) -> None:
        columns: dict[int, str] = {}
        policies: dict[str, str] = {}
        for position in range(len(self.sample.titles)):
            name = data.get(f"column-{position}", "")
            if name not in self.of.columns:
                continue
            another = name in columns.values()
            if another and not self.of.columns[name].several:
                self.errors.append(f"Two columns of the file go to {self.label(name)}. Choose one of them.")
            columns[position] = name
            policy = data.get(f"policy-{position}", DEFAULT_POLICY)
            if policy in POLICIES and policy != DEFAULT_POLICY and self.of.columns[name].policies and not another:
                policies[name] = policy
        preset: str = data.get("preset", "")
        slashes, twins = data.get("slashes", ""), data.get("twins", "create")
        self.plan = Plan(
            preset=preset if preset in PRESETS and self.kind in PRESETS[preset] else None, columns=columns,
            policies=policies, twins=twins if twins in TWINS else "create",
            slashes=slashes if slashes in SLASHES else "", made_of="made_of" in data,
            makes=tuple(name for name in self.of.makes if f"make-{name}" in data),
        )  # fmt: skip
        self.save_as = " ".join(data.get("save_as", "").split())[:80].replace("\0", "")
        there = dict.fromkeys(columns.values())
        there = with_made(self.of, there) if self.plan.made_of else there
        if missing := lacking(self.of, there, self.plan.makes or ()):
            names = ", ".join(" or ".join(map(self.label, name.split(" or "))) for name in missing)
            self.errors.append(f"Choose the column of the file that holds: {names}.")

    def is_valid(self) -> bool:
        return not self.errors

    def label(self, name: str) -> str:
        return self.of.columns[name].label or name.replace("_", " ").capitalize()

    def titles(self) -> dict[str, str]:
        """The file's title → our column: what can be said of another file of the same kind."""
        return {self.sample.titles[position]: name for position, name in (self.plan.columns or {}).items()}

    def lines(self) -> list[ColumnLine]:
        titles, columns = self.sample.titles, self.of.columns
        chosen = {at: guess.column for at, guess in self.guessed.items()} | dict(self.plan.columns or {})
        preset = PRESETS[self.plan.preset][self.kind] if self.plan.preset else None
        order = sorted(range(len(titles)), key=preferred(titles, preset))
        lines = []
        for position, title in enumerate(titles):
            name, guess = chosen.get(position, ""), self.guessed.get(position)
            rank = order.index(position)
            before = [titles[at] for at in order[:rank] if chosen.get(at) == name] if name else []
            lines.append(
                ColumnLine(
                    position, title, self.sample.cells(position, SAMPLES), name,
                    self.plan.policy(name) if name else DEFAULT_POLICY, guess.why if guess else "",
                    not name or columns[name].policies, bool(name) and columns[name].adds, rank,
                    _standing(before, any_yes=bool(name) and columns[name].kind == "yes_no"),
                )
            )  # fmt: skip
        return lines

    def options(self) -> list[dict[str, Any]]:
        """Our columns: name, label, hint, what a policy does (none, adds or replaces), and whether several may go there
        (or, of yes and no, any of them counts)."""
        return [
            {"name": name, "label": self.label(name) + (" *" if column.required and not column.or_else else ""),
             "hint": column.hint, "does": "none" if not column.policies else "adds" if column.adds else "replaces",
             "several": ("any" if column.kind == "yes_no" else "first") if column.several else ""}
            for name, column in self.of.columns.items()
        ]  # fmt: skip

    def makes(self) -> list[tuple[str, str, bool]]:
        """(name, words, whether it is so) of what else the file may make."""
        chosen = self.plan.makes
        if chosen is None:
            chosen = tuple(self.of.makes) if self.sample.of_cards else ()
        return [(name, words, name in chosen) for name, words in self.of.makes.items()]

    def made_of(self) -> str:
        """What may stand for the ids that the file has not, as people call it; blank: it has them."""
        there = {line.chosen: line.title for line in self.lines() if line.chosen}
        made = with_made(self.of, there).keys() - there.keys()
        return next((self.label(self.of.columns[name].made_of) for name in made), "")

    def missing(self) -> list[str]:
        """What the file must have and nobody has chosen yet."""
        there = [line.chosen for line in self.lines() if line.chosen]
        makes = [name for name, _, so in self.makes() if so]
        return [" or ".join(map(self.label, name.split(" or "))) for name in lacking(self.of, there, makes)]
