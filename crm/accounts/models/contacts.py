"""The people at accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, TextField
from django.db.models.functions import Lower

from crm.accounts.matching.keys import PhoneKey
from crm.accounts.models.accounts import Account, ListedQuerySet, beside
from crm.fields.models import CustomValues
from crm.segments.filters import Folded, searching
from crm.web import clock
from crm.web.addresses import address


class FullName(Func):
    """First and last name with a blank between them, as people type them into a search."""

    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = TextField()


class Digits(Func):
    """A phone number without all that people write between its digits."""

    template = "regexp_replace(%(expressions)s, '[^0-9]', '', 'g')"
    output_field = TextField()


def dialled(text: str) -> str:
    """The digits of what may be a phone number; blank: it is none. Abroad a number begins otherwise than at home: what
    follows the zeros is the same."""
    digits = "".join(filter(str.isdecimal, text)).lstrip("0")
    return digits if len(digits) > 3 and not any(map(str.isalpha, text)) else ""


class ContactQuerySet(ListedQuerySet["Contact"]):
    def called(self, text: str) -> Self:
        """Whose name, e-mail or phone number holds the text; begins with it when it is too short for trigrams."""
        found = Q(searching.holds(FullName("first_name", "last_name"), text)) | Q(searching.holds(F("email"), text))
        digits = dialled(text)
        return self.filter(found | Q(searching.holds(Digits("phone"), digits)) if digits else found)

    def alike(self, text: str) -> Self:
        """Whose name is written much like it, the likest first; `likeness` is a trigram word similarity from 0 to 1."""
        return searching.alike(self, FullName("first_name", "last_name"), text)

    def for_list(self) -> Self:
        """`name_key` is what the index sorts names by."""
        return self.annotate(name_key=Lower(FullName("first_name", "last_name")))

    def mail_first(self) -> Self:
        """The order in which account mail looks for its reader: the primary contact, else the oldest with an e-mail."""
        return self.exclude(email=None).order_by("account_id", "-is_primary", "created_at", "id")

    def readers(self, account_ids: Any) -> Self:
        """Who reads mail to each account; of an account where nobody has an e-mail there is nobody."""
        return self.filter(account_id__in=account_ids).mail_first().distinct("account_id")

    def readers_of(self, account_ids: list[int]) -> dict[int, Contact]:
        """The readers by account."""
        return {contact.account_id: contact for contact in self.readers(account_ids)}


class Contact(models.Model):
    """A person at an account, who receives and writes."""

    class Consent(models.TextChoices):
        YES = "yes", "Agreed"
        NO = "no", "Refused"
        UNKNOWN = "", "Not asked"

    class Pace(models.TextChoices):
        """How often somebody wants mail that they have not asked for."""

        ANY = "", "As it comes"
        WEEKLY = "weekly", "At most once a week"
        MONTHLY = "monthly", "At most once a month"

    class Role(models.TextChoices):
        """What a person is when the account decides something; one can be several."""

        DECIDES = "decides", "Decides"
        CHAMPION = "champion", "Champion"
        BLOCKS = "blocks", "Blocks"
        USES = "uses", "Uses it"
        PAYS = "pays", "Pays"

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(null=True, blank=True)  # lower case; identifies a person across the installation
    phone = models.CharField(max_length=40, blank=True)
    match_phone = PhoneKey(max_length=16, blank=True, db_default="", editable=False)  # the same as E.164, if it is one
    title = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    birthday = models.DateField(null=True, blank=True)
    email_consent = models.CharField(max_length=3, choices=Consent, default=Consent.UNKNOWN, blank=True)
    is_primary = models.BooleanField(default=False)
    roles = ArrayField(models.CharField(max_length=12, choices=Role), default=list, db_default=[], blank=True)
    do_not_contact = models.BooleanField(default=False, db_default=False)  # only replies and receipts reach them
    automation_paused_until = models.DateTimeField(null=True)  # written by whoever decides it; read when mail is sent
    automation_paused_why = models.CharField(max_length=200, blank=True, db_default="")  # for people, with it
    # What they chose on the page behind each mail's foot: see crm.outbox.preferring.
    refused_topics = ArrayField(
        models.SlugField(max_length=40, db_index=False), default=list, db_default=[], blank=True
    )
    mail_pace = models.CharField(max_length=7, choices=Pace, default=Pace.ANY, db_default="", blank=True)
    mail_paused_until = models.DateTimeField(null=True, blank=True)
    custom = CustomValues("contact")  # values of the fields that admins have made, by key
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="contact_external_id_once"),
            models.UniqueConstraint("email", name="contact_email_once"),
            models.CheckConstraint(condition=Q(email=None) | Q(email=Lower("email")), name="contact_email_lower"),
            models.UniqueConstraint("account", condition=Q(is_primary=True), name="contact_primary_once"),
        ]
        indexes = [
            # One for each sort a list offers; the id makes every page's edge exact.
            models.Index(Lower(FullName("first_name", "last_name")), "id", name="contact_by_name"),
            models.Index(fields=["created_at", "id"], name="contact_by_creation"),
            models.Index(fields=["match_phone"], condition=~Q(match_phone=""), name="contact_by_match_phone"),
            # One index for all that the search asks of a person, and for “contains” of the filter language.
            GinIndex(
                OpClass(Folded(FullName("first_name", "last_name")), "gin_trgm_ops"),
                OpClass(Folded("email"), "gin_trgm_ops"),
                OpClass(Folded(Digits("phone")), "gin_trgm_ops"),
                name="contact_search",
            ),
        ]
        triggers = beside("crm_contactseen", "contact_id")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **more: Any) -> None:
        """The number is worked out anew whenever it is saved, alone or with others."""
        if update_fields is not None and "phone" in (names := set(update_fields)):
            update_fields = names | {"match_phone"}
        super().save(*args, update_fields=update_fields, **more)

    def get_absolute_url(self) -> str:
        return address("contacts:detail", self.pk)

    @property
    def name(self) -> str:
        return self.named(self.first_name, self.last_name, self.email)

    @staticmethod
    def named(first_name: str, last_name: str, email: str | None) -> str:
        """What a person is called, also where only these columns were asked for."""
        return f"{first_name} {last_name}".strip() or email or "Somebody without a name"

    @property
    def role_labels(self) -> list[str]:
        """In the order of the choices, whatever order they were ticked in."""
        return [str(role.label) for role in self.Role if role.value in self.roles]
