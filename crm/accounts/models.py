"""Accounts (customers) and contacts (people), with what every customer must have."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Lower

from crm.segments.filters import OPERATORS, Folded
from crm.team.models import VisibleQuerySet
from crm.web import clock
from crm.web.addresses import address


class AccountQuerySet(VisibleQuerySet["Account"]):
    owner_path: ClassVar[str] = "owner"

    def for_list(self) -> Self:
        """With what one line of a list shows; `name_key` is what the index sorts names by."""
        shown = ("name", "kind", "domain", "industry", "lifecycle", "mrr", "renews_on", "last_seen_at")
        sorted_by = ("owner_id", "silent_since", "created_at")
        rows = self.select_related("owner").only(*shown, *sorted_by, "owner__name", "owner__email")
        return rows.annotate(name_key=Lower("name"))

    def called(self, text: str) -> Self:
        """Whose name or domain holds the text; begins with it when it has one or two letters, too few for trigrams."""
        look = OPERATORS["text"]["contains" if len(text) > 2 else "starts_with"]
        return self.filter(Q(look.sql(F("name"), text, clock.now())) | Q(look.sql(F("domain"), text, clock.now())))

    def about(self) -> int:
        """How many accounts there are, as the database last estimated it. Never counts."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass",
                           [self.model._meta.db_table])  # fmt: skip
            return int(cursor.fetchone()[0])


class Account(models.Model):
    """The customer: a company or a person, the unit that buys, renews and churns."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Company"
        PERSON = "person", "Person"

    class Lifecycle(models.TextChoices):
        LEAD = "lead", "Lead"
        TRIAL = "trial", "Trial"
        CUSTOMER = "customer", "Customer"
        PAUSED = "paused", "Paused"
        CHURNED = "churned", "Churned"

    external_id = models.CharField(max_length=120, null=True, blank=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.COMPANY)
    domain = models.CharField(max_length=253, blank=True)
    industry = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    timezone = models.CharField(max_length=64, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="accounts")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    tier = models.CharField(max_length=20, blank=True)  # written by loyalty
    risk = models.PositiveSmallIntegerField(null=True)  # 0…100, written by health

    # What every customer must have (F10).
    signed_up_on = models.DateField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True)
    primary_use_case = models.CharField(max_length=200, blank=True)
    lifetime_spend = models.DecimalField(max_digits=14, decimal_places=2, default=0)  # reporting currency

    # Written by the ledger, which derives them from contracts; here so that lists can sort by them.
    lifecycle = models.CharField(max_length=10, choices=Lifecycle, default=Lifecycle.LEAD)
    customer_since = models.DateField(null=True)
    mrr = models.DecimalField(max_digits=14, decimal_places=2, default=0)  # a month, reporting currency
    renews_on = models.DateField(null=True)

    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    #: Since when nobody of the account has been seen; an account never seen counts from its sign-up day.
    silent_since = models.GeneratedField(
        expression=Coalesce(
            F("last_seen_at"),
            Func(Value("UTC"), Func(F("signed_up_on"), function="", template="%(expressions)s::timestamp"),
                 function="timezone"),
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )  # fmt: skip

    #: More open tasks than this are looked at among all tasks.
    MOST_TASKS: ClassVar = 50

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="account_external_id_once"),
            models.CheckConstraint(condition=~Q(name=""), name="account_has_name"),
        ]
        indexes = [
            # One for each sort a list offers; the id makes every page's edge exact.
            models.Index(Lower("name"), "id", name="account_by_name"),
            models.Index(fields=["owner", "id"], name="account_by_owner"),
            models.Index(fields=["renews_on", "id"], name="account_by_renewal"),
            models.Index(fields=["mrr", "id"], name="account_by_mrr"),
            models.Index(fields=["silent_since", "id"], name="account_by_silence"),
            models.Index(fields=["created_at", "id"], name="account_by_creation"),
            models.Index(fields=["lifecycle", "id"], name="account_by_lifecycle"),
            models.Index(Lower("domain"), condition=~Q(domain=""), name="account_domain"),
            GinIndex(fields=["tags"], name="account_tags"),
            # As the filter language writes “contains” and “starts with”, and the search with it.
            GinIndex(OpClass(Folded("name"), "gin_trgm_ops"), name="account_name_search"),
            GinIndex(OpClass(Folded("domain"), "gin_trgm_ops"), name="account_domain_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("accounts:detail", self.pk)

    def open_tasks(self, viewer: Any) -> list[Any]:
        """What is open about it and may be seen by the viewer, the first due first; asked for once for a page."""
        if not hasattr(self, "_open_tasks"):
            found = self.tasks.visible_to(viewer).open().for_list().order_by("due_at", "id")
            self._open_tasks = list(found[: self.MOST_TASKS])
        return self._open_tasks

    @property
    def second_line(self) -> str:
        """What a list says under the name."""
        return " · ".join(filter(None, (self.domain, self.industry))) or self.get_kind_display()

    @property
    def lifecycle_label(self) -> str:
        return str(self.Lifecycle(self.lifecycle).label)  # many times as quick as get_lifecycle_display

    @property
    def lifecycle_tone(self) -> str:
        """Of its badge."""
        return {"customer": "good", "trial": "info", "paused": "warn", "churned": "bad"}.get(self.lifecycle, "")


class ContactQuerySet(VisibleQuerySet["Contact"]):
    def mail_first(self) -> Self:
        """The order in which account mail looks for its reader: the primary contact, else the oldest with an e-mail."""
        return self.exclude(email=None).order_by("account_id", "-is_primary", "created_at", "id")

    def readers_of(self, account_ids: list[int]) -> dict[int, Contact]:
        """Who reads mail to each account; an account where nobody has an e-mail is missing."""
        found = self.filter(account_id__in=account_ids).mail_first().distinct("account_id")
        return {contact.account_id: contact for contact in found}


class Contact(models.Model):
    """A person at an account, who receives and writes."""

    class Consent(models.TextChoices):
        YES = "yes", "Agreed"
        NO = "no", "Refused"
        UNKNOWN = "", "Not asked"

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(null=True, blank=True)  # lower case; identifies a person across the installation
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    birthday = models.DateField(null=True, blank=True)
    email_consent = models.CharField(max_length=3, choices=Consent, default=Consent.UNKNOWN, blank=True)
    is_primary = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True)
    automation_paused_until = models.DateTimeField(null=True)  # written by whoever decides it; read when mail is sent
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

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or "Somebody without a name"
