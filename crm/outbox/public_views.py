"""The page behind the link at the foot of a mail. Opening it changes nothing; mailboxes and people post to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.accounts.models import Contact
from crm.outbox import preferring, saying
from crm.outbox import unsubscribing as verbs
from crm.outbox.models import Topic
from crm.web import clock, wording

#: What a mailbox posts by itself (RFC 8058). It wants a plain 200, no page and no redirect.
ONE_CLICK = ("List-Unsubscribe", "One-Click")


class WishesForm(forms.Form):
    """What somebody wants to hear. It is theirs whatever they leave out: a topic without a tick is not wanted."""

    topics = forms.MultipleChoiceField(required=False, label="What you hear about", widget=forms.CheckboxSelectMultiple)
    pace = forms.ChoiceField(required=False, label="How often", widget=forms.RadioSelect)
    pause = forms.ChoiceField(required=False, label="A pause", widget=forms.RadioSelect)
    language = forms.ChoiceField(required=False, label="Language")

    def __init__(self, data: Any, *, contact: Contact, now: datetime) -> None:
        self.offered = list(Topic.objects.offered())
        until = contact.mail_paused_until if contact.mail_paused_until and contact.mail_paused_until > now else None
        initial = {
            "topics": [one.slug for one in self.offered if preferring.is_wanted(contact, one)],
            "pace": contact.mail_pace, "pause": "as-it-is" if until else "0", "language": contact.language,
        }  # fmt: skip
        super().__init__(data, initial=initial)
        spoken = spoken_to(contact)
        say = saying.WORDS[spoken]
        for name, field in self.fields.items():
            field.label = say[name]
        paces = [(value, say[f"pace_{value or 'any'}"]) for value in Contact.Pace.values]
        choices: dict[str, list[tuple[str, str]]] = {
            "topics": [(one.slug, one.name) for one in self.offered], "pace": paces,
            "pause": [("0", say["no_pause"]), *((str(n), say["days"].format(days=n)) for n in preferring.PAUSES)],
            "language": [("", say["usual"]), *preferring.LANGUAGES.items()],
        }  # fmt: skip
        if until:
            on = until.astimezone(clock.zone()).date()
            day = saying.DATES[spoken].format(on=on) if spoken in saying.DATES else wording.day(on)
            choices["pause"].insert(0, ("as-it-is", say["as_it_is"].format(day=day)))
        if contact.language and contact.language not in preferring.LANGUAGES:
            choices["language"].append((contact.language, contact.language))
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    def lines(self) -> list[tuple[Any, str]]:
        """Each topic's box with its sentence."""
        said = {one.slug: one.sentence for one in self.offered}
        return [(box, said[box.data["value"]]) for box in self["topics"]]

    def wishes(self) -> preferring.Wishes:
        """Of a valid form."""
        data = self.cleaned_data
        return preferring.Wishes(
            frozenset(data["topics"]), frozenset(one.slug for one in self.offered), data["pace"],
            None if data["pause"] in ("", "as-it-is") else int(data["pause"]), data["language"],
        )  # fmt: skip


def spoken_to(contact: Contact) -> str:
    """In which language the page speaks to them: by the same columns as mail to them is chosen."""
    return saying.language_of(contact.language, contact.account.language)


@csrf_exempt  # the token is the proof, and mailboxes bring no cookie
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribing(request: HttpRequest, token: str) -> HttpResponse:
    contact = verbs.contact_of(token)
    if contact is None:
        return render(request, "crm/outbox/no_such_link.html", status=404)
    now, said, form = clock.now(), "", None
    if request.method == "POST":
        if "save" in request.POST:
            form = WishesForm(request.POST, contact=contact, now=now)
            if form.is_valid() and contact.email_consent != Contact.Consent.NO:
                said = "saved" if preferring.choose(contact, form.wishes(), now) else "same"
                form = None
        elif "back" in request.POST:
            said = "back" if preferring.take_back(contact, now) else "same"
        else:
            (verbs.undo if "undo" in request.POST else verbs.unsubscribe)(contact, now)
            if request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]:
                return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
        contact.refresh_from_db()
    context = page_of(contact, now, form) | {"said": said}
    return render(request, "crm/outbox/unsubscribe.html", context, status=422 if form and form.errors else 200)


def page_of(contact: Contact, now: datetime, form: WishesForm | None = None) -> dict[str, Any]:
    """What the page shows, to the person and, as a preview, to colleagues."""
    out = contact.email_consent == Contact.Consent.NO
    spoken, name, account = spoken_to(contact), contact.name, contact.account.name
    known = {"email": contact.email, "name": name, "account": account}
    said = {key: text.format_map(known | {"days": "", "day": ""}) for key, text in saying.WORDS[spoken].items()}
    before, at, domain = said["heading"].partition("@")
    said["heading"] = format_html("{}<wbr>{}{}", before, at, domain)  # where a narrow page breaks an address
    said["intro"] = said["intro" if account == name else "intro_for"]
    return {
        "contact": contact,
        "say": said,
        "language": spoken,
        "out": out,
        "undoable": out and verbs.consent_before(contact) is not None,
        "form": form or WishesForm(None, contact=contact, now=now),
    }
