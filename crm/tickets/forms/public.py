"""What anybody fills in on a public form. It needs no cookie: a signed token in the page says that it is ours, and
makes one ticket of a form that is sent twice."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from crm.tickets.models import TicketCategory, TicketForm

#: Files of one entry, and bytes of them together.
MOST_FILES, MOST_BYTES = 5, 10 * 1024 * 1024
LONGEST_TEXT = 20_000
#: Seconds for which a page can be sent.
OPEN_FOR = 24 * 60 * 60
_SALT = "crm.tickets.public-form"


class _Several(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        return list(files.getlist(name)) if hasattr(files, "getlist") else []


class FilesField(forms.FileField):
    widget = _Several

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        found = [super(FilesField, self).clean(one, initial) for one in data or []]
        size = sum(one.size or 0 for one in found)
        if len(found) > MOST_FILES:
            raise forms.ValidationError(f"{MOST_FILES} files are the most. Choose them again.")
        if size > MOST_BYTES:
            raise forms.ValidationError(
                f"These files have {filesizeformat(size)} together; {filesizeformat(MOST_BYTES)} are the most."
            )
        return found


class PublicForm(forms.Form):
    """The fields that the form shows. `website` is a trap: people do not see it, and programs fill it in."""

    name = forms.CharField(max_length=120, required=False, label="Your name")
    email = forms.EmailField(
        max_length=254, label="Your e-mail address", help_text="We answer to it.",
        error_messages={"required": "Give us an address to answer to.", "invalid": "This is no e-mail address."},
    )  # fmt: skip
    subject = forms.CharField(max_length=200, required=False, label="Subject")
    category = forms.ModelChoiceField(
        TicketCategory.objects.none(), required=False, label="What is it about?", empty_label="Something else"
    )
    text = forms.CharField(
        max_length=LONGEST_TEXT, label="Your message", widget=forms.Textarea(attrs={"rows": 7}),
        error_messages={"required": "Tell us what it is about."},
    )  # fmt: skip
    files = FilesField(  # type: ignore[assignment]
        required=False, label="Files", max_length=150,
        help_text=f"Up to {MOST_FILES}, {filesizeformat(MOST_BYTES)} together.",
    )  # fmt: skip
    website = forms.CharField(required=False, max_length=200, label="Leave this empty")
    token = forms.CharField(widget=forms.HiddenInput, max_length=300)

    def __init__(self, shown: TicketForm, *args: Any, **kwargs: Any) -> None:
        self.shown = shown
        kwargs["initial"] = {"token": new_token(shown)} | kwargs.get("initial", {})
        super().__init__(*args, auto_id="ask_%s", **kwargs)
        for field in TicketForm.Shown.values:
            if not shown.asks(field):
                del self.fields[field]
        if "category" in self.fields:
            self.fields["category"].queryset = TicketCategory.objects.filter(archived_at=None)  # type: ignore[attr-defined]
        for name, kind in {"name": "name", "email": "email", "website": "off"}.items():
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = kind
        self.fields["website"].widget.attrs["tabindex"] = "-1"

    def clean_token(self) -> str:
        """The number that it was made with. A page that is too old can be sent once more, as it stands."""
        try:
            slug, number = signing.loads(self.cleaned_data["token"], salt=_SALT, max_age=OPEN_FOR)
        except (signing.BadSignature, ValueError):
            slug, number = "", ""
        if slug != self.shown.slug:
            self.data = self.data | {"token": new_token(self.shown)} if isinstance(self.data, dict) else self.data
            raise forms.ValidationError("This page had been open for too long. Send it again, and it reaches us.")
        return str(number)

    @property
    def is_trapped(self) -> bool:
        return bool(self.cleaned_data.get("website"))


def new_token(shown: TicketForm) -> str:
    return signing.dumps([shown.slug, uuid4().hex], salt=_SALT)
