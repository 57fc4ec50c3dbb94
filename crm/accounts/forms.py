"""What people fill in about customers and their people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone

from crm.accounts import rules
from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.web import clock
from crm.web.fields import ZoneField

_DAY = {"type": "date"}


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs=_DAY, format="%Y-%m-%d")


class VersionedForm(forms.ModelForm):
    """Remembers which state of the row it was filled from, and is refused when somebody saved another since."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: As stored, before cleaning writes the form's values onto the instance.
        self.stored = {name: getattr(self.instance, name) for name in self._meta.fields or ()}
        self.initial["version"] = self.current = self.instance.updated_at.isoformat() if self.instance.pk else ""

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.instance.pk and self.cleaned_data.get("version") != self.current:
            typed: Any = self.data.copy()  # type: ignore[attr-defined]
            typed[self.add_prefix("version")] = self.current
            self.data = typed
            at = timezone.localtime(self.instance.updated_at)
            raise forms.ValidationError(
                f"Somebody else saved this at {at:%H:%M} on {at.day} {at:%b}, while you were writing. {self._theirs()}"
                "Nothing of yours is lost: look at it once more, and save again to keep your version.",
                code="conflict",
            )
        return data

    def _theirs(self) -> str:
        """What is stored now, where it differs from the form."""
        other = [
            f"{self.fields[name].label}: {_said(self.fields[name], value)}"
            for name, value in self.stored.items()
            if name in self.cleaned_data and self.cleaned_data[name] != value
        ]
        return f"Stored now: {'; '.join(other)}. " if other else ""

    def save(self, commit: bool = True) -> Any:
        self.instance.updated_at = clock.now()
        return super().save(commit)


def _said(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.TypedChoiceField):
        value = dict(field.choices).get(value, value)  # type: ignore[arg-type]
    if isinstance(value, list):
        value = ", ".join(value)
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    return str(value or "blank")


class AccountForm(VersionedForm):
    timezone = ZoneField(help_text="Mail is sent at their hours.")
    country = forms.TypedChoiceField(required=False)
    tags = forms.CharField(required=False, help_text="Separated by commas.")

    class Meta:
        model = Account
        fields: ClassVar[list[str]] = [
            "name", "kind", "domain", "industry", "owner", "signed_up_on", "country", "timezone", "primary_use_case",
            "tags",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {"signed_up_on": "Signed up on", "primary_use_case": "Primary use case"}
        help_texts: ClassVar[dict[str, str]] = {"primary_use_case": "What they mainly want from you, in a few words."}
        widgets: ClassVar[dict[str, Any]] = {"signed_up_on": _day_input()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        # Whoever owns it stays choosable after leaving, so that saving something else does not take it away.
        owner.queryset = User.objects.filter(Q(is_active=True) | Q(pk=self.instance.owner_id)).order_by("name", "id")
        owner.empty_label = "Nobody yet"
        self.fields["country"].choices = rules.country_choices(self.instance.country)  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["tags"] = ", ".join(self.instance.tags)

    def clean_domain(self) -> str:
        """People paste addresses; kept is the bare domain."""
        text = str(self.cleaned_data["domain"]).strip().lower()
        return text.removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]

    def clean_tags(self) -> list[str]:
        tags = rules.tag_list(self.cleaned_data["tags"])
        if too_long := next((tag for tag in tags if len(tag) > 60), None):
            raise forms.ValidationError(f"“{too_long[:30]}…” is too long for a tag. Keep to 60 characters.")
        return tags


class ContactForm(VersionedForm):
    timezone = ZoneField(help_text="Blank: the customer's.")

    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = [
            "first_name", "last_name", "email", "phone", "title", "timezone", "birthday", "email_consent", "is_primary",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "email": "E-mail", "email_consent": "Consent to mail", "is_primary": "Primary contact",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {"is_primary": "Gets the mail that goes to the customer."}
        widgets: ClassVar[dict[str, Any]] = {"birthday": _day_input()}

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.fields["email_consent"].choices = Contact.Consent.choices  # type: ignore[attr-defined]

    def clean_email(self) -> str | None:
        email = (self.cleaned_data["email"] or "").strip().lower()
        if not email:
            return None
        other = Contact.objects.select_related("account").filter(email=email).exclude(pk=self.instance.pk).first()
        if other:
            raise forms.ValidationError(taken(other, self.viewer))
        return email

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if not any(self.cleaned_data.get(name) for name in ("first_name", "last_name", "email")):
            raise forms.ValidationError("Give a name or an e-mail address, so that this person can be recognised.")
        return data


def taken(other: Contact, viewer: User) -> str:
    """Where an address already is, as far as the viewer may know."""
    if Account.objects.visible_to(viewer).filter(pk=other.account_id).exists():
        return f"This address belongs to {other.name} at {other.account.name}. One address is one person."
    return "This address belongs to a person at a customer you cannot see. Ask an admin to move them."


class LogForm(forms.Form):
    """A call, a meeting or a note that somebody of ours had or wrote."""

    KINDS = (("call", "Call"), ("meeting", "Meeting"), ("note", "Note"))

    kind = forms.ChoiceField(choices=KINDS, initial="call")
    contact = forms.ModelChoiceField(Contact.objects.none(), required=False, label="With", empty_label="Nobody named")
    minutes = forms.IntegerField(required=False, min_value=1, max_value=1440, help_text="How long it took.")
    occurred_at = forms.DateTimeField(
        required=False, label="When", help_text="Blank: just now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    text = forms.CharField(label="What was said", max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, people: Sequence[Contact] = (), now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        chosen = self.fields["contact"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = Contact.objects.filter(pk__in=[person.pk for person in people])
        # The page has fetched them already.
        chosen.choices = [("", chosen.empty_label), *((person.pk, person.name) for person in people)]

    def clean_occurred_at(self) -> datetime:
        assert self.now  # a form that is sent has it
        moment = self.cleaned_data["occurred_at"] or self.now
        if moment > self.now + timedelta(minutes=5):
            raise forms.ValidationError("That is still to come. Log it afterwards, or make a task for it.")
        return moment

    def sentence(self) -> str:
        """Of a valid form: what the timeline shows as its line."""
        data = self.cleaned_data
        who = data["contact"].name if data["contact"] else ""
        told = {"call": f"Called {who}" if who else "Call", "meeting": f"Met {who}" if who else "Meeting"}
        line = told.get(data["kind"]) or (f"Note about {who}" if who else "Note")
        return f"{line} · {data['minutes']} min" if data["minutes"] and data["kind"] != "note" else line
