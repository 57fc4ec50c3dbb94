"""What people fill in to write, to say whose a mail is, and about their own mail."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from crm.accounts.models import Account, AccountFile, Contact
from crm.accounts.naming import customer_named
from crm.correspondence import rules
from crm.correspondence.models import Mail, MailThread
from crm.outbox.models import Sender, Suppression
from crm.team.models import User

#: Files of the folder that are offered, the latest.
_OFFERED = 15


class WriteForm(forms.Form):
    """A letter to people of one customer; to one of them where it goes on with a conversation."""

    bundle = forms.UUIDField(widget=forms.HiddenInput)
    people = forms.ModelMultipleChoiceField(
        Contact.objects.none(), label="To", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one person."},
    )  # fmt: skip
    sender = forms.ModelChoiceField(
        Sender.objects.none(), required=False, label="From", empty_label="The default sender", blank=True
    )
    subject = forms.CharField(max_length=300, label="Subject", strip=True)
    text = forms.CharField(
        max_length=rules.LONGEST_TEXT, label="Text", widget=forms.Textarea(attrs={"rows": 12}),
        help_text="**bold**, *italic*, lists with - and links [words](https://…) reach the reader formatted.",
    )  # fmt: skip
    upload = forms.FileField(required=False, label="Attach a file", max_length=150)
    enclosed = forms.ModelMultipleChoiceField(
        AccountFile.objects.none(), required=False, label="From the customer’s folder",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(
        self, *args: Any, account: Account, viewer: User, thread: MailThread | None = None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"bundle": uuid4()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.account, self.viewer, self.thread = account, viewer, thread
        people = account.contacts.visible_to(viewer).exclude(email=None).order_by("-is_primary", "created_at", "id")
        files = account.files.visible_to(viewer).kept().order_by("-added_at", "-id")
        offered = AccountFile.objects.visible_to(viewer).filter(pk__in=files.values("pk")[:_OFFERED])
        self._choose("people", people.select_related("account"))
        self._choose("enclosed", offered.order_by("-pk"))
        others = Sender.objects.exclude(name=Sender.DEFAULT).order_by("name")
        self._choose("sender", others)
        if not others.exists():
            del self.fields["sender"]

    def _choose(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean_people(self) -> list[Contact]:
        people = list(self.cleaned_data["people"])
        if len(people) > rules.MOST_READERS:
            raise forms.ValidationError(f"Each gets a letter of their own: {rules.MOST_READERS} at once are the most.")
        suppressed = Suppression.among([person.email.lower() for person in people])
        for person in people:
            if found := suppressed.get(person.email.lower()):
                raise forms.ValidationError(f"{person} gets no mail any more: {found.reason}")
            if (person.do_not_contact or person.account.do_not_contact) and not self._was_asked(person):
                raise forms.ValidationError(
                    f"{person} is marked “do not contact”. You can answer what they write, from its conversation."
                )
        return people

    def _was_asked(self, person: Contact) -> bool:
        return self.thread is not None and self.thread.mails.filter(direction="in").exists()

    def clean(self) -> dict[str, Any]:
        """A form that was sent before, and brought back by the browser, is no repeat once it says something else."""
        data = super().clean() or {}
        before = Mail.objects.visible_to(self.viewer).filter(bundle=data.get("bundle"), user=self.viewer)
        if "bundle" not in data or self.errors or not (letters := list(before.select_related("outbound"))):
            return data
        same = all((one.subject, one.text) == (data["subject"], data["text"]) for one in letters)
        same = same and {one.contact_id for one in letters} == {person.pk for person in data["people"]}
        off = any(one.outbound is not None and one.outbound.state == "cancelled" for one in letters)
        if not same or off:
            given: Any = self.data
            self.data = renewed = given.copy()
            renewed[self.add_prefix("bundle")] = str(uuid4())
            what = "was called off" if off else "has been planned already, with other words"
            raise forms.ValidationError(f"The letter of this page {what}. Send it again to write another one.")
        return data

    def clean_upload(self) -> Any:
        file = self.cleaned_data["upload"]
        if file and file.size > settings.FILE_SIZE_LIMIT:
            most = filesizeformat(settings.FILE_SIZE_LIMIT)
            raise forms.ValidationError(f"This file has {filesizeformat(file.size)}; {most} is the most.")
        return file


class LinkForm(forms.Form):
    """Whose mail it is: the e-mail of somebody who is known."""

    email = forms.EmailField(label="E-mail of the person")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.contact: Contact | None = None

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        self.contact = (
            Contact.objects.visible_to(self.viewer).select_related("account__owner").filter(email=email).first()
        )
        if self.contact is None:
            raise forms.ValidationError(f"Nobody whom you may see has the address {email}.")
        return email


class NewPersonForm(forms.Form):
    """Somebody new, and at which customer."""

    account = forms.CharField(label="Customer", max_length=220)
    first_name = forms.CharField(max_length=100, required=False, label="First name")
    last_name = forms.CharField(max_length=100, required=False, label="Last name")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_account(self) -> Account:
        return customer_named(self.cleaned_data["account"], self.viewer)


class OwnMailForm(forms.Form):
    """One's own signature, and addresses that one writes from."""

    signature = forms.CharField(
        required=False, max_length=2000, label="Signature", widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Stands below what you write. **bold**, *italic* and [links](https://…) work.",
    )  # fmt: skip
    addresses = forms.CharField(
        required=False,
        max_length=1000,
        label="Other addresses you write from",
        help_text="Between commas. Copies of mail from them count as yours, like those from your own address.",
    )

    def clean_addresses(self) -> list[str]:
        given = [one.strip().lower() for one in self.cleaned_data["addresses"].split(",") if one.strip()]
        field = forms.EmailField()
        found = list(dict.fromkeys(str(field.clean(one)) for one in given))
        taken = User.objects.filter(email__in=found).values_list("email", flat=True)
        if taken:
            raise forms.ValidationError(f"{taken[0]} is a colleague’s.")
        return found[:10]
