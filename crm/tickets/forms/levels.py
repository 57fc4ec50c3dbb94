"""What admins set about time and people: service levels, categories, and who gets which tickets."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.team.models import Team
from crm.tickets.models import Rota, ServiceLevel, Ticket, TicketCategory, TicketSettings
from crm.tickets.rules.targets import ends_before_it_begins, minutes_words, read_minutes

#: From the most urgent on, by their names in `ServiceLevel.targets`.
PRIORITIES = [(one.name.lower(), str(one.label)) for one in reversed(Ticket.Priority)]
CLOCKS = (("answer", "First answer"), ("solve", "Solved"))


class MinutesField(forms.CharField):
    """A stretch of time as people write it, cleaned to minutes; None is no limit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=30, widget=forms.TextInput({"placeholder": "no limit"}), **kwargs)

    def clean(self, value: Any) -> Any:
        try:
            return read_minutes(super().clean(value))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class TiersField(forms.CharField):
    """Tiers with commas between them, cleaned to a list."""

    def clean(self, value: Any) -> Any:
        found = list(dict.fromkeys(tier.strip() for tier in super().clean(value).split(",") if tier.strip()))
        if any(len(tier) > 20 for tier in found):
            raise forms.ValidationError("A tier has at most 20 characters. Put commas between several.")
        return found


class LevelForm(forms.Form):
    """A level with its limits by priority."""

    name = forms.CharField(max_length=60, label="Name")
    tiers = TiersField(
        required=False, max_length=200, label="For customers of these tiers",
        help_text="With commas: gold, silver. Blank: for everybody, also for those who are not on record.",
    )  # fmt: skip
    always = forms.BooleanField(
        required=False, label="The clock goes on day and night",
        help_text="Else by the business hours of the ticket’s team, or of the house.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, level: ServiceLevel) -> None:
        self.level = level
        first: dict[str, Any] = {"name": level.name, "tiers": ", ".join(level.tiers), "always": level.always}
        for priority, _ in PRIORITIES:
            for clock, _ in CLOCKS:
                first[f"{priority}_{clock}"] = minutes_words(level.targets.get(priority, {}).get(clock))
        super().__init__(data, initial=first)
        for priority, name in PRIORITIES:
            for clock, words in CLOCKS:
                self.fields[f"{priority}_{clock}"] = MinutesField(label=f"{words}, {name.lower()}")

    @property
    def limits(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The rows of the table: a priority with its two fields."""
        return [(label, [self[f"{name}_{clock}"] for clock, _ in CLOCKS]) for name, label in PRIORITIES]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if ServiceLevel.objects.filter(name__iexact=name).exclude(pk=self.level.pk).exists():
            raise forms.ValidationError("There is a level of this name already, perhaps an archived one.")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for priority, _ in PRIORITIES:
            answer, solve = data.get(f"{priority}_answer"), data.get(f"{priority}_solve")
            if ends_before_it_begins(answer, solve):
                self.add_error(f"{priority}_solve", "It cannot be solved before it is answered.")
        return data

    def save(self) -> ServiceLevel:
        data = self.cleaned_data
        self.level.name, self.level.tiers, self.level.always = data["name"], data["tiers"], data["always"]
        limits = {
            priority: {clock: data[f"{priority}_{clock}"] for clock, _ in CLOCKS if data[f"{priority}_{clock}"]}
            for priority, _ in PRIORITIES
        }
        self.level.targets = {priority: targets for priority, targets in limits.items() if targets}
        self.level.save()
        return self.level


class WarningForm(forms.ModelForm):
    warns_at = forms.IntegerField(min_value=10, max_value=95, label="Warn when so much of a limit is used, in per cent")

    class Meta:
        model = TicketSettings
        fields: ClassVar[list[str]] = ["warns_at"]


class CategoryForm(forms.ModelForm):
    class Meta:
        model = TicketCategory
        fields: ClassVar[list[str]] = ["name", "team", "assigns_by"]
        labels: ClassVar[dict[str, str]] = {"team": "Such tickets go to", "assigns_by": "And in it to"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["team"].empty_label = "no team"  # type: ignore[attr-defined]
        choices = TicketCategory._meta.get_field("assigns_by").choices or ()
        self.fields["assigns_by"].choices = [("", "As its team does"), *choices]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if TicketCategory.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a category of this name already, perhaps an archived one.")
        return name


class RotaForm(forms.ModelForm):
    class Meta:
        model = Rota
        fields: ClassVar[list[str]] = ["assigns_by"]
        labels: ClassVar[dict[str, str]] = {"assigns_by": "New tickets go to"}
