"""A macro as admins write it: its text, and what sending it sets beside."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.accounts.rules import tag_list
from crm.outbox import rendering
from crm.tickets.models import Macro, Ticket, TicketCategory

#: That sending one may turn its ticket to.
STATUSES = [(one.value, str(one.label)) for one in (
    Ticket.Status.OPEN, Ticket.Status.PENDING, Ticket.Status.ON_HOLD, Ticket.Status.SOLVED
)]  # fmt: skip
_STATUSES = [("", "As an answer does"), *STATUSES]
_PRIORITIES = [("", "Left as it is"), *((one.value, one.label) for one in Ticket.Priority)]


class MacroForm(forms.ModelForm):
    """Everybody's: whoever answers finds it by its name."""

    status = forms.ChoiceField(choices=_STATUSES, required=False, label="Then it is")
    priority = forms.TypedChoiceField(choices=_PRIORITIES, coerce=int, empty_value=None, required=False)
    category = forms.ModelChoiceField(
        TicketCategory.objects.filter(archived_at=None), required=False, empty_label="Left as it is"
    )
    tags = forms.CharField(required=False, label="Adds tags", help_text="Separated by commas.", max_length=300)

    class Meta:
        model = Macro
        fields: ClassVar[list[str]] = ["name", "body"]
        labels: ClassVar[dict[str, str]] = {"body": "Text"}
        help_texts: ClassVar[dict[str, str]] = {
            "body": "Filled in, and edited before it leaves: {{ contact.first_name }}, {{ contact.name }},"
            " {{ account.name }}, {{ ticket.number }}, {{ ticket.subject }}, {{ agent.first_name }}."
            " **bold**, *italic* and links [words](https://…) reach mail.",
        }
        widgets: ClassVar[dict[str, Any]] = {"body": forms.Textarea(attrs={"rows": 8})}

    def __init__(self, *args: Any, instance: Macro, **kwargs: Any) -> None:
        sets = instance.sets
        kwargs["initial"] = {
            "status": sets.get("status", ""), "priority": sets.get("priority"), "category": sets.get("category"),
            "tags": ", ".join(sets.get("tags", ())),
        }  # fmt: skip
        super().__init__(*args, instance=instance, **kwargs)

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        taken = Macro.objects.filter(owner=self.instance.owner_id, name__iexact=name).exclude(pk=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError("Another macro is called so already, perhaps one that is switched off.")
        return name

    def clean_body(self) -> str:
        body = str(self.cleaned_data["body"]).strip()
        try:
            rendering.check("", body)
        except rendering.TemplateError as error:
            raise forms.ValidationError(str(error)) from None
        return body

    def clean_tags(self) -> list[str]:
        tags = tag_list(self.cleaned_data["tags"])
        if any(len(tag) > 60 for tag in tags):
            raise forms.ValidationError("A tag has 60 characters at most.")
        return tags

    def save(self, commit: bool = True) -> Any:
        data = self.cleaned_data
        sets = {"status": data["status"], "priority": data["priority"], "tags": data["tags"],
                "category": data["category"].pk if data["category"] else None}  # fmt: skip
        self.instance.sets = {name: value for name, value in sets.items() if value}
        return super().save(commit)
