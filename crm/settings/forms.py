"""What admins fill in about the team and the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import Count, Exists, OuterRef

from crm.ledger.actions.rates import NewRate
from crm.settings import holiday_files, rate_lines
from crm.team.hours import ClosedDays, clock_of, day_words, minutes_of, parse_day
from crm.team.models import BusinessHours, Membership, Organisation, Team, User, WriteKey
from crm.web import clock
from crm.web.days import EARLIEST_DAY, LATEST_DAY
from crm.web.fields import ZoneField, day_input
from crm.web.rules import local_moment

_NO_FILL = {"autocomplete": "off"}


class PersonForm(forms.Form):
    """Role, what they see, and their teams."""

    role = forms.ChoiceField(choices=User.Role.choices, label="Role")
    sees = forms.ChoiceField(
        choices=User.Sees.choices,
        label="Sees",
        help_text="Customers without an owner are seen by everybody. Admins see all.",
    )
    teams = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Teams", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, teams: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].choices = [(team.pk, team.name) for team in teams]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, user: User, teams: Sequence[Team], data: Any = None) -> PersonForm:
        """As it stands for somebody; `teams` as `teams_for(user)` gives them."""
        first = {"role": user.role, "sees": user.sees, "teams": [team.pk for team in teams if team.has_them]}  # type: ignore[attr-defined]
        return cls(data, initial=first, teams=teams)


def teams_for(user: User | None = None) -> list[Team]:
    """All teams by name, in one query: how many people they have, and whether this user is one (`has_them`)."""
    theirs = Membership.objects.filter(team=OuterRef("pk"), user=user)
    return list(Team.objects.annotate(people=Count("memberships"), has_them=Exists(theirs)).order_by("name"))


class InviteForm(PersonForm):
    email = forms.EmailField(max_length=254, label="E-mail address", widget=forms.EmailInput(attrs=_NO_FILL))
    name = forms.CharField(max_length=120, label="Name", widget=forms.TextInput(attrs=_NO_FILL))
    field_order: ClassVar[list[str]] = ["email", "name", "role", "sees", "teams"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class TeamForm(forms.ModelForm):
    """A team's name; who is in it stands on each person's page."""

    class Meta:
        model = Team
        fields: ClassVar[list[str]] = ["name"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if Team.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a team of this name already. Choose another.")
        return name


class HandOverForm(forms.Form):
    """To whom, and until when."""

    to = forms.ChoiceField(label="To")
    until = forms.DateField(
        label="Until", required=False, widget=forms.DateInput({"type": "date"}),
        help_text="The day on which everything comes back by itself. Blank: for good.",
    )  # fmt: skip

    def __init__(self, *args: Any, giver: User, teams: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = User.objects.filter(is_active=True).exclude(pk=giver.pk).order_by("name", "pk")
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            ("", "Choose …"),
            ("One person", [(f"user:{user.pk}", str(user)) for user in self._people]),
            ("In turn among a team", [(f"team:{team.pk}", team.name) for team in teams if team.people]),  # type: ignore[attr-defined]
        ]

    def receivers(self) -> tuple[list[User], str]:
        """Of a valid form: who gets it, and how that is said."""
        kind, _, pk = self.cleaned_data["to"].partition(":")
        if kind == "user":
            user = self._people.get(pk=pk)
            return [user], str(user)
        team = Team.objects.get(pk=pk)
        return list(self._people.filter(teams=team)), f"the team {team}"

    def back_at(self) -> datetime | None:
        """The first moment of the day, as the installation counts days."""
        day: date | None = self.cleaned_data["until"]
        return local_moment(day, time(0), clock.zone()) if day else None


class OrganisationForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields: ClassVar[list[str]] = ["name"]
        labels: ClassVar[dict[str, str]] = {"name": "Name of your organisation"}
        help_texts: ClassVar[dict[str, str]] = {"name": "Stands in invitations, and in authenticator apps."}
        widgets: ClassVar[dict[str, Any]] = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True


class SecondFactorForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields: ClassVar[list[str]] = ["second_factor"]
        widgets: ClassVar[dict[str, Any]] = {"second_factor": forms.RadioSelect}
        labels: ClassVar[dict[str, str]] = {"second_factor": "Who must have one"}


class DayField(forms.CharField):
    """The hours of one day, as people write them; cleaned to intervals as BusinessHours keeps them."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return [[clock_of(begin), clock_of(end)] for begin, end in parse_day(text)]
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class WeekForm(forms.Form):
    """The hours of each weekday, and on whose clock."""

    DAYS: ClassVar = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    time_zone = ZoneField(help_text="Blank: the installation’s, and for each colleague their own.")

    def __init__(self, *args: Any, hours: BusinessHours, **kwargs: Any) -> None:
        super().__init__(*args, initial={"time_zone": hours.time_zone}, **kwargs)
        text = forms.TextInput({"placeholder": "closed", "autocomplete": "off", "spellcheck": "false"})
        for number, name in enumerate(self.DAYS):
            intervals = [(minutes_of(begin), minutes_of(end)) for begin, end in hours.week[number]]
            self.fields[f"day{number}"] = DayField(
                label=name, required=False, max_length=100, widget=text, initial=day_words(intervals)
            )

    def days(self) -> list[tuple[forms.BoundField, list[tuple[int, int]]]]:
        """Each day’s field, with from when and how long it is open now, in minutes, to draw."""
        fields = [self[f"day{number}"] for number in range(7)]
        return [(day, [(a, b - a) for a, b in parse_day(day.initial)]) for day in fields]

    def week(self) -> list[list[list[str]]]:
        """Of a valid form."""
        return [self.cleaned_data[f"day{number}"] for number in range(7)]


class HolidayForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    starts_on = forms.DateField(label="Day", widget=day_input())
    ends_on = forms.DateField(label="Until", required=False, widget=day_input(), help_text="Blank: that one day.")
    yearly = forms.BooleanField(label="Every year", required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("starts_on"), data.get("ends_on") or data.get("starts_on")
        if first and last and not EARLIEST_DAY <= first <= LATEST_DAY:
            self.add_error("starts_on", f"Days lie between {EARLIEST_DAY.year} and {LATEST_DAY.year}.")
        elif first and last and last < first:
            self.add_error("ends_on", "It ends before it begins. Leave it blank for one day.")
        elif first and last and (last > LATEST_DAY or (last - first).days > 366):
            self.add_error("ends_on", "A holiday lasts a year at most.")
        return data

    def closed(self) -> ClosedDays:
        """Of a valid form."""
        data = self.cleaned_data
        return ClosedDays(data["starts_on"], data["ends_on"] or data["starts_on"], data["yearly"], data["name"])


class HolidayFileForm(forms.Form):
    file = forms.FileField(
        label="Calendar file",
        widget=forms.FileInput({"accept": ".ics,text/calendar"}),
        error_messages={"required": "Choose a file whose name ends in .ics."},
    )

    def clean_file(self) -> holiday_files.Found:
        file = self.cleaned_data["file"]
        if file.size > holiday_files.MOST_BYTES:
            raise forms.ValidationError("The file has more than 1 MB. Choose a list of holidays.")
        try:
            return holiday_files.read(file.read())
        except holiday_files.CalendarError as error:
            raise forms.ValidationError(str(error)) from None


class RateField(forms.DecimalField):
    """A rate as people write it, with a point or a comma; the pasted lines read both too."""

    default_error_messages = {"invalid": "Write a number, such as 0.92."}

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class RateForm(forms.Form):
    """One rate."""

    code = forms.RegexField(
        r"^[A-Za-z]{3}$", label="Currency", widget=forms.TextInput({"placeholder": "USD", "autocomplete": "off"}),
        error_messages={"invalid": "Write the three letters of ISO 4217, such as USD."},
    )  # fmt: skip
    rate = RateField(
        label="One of it is worth", min_value=rate_lines.SMALLEST, max_value=rate_lines.LARGEST, decimal_places=8,
        widget=forms.TextInput({"inputmode": "decimal", "placeholder": "0.92", "autocomplete": "off"}),
    )  # fmt: skip
    valid_from = forms.DateField(label="From", widget=day_input())

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).upper()
        if code == settings.CURRENCY:
            raise forms.ValidationError(f"{code} is the reporting currency; it is always worth 1.")
        return code

    def clean_valid_from(self) -> date:
        day: date = self.cleaned_data["valid_from"]
        if not EARLIEST_DAY <= day <= LATEST_DAY:
            raise forms.ValidationError(f"Days lie between {EARLIEST_DAY.year} and {LATEST_DAY.year}.")
        return day


class RatesForm(forms.Form):
    """Many rates, pasted."""

    lines = forms.CharField(
        label="Lines", max_length=200_000,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false", "placeholder": "USD, 2026-01-01, 0.92"}),
        help_text="A currency, a day and a number on each line, as a spreadsheet has them. No day: today.",
    )  # fmt: skip

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = clock.today(now)

    def clean_lines(self) -> list[NewRate]:
        try:
            return rate_lines.read(self.cleaned_data["lines"], settings.CURRENCY, self.today)
        except rate_lines.LineError as error:
            raise forms.ValidationError(str(error)) from None


class WriteKeyForm(forms.Form):
    name = forms.CharField(
        max_length=80,
        label="Which product reports with it",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "Web app, production"}),
    )
    scope = forms.ChoiceField(
        label="It may report",
        choices=WriteKey.Scope.choices,
        help_text="“Who uses it” also lets it add people and customers, and correct their names.",
    )


class EmptyForm(forms.Form):
    """That somebody means it: they type the name of the organisation."""

    backup = forms.BooleanField(
        label="Make a backup first", required=False, initial=True,
        help_text="Into the folder BACKUP_ROOT on the server; manage.py restore brings it back.",
    )  # fmt: skip
    typed = forms.CharField(max_length=120, widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].label = f"Type “{name}” to go on"

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed.casefold() != self.name.strip().casefold():
            raise forms.ValidationError(f"Type “{self.name}”, as it stands here. Nothing was changed.")
        return typed
