"""Forms that anybody may fill in, and what was sent with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.forms.rules import version_of
from crm.history.tracking import changes_of
from crm.inbox.models import InboundPayload
from crm.team.models import Team
from crm.web import clock


@dataclass(frozen=True)
class Asked:
    """A field of a form as its admin arranged it. `options` make a choice of a text."""

    target: str
    label: str
    help: str = ""
    required: bool = False
    options: tuple[str, ...] = ()

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Asked:
        return cls(**kept | {"options": tuple(kept.get("options", ()))})

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"options": list(self.options)}


class PublicForm(models.Model):
    """A form at /f/<slug>/. Switched off, it says so and takes nothing; it is never deleted once it was filled in."""

    class OwnerRule(models.TextChoices):
        NOBODY = "nobody", "Nobody: what it brings lies in the admins' pool"
        PERSON = "person", "One colleague"
        TEAM = "team", "A team, in turn"

    name = models.CharField(max_length=80)  # among ourselves
    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=120)  # its heading
    intro = models.TextField(blank=True)  # Markdown, above the fields
    button = models.CharField(max_length=40, default="Send")
    fields = models.JSONField(default=list)  # of Asked, in their order
    outcome = models.CharField(max_length=20)  # of slots.form_outcomes
    outcome_settings = models.JSONField(default=dict, blank=True)  # as the outcome's form cleans them
    consent = models.CharField(max_length=600, blank=True)  # beside a box to tick; blank: nobody is asked
    thanks = models.TextField(blank=True)  # Markdown, after it was sent; blank: the words that come along
    goes_to = models.URLField(max_length=500, blank=True)  # instead of these; https
    owner_rule = models.CharField(max_length=6, choices=OwnerRule, default=OwnerRule.NOBODY)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    keeps_owner = models.BooleanField(default=True)  # the customer's owner comes before the rule
    language = models.CharField(max_length=10, default="en")  # of its words, and of whoever fills it in
    #: Of pages that may show it in a frame: https://www.example.com
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True, blank=True)  # switched off

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("public_forms:form", args=[self.slug])

    @property
    def asked(self) -> list[Asked]:
        return [Asked.read(one) for one in self.fields]

    @property
    def consent_version(self) -> str:
        return version_of(self.consent)


class PublicFormChange(
    changes_of(  # type: ignore[misc]
        PublicForm,
        {
            "name": "name", "slug": "address", "title": "heading", "intro": "words above", "button": "button",
            "fields": "fields", "outcome": "outcome", "outcome_settings": "settings of the outcome",
            "consent": "words on consent", "thanks": "thanks", "goes_to": "page afterwards",
            "owner_rule": "rule of owners", "owner": "owner", "team": "team", "keeps_owner": "customer's owner first",
            "language": "language", "origins": "pages that show it", "archived_at": "switched off",
        },
    )
):  # fmt: skip
    """A form as it was before somebody changed it."""


class FormEntryQuerySet(models.QuerySet["FormEntry"]):
    def for_list(self) -> Self:
        """With the form, and with how its payload stands, but not the payload's bytes."""
        return self.select_related("form", "account", "contact", "payload").defer("payload__body", "payload__headers")


class FormEntry(models.Model):
    """One sending of a form. What was written stands in the payload and on the timeline; here it names nobody."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HELD = "held", "Held for you"
        DONE = "done", "Done"
        DISCARDED = "discarded", "Discarded"

    class Door(models.TextChoices):
        PAGE = "page", "Its own page"
        FRAME = "frame", "In a frame"
        API = "api", "Through the API"

    #: Of the badge of each state.
    TONES: ClassVar = {"waiting": "info", "held": "warn", "done": "good", "discarded": ""}

    form = models.ForeignKey(PublicForm, models.PROTECT, related_name="entries", db_index=False)
    key = models.CharField(max_length=100, unique=True)  # the number of its token
    payload = models.ForeignKey(InboundPayload, models.SET_NULL, null=True, related_name="+")
    received_at = models.DateTimeField(default=clock.now)
    handled_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    door = models.CharField(max_length=5, choices=Door, default=Door.PAGE)
    test = models.BooleanField(default=False)  # one of ours tried the form: nothing is kept of it
    suspected = models.CharField(max_length=200, blank=True)  # why a person looks first
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    source = models.JSONField(default=dict)  # page, referrer, utm_source, …
    consent = models.CharField(max_length=8, blank=True)  # the version of the words that were agreed to
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    words = models.CharField(max_length=300, blank=True)  # what became of it
    url = models.CharField(max_length=200, blank=True)  # where that is

    objects = FormEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["form", "-received_at", "-id"], name="formentry_of_form"),
            models.Index(fields=["form", "-id"], condition=Q(state="held"), name="formentry_held"),
            models.Index(fields=["form", "owner", "-id"], condition=Q(owner__isnull=False), name="formentry_turns"),
        ]

    def __str__(self) -> str:
        return f"Entry {self.pk} of {self.form}"

    @property
    def tone(self) -> str:
        return "bad" if self.trouble else self.TONES.get(self.state, "")

    @property
    def trouble(self) -> str:
        """Why nothing became of it yet, if a try has failed."""
        return self.payload.error if self.state == self.State.WAITING and self.payload else ""
