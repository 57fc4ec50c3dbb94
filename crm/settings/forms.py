"""What admins fill in about the team and the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar

from django import forms
from django.db.models import Count, Exists, OuterRef

from crm.team.models import Membership, Organisation, Team, User
from crm.web import clock
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
        error_messages: ClassVar[dict[str, Any]] = {"name": {"unique": "There is a team of this name already."}}


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
