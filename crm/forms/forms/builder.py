"""The builder of a form: its words, its fields in their order, what becomes of entries, and where it may stand."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from crm import slots
from crm.accounts.rules import language_choices
from crm.forms import rules, targets
from crm.forms.arranging import Arrangement
from crm.forms.models import PublicForm
from crm.team.models import Team, User

_MOST_ORIGINS = 20


class OriginsField(forms.CharField):
    """Beginnings of addresses of pages, one a line."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        found = []
        for line in filter(None, re.split(r"[\s,]+", str(value or ""))):
            origin = rules.origin_of(line)
            if not origin or line.lower().rstrip("/") != origin:
                raise forms.ValidationError(
                    f"{line[:80]}: the beginning of an address alone, as https://www.example.com."
                )
            found.append(origin)
        if len(found) > _MOST_ORIGINS:
            raise forms.ValidationError(f"{_MOST_ORIGINS} pages are the most.")
        return list(dict.fromkeys(found))


class BuilderForm(forms.ModelForm):
    """All of a form but its fields, which are an Arrangement, and the settings of its outcome, a form of their own."""

    origins = OriginsField(
        required=False, label="May stand in a frame on",
        help_text="One a line: https://www.example.com. A link to it may stand anywhere.",
    )  # fmt: skip
    outcome = forms.ChoiceField(label="What becomes of an entry")

    class Meta:
        model = PublicForm
        fields: ClassVar[list[str]] = [
            "name", "slug", "title", "intro", "button", "outcome", "consent", "thanks", "goes_to", "owner_rule",
            "owner", "team", "keeps_owner", "language", "origins",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "name": "Name", "slug": "Address", "title": "Heading", "intro": "Above the fields", "button": "Button",
            "consent": "Words beside a box to tick", "thanks": "Thanks", "goes_to": "Or lead them to a page of yours",
            "owner_rule": "Whose it is", "owner": "Colleague", "team": "Team",
            "keeps_owner": "The customer’s owner first, if there is one",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Among yourselves; visitors read the heading.",
            "slug": "Small letters, digits and hyphens: “help” is /f/help/. Links to it break when it changes.",
            "intro": "**bold**, *italic*, lists with - and links [words](https://…).",
            "consent": "Only who ticks it agrees to mail. The words are kept with each consent.",
            "thanks": "Blank: “We have your message, and answer by mail.”",
            "goes_to": "An address that begins with https://",
            "language": "Of your words, and of whoever fills it in.",
        }
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            "slug": {"unique": "Another form has this address already, perhaps one that is switched off."}
        }
        widgets: ClassVar[dict[str, Any]] = {
            "intro": forms.Textarea(attrs={"rows": 3}), "thanks": forms.Textarea(attrs={"rows": 2}),
            "consent": forms.Textarea(attrs={"rows": 2}),
        }  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["slug"].required = self.fields["title"].required = False
        language = self.fields["language"]
        self.fields["language"] = forms.ChoiceField(
            choices=language_choices(self.instance.language), label=language.label, help_text=language.help_text,
            initial=language.initial,
        )  # fmt: skip
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        outcome.choices = [(name, one.label) for name, one in slots.form_outcomes.items()]
        owner: Any = self.fields["owner"]
        owner.queryset, owner.empty_label = User.objects.filter(is_active=True).order_by("name", "id"), "Choose one"
        team: Any = self.fields["team"]
        team.queryset, team.empty_label = Team.objects.order_by("name"), "Choose one"

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]) or slugify(self.cleaned_data.get("name", ""))[:40]
        if not slug:
            raise forms.ValidationError("Give it an address of small letters: help.")
        if PublicForm.objects.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(self.Meta.error_messages["slug"]["unique"])
        return slug

    def clean_title(self) -> str:
        return str(self.cleaned_data["title"]) or str(self.cleaned_data.get("name", ""))

    def clean_goes_to(self) -> str:
        url = str(self.cleaned_data["goes_to"])
        if url and (not url.startswith("https://") or not rules.origin_of(url)):
            raise forms.ValidationError("Write an address that begins with https://.")
        return url

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        rule = data.get("owner_rule")
        for kind in (PublicForm.OwnerRule.PERSON, PublicForm.OwnerRule.TEAM):
            field = "owner" if kind == PublicForm.OwnerRule.PERSON else "team"
            if rule == kind and not data.get(field):
                self.add_error(field, "Choose one.")
        outcome = slots.form_outcomes.get(data.get("outcome", ""))
        if outcome and data.get("consent") and not outcome.consents:
            self.add_error(
                "consent", "Consent is kept with a person on record, and this outcome makes none. Leave it blank."
            )
        return data


class Draft:
    """A form as an admin has it on the screen: three parts that are checked together."""

    def __init__(self, form: PublicForm, posted: QueryDict | None = None) -> None:
        self.form = form
        self.words = BuilderForm(posted, instance=form)
        self.outcome_name = (posted.get("outcome", "") if posted else form.outcome) or next(
            iter(slots.form_outcomes.names())
        )
        self.outcome = slots.form_outcomes.get(self.outcome_name)
        self.settings = {
            name: one.settings(posted, prefix=name, initial=form.outcome_settings if name == form.outcome else None)
            for name, one in slots.form_outcomes.items()
        }
        self.fields = Arrangement.posted(posted) if posted else Arrangement.of(form)

    def is_valid(self) -> bool:
        """All three say what is wrong, not only the first."""
        settings = self.settings.get(self.outcome_name)
        parts = [self.words.is_valid(), settings is not None and settings.is_valid(), self.fields.is_fit(self.outcome)]
        return all(parts)

    @property
    def values(self) -> dict[str, Any]:
        """Columns of a valid one."""
        data = {name: self.words.cleaned_data[name] for name in BuilderForm.Meta.fields}
        settings = self.settings[self.outcome_name].cleaned_data
        return data | {"fields": self.fields.kept, "outcome_settings": settings}

    @property
    def shown(self) -> PublicForm:
        """As visitors would see it, valid or not."""
        data = getattr(self.words, "cleaned_data", {})
        row = PublicForm(pk=self.form.pk or 0, fields=self.fields.kept, slug=self.form.slug or "new")
        for name in ("name", "title", "intro", "button", "consent", "language"):
            setattr(row, name, data.get(name) or self.words[name].value() or "")
        return row

    @property
    def offered(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What may be asked for besides, by heading."""
        there = {one.target for one in self.fields.asked}
        groups = targets.headings(self.outcome) if self.outcome else []
        return [(heading, left) for heading, rows in groups if (left := [row for row in rows if row[0] not in there])]
