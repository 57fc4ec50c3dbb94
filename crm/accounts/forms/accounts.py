"""What people write about a customer."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.urls import reverse

from crm.accounts import rules
from crm.accounts.actions.hierarchy import circle
from crm.accounts.forms.versioned import VersionedForm
from crm.accounts.models import Account
from crm.accounts.naming import customer_named
from crm.team.models import User
from crm.web.fields import ZoneField, day_input


class ParentField(forms.CharField):
    """The customer that another belongs to, typed with suggestions."""

    def __init__(self, **options: Any) -> None:
        search = {
            "list": "customers", "autocomplete": "off", "data-suggests": "", "hx-target": "#customers",
            "hx-trigger": "input changed delay:150ms",
        }  # fmt: skip
        super().__init__(required=False, max_length=230, widget=forms.TextInput(attrs=search), **options)


class AccountForm(VersionedForm):
    """All that people write about a customer, or with `only` one field of it."""

    subject = "account"

    timezone = ZoneField(help_text="Mail is sent at their hours.")
    parent = ParentField(label="Part of", help_text="A bigger customer it belongs to. Type the first letters.")
    country = forms.TypedChoiceField(required=False)
    tags = forms.CharField(required=False, help_text="Separated by commas.")

    class Meta:
        model = Account
        fields: ClassVar[list[str]] = [
            "name", "kind", "domain", "industry", "owner", "signed_up_on", "country", "timezone", "language",
            "primary_use_case", "tags", "parent", "expected_benefit", "suitability", "goal", "goal_due_on",
            "do_not_contact",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "signed_up_on": "Signed up on", "primary_use_case": "Primary use case", "suitability": "Fit",
            "goal_due_on": "Goal due on", "do_not_contact": "Do not contact",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "primary_use_case": "What they mainly want from you, in a few words.",
            "language": "A code such as de or pt-BR.",
            "expected_benefit": "What having them should bring, as expected when they came.",
            "goal": "What they want to reach with what they bought.",
            "do_not_contact": "No service or marketing mail to anybody there; replies and receipts still go.",
        }
        widgets: ClassVar[dict[str, Any]] = {"signed_up_on": day_input(), "goal_due_on": day_input()}

    def __init__(self, *args: Any, viewer: User, only: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        if only:
            self.only(only)
        if "owner" in self.fields:
            self._offer_owners()
        if "country" in self.fields:
            self.fields["country"].choices = rules.country_choices(self.instance.country)  # type: ignore[attr-defined]
        if "suitability" in self.fields:
            self.fields["suitability"].choices = Account.Suitability.choices  # type: ignore[attr-defined]
        if "tags" in self.fields and self.instance.pk:
            self.initial["tags"] = ", ".join(self.instance.tags)
        if "parent" in self.fields:
            self._name_parent()

    def _offer_owners(self) -> None:
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        # Whoever owns it stays choosable after leaving, so that saving something else does not take it away.
        owner.queryset = User.objects.filter(Q(is_active=True) | Q(pk=self.instance.owner_id)).order_by("name", "id")
        owner.empty_label = "Nobody yet"

    def _name_parent(self) -> None:
        """A customer that the viewer may not see stays the parent, and is not named."""
        self.fields["parent"].widget.attrs["hx-get"] = reverse("accounts:names")
        if self.instance.parent_id is None:
            return
        parent = Account.objects.visible_to(self.viewer).filter(pk=self.instance.parent_id).first()
        if parent is None:
            self.forget("parent")
        else:
            self.initial["parent"] = f"{parent.name} #{parent.pk}"

    def clean_parent(self) -> Account | None:
        typed = self.cleaned_data["parent"]
        parent = customer_named(typed, self.viewer) if typed else None
        if parent and (why := circle(self.instance, parent)):
            raise forms.ValidationError(why)
        return parent

    def clean_language(self) -> str:
        code = str(self.cleaned_data["language"]).strip()
        if code and rules.language_name(code) == code:
            raise forms.ValidationError(f"“{code}” is no language code. Write one such as de, en or pt-BR.")
        return code

    def clean_domain(self) -> str:
        """People paste addresses; kept is the bare domain."""
        text = str(self.cleaned_data["domain"]).strip().lower()
        return text.removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]

    def clean_tags(self) -> list[str]:
        tags = rules.tag_list(self.cleaned_data["tags"])
        if too_long := next((tag for tag in tags if len(tag) > 60), None):
            raise forms.ValidationError(f"“{too_long[:30]}…” is too long for a tag. Keep to 60 characters.")
        return tags
