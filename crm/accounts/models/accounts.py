"""The customers."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.db.models.functions import Lower, Reverse

from crm.accounts.matching.keys import NameKey
from crm.fields.models import CustomValues
from crm.segments.filters import Folded, searching
from crm.team.models import VisibleQuerySet, sight_key
from crm.web import clock
from crm.web.addresses import address


def beside(table: str, key: str, *copied: str) -> list[pgtrigger.Trigger]:
    """Each row has one in a narrow table, from its beginning to its end, with some columns of the same names."""
    columns = "".join(f", {column}" for column in copied)
    added = f"INSERT INTO {table} ({key}{columns}) SELECT id{columns} FROM added ORDER BY id; RETURN NULL;"  # noqa: S608
    gone = f"DELETE FROM {table} USING gone WHERE {key} = gone.id; RETURN NULL;"  # noqa: S608
    common: dict[str, Any] = {"level": pgtrigger.Statement, "when": pgtrigger.After}
    referencing: Any = pgtrigger.Referencing
    return [
        pgtrigger.Trigger(name="beside", operation=pgtrigger.Insert, func=added,
                          referencing=referencing(new="added"), **common),
        pgtrigger.Trigger(name="beside_no_more", operation=pgtrigger.Delete, func=gone,
                          referencing=referencing(old="gone"), **common),
    ]  # fmt: skip


def _when_written(*columns: str) -> Any:
    update_of: Any = pgtrigger.UpdateOf
    return update_of(*columns)


class ListedQuerySet[M: models.Model](VisibleQuerySet[M]):
    """Rows of a table that has a list."""

    def about(self) -> int:
        """How many rows the table has, as the database last estimated it. Never counts."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass",
                           [self.model._meta.db_table])  # fmt: skip
            return int(cursor.fetchone()[0])


class AccountQuerySet(ListedQuerySet["Account"]):
    owner_path: ClassVar[str] = "owner"

    def for_list(self) -> Self:
        """`name_key` is what the index sorts names by."""
        return self.annotate(name_key=Lower("name"))

    def called(self, text: str) -> Self:
        """Whose name or domain holds the text; begins with it when it has one or two letters, too few for trigrams."""
        return self.filter(Q(searching.holds(F("name"), text)) | Q(searching.holds(F("domain"), text)))

    def alike(self, text: str) -> Self:
        """Whose name is written much like it, the likest first; `likeness` is a trigram word similarity from 0 to 1."""
        return searching.alike(self, "name", text)

    def for_page(self) -> Self:
        """With what the page of one says, in one query: owner, the hand-off that holds, whether it leads, when seen."""
        current = FilteredRelation("hand_offs", condition=Q(hand_offs__replaced_at=None))
        known = ("goals", "roadblocks", "decision_makers", "promised", "written_at", "version")
        hand_off = {f"agreed_{name}": F(f"agreed__{name}") for name in known}
        below = self.model.objects.filter(parent=OuterRef("pk"))
        seen_at = F("seen__at")
        return self.select_related("owner").annotate(agreed=current, **hand_off, leads=Exists(below), seen_at=seen_at)


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

    class Suitability(models.TextChoices):
        """Whether they fit what we offer, as judged when they came (F15)."""

        GOOD = "good", "Good fit"
        FAIR = "fair", "Fair fit"
        POOR = "poor", "Poor fit"
        UNKNOWN = "", "Not judged"

    class GoalState(models.TextChoices):
        """What the customer said of their goal when somebody last asked (F136)."""

        REACHED = "reached", "Reached"
        PARTLY = "partly", "Partly reached"
        MISSED = "missed", "Not reached"
        UNKNOWN = "", "Not asked yet"

    external_id = models.CharField(max_length=120, null=True, blank=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.COMPANY)
    domain = models.CharField(max_length=253, blank=True)
    industry = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    timezone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True, db_default="")  # to write to them in: de, pt-BR
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")  # no circles
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="accounts",
        db_index=False,  # the sort by owner has one that begins with it, and each costs every sight of a customer
    )  # fmt: skip
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    tier = models.CharField(max_length=20, blank=True)  # written by loyalty
    risk = models.PositiveSmallIntegerField(null=True)  # 0…100, written by health
    do_not_contact = models.BooleanField(default=False, db_default=False)  # only replies and receipts reach its people

    # What every customer must have (F10).
    signed_up_on = models.DateField(null=True, blank=True)
    primary_use_case = models.CharField(max_length=200, blank=True)
    lifetime_spend = models.DecimalField(max_digits=18, decimal_places=2, default=0)  # reporting currency

    # Whether they were the right customer to win, and whether what they came for has come about.
    expected_benefit = models.CharField(max_length=200, blank=True, db_default="")
    suitability = models.CharField(
        max_length=4, choices=Suitability, default=Suitability.UNKNOWN, db_default="", blank=True
    )
    goal = models.CharField(max_length=300, blank=True, db_default="")
    goal_due_on = models.DateField(null=True, blank=True)
    goal_state = models.CharField(max_length=7, choices=GoalState, default=GoalState.UNKNOWN, db_default="", blank=True)
    goal_checked_on = models.DateField(null=True)  # when somebody last asked

    # Written by the ledger, which derives them from contracts; here so that lists can sort by them.
    lifecycle = models.CharField(max_length=10, choices=Lifecycle, default=Lifecycle.LEAD)
    customer_since = models.DateField(null=True)
    mrr = models.DecimalField(max_digits=14, decimal_places=2, default=0)  # a month, reporting currency
    renews_on = models.DateField(null=True)

    custom = CustomValues("account")  # values of the fields that admins have made, by key

    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    #: What names are compared by, when somebody looks for duplicates.
    match_name = models.GeneratedField(expression=NameKey(F("name")), output_field=models.TextField(), db_persist=True)

    #: Of the badge of each lifecycle; others have none.
    TONES: ClassVar = {"customer": "good", "trial": "info", "paused": "warn", "churned": "bad"}
    #: More open tasks than this are looked at among all tasks.
    MOST_TASKS: ClassVar = 50

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="account_external_id_once"),
            models.CheckConstraint(condition=~Q(name=""), name="account_has_name"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="account_not_its_own_parent"),
        ]
        indexes = [
            # One for each sort a list offers; the id makes every page's edge exact.
            models.Index(Lower("name"), "id", name="account_by_name"),
            models.Index(fields=["owner", "id"], name="account_by_owner"),
            # Who sees whom: as `visible_to` asks, with what it is made of, so that counting needs no row.
            models.Index(sight_key("owner"), "id", include=["owner"], name="account_by_sight"),
            models.Index(fields=["renews_on", "id"], name="account_by_renewal"),
            models.Index(fields=["mrr", "id"], name="account_by_mrr"),
            models.Index(fields=["created_at", "id"], name="account_by_creation"),
            models.Index(fields=["lifecycle", "id"], name="account_by_lifecycle"),
            models.Index(Lower("domain"), condition=~Q(domain=""), name="account_domain"),
            models.Index(fields=["match_name", "id"], condition=~Q(match_name=""), name="account_by_match_name"),
            # Duplicates whose names differ at the beginning are neighbours here.
            models.Index(Reverse("match_name"), "id", condition=~Q(match_name=""), name="account_by_name_backwards"),
            GinIndex(fields=["tags"], name="account_tags"),
            # As the filter language writes “contains” and “starts with”, and the search with it.
            GinIndex(OpClass(Folded("name"), "gin_trgm_ops"), name="account_name_search"),
            GinIndex(OpClass(Folded("domain"), "gin_trgm_ops"), name="account_domain_search"),
        ]
        triggers = [
            *beside("crm_accountseen", "account_id", "signed_up_on"),
            pgtrigger.Trigger(
                name="signed_up_anew", when=pgtrigger.After, operation=_when_written("signed_up_on"),
                condition=pgtrigger.AnyChange("signed_up_on"),
                func="UPDATE crm_accountseen SET signed_up_on = NEW.signed_up_on WHERE account_id = NEW.id;"
                " RETURN NULL;",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("accounts:detail", self.pk)

    def open_tasks(self, viewer: Any) -> list[dict[str, Any]]:
        """What is open about it and may be seen by the viewer, the first due first, as lines of tasks take them;
        asked for once for a page."""
        if not hasattr(self, "_open_tasks"):
            self._open_tasks: list[dict[str, Any]] = self.tasks.model.open_about(self.pk, viewer)
        return self._open_tasks

    @property
    def lifecycle_label(self) -> str:
        return str(self.Lifecycle(self.lifecycle).label)  # many times as quick as get_lifecycle_display

    @property
    def lifecycle_tone(self) -> str:
        """Of its badge."""
        return self.TONES.get(self.lifecycle, "")

    @property
    def goal_tone(self) -> str:
        """Of the badge that says whether the goal was reached."""
        return {"reached": "good", "partly": "warn", "missed": "bad"}.get(self.goal_state, "")

    @property
    def suitability_tone(self) -> str:
        """Of its badge."""
        return {"good": "good", "fair": "warn", "poor": "bad"}.get(self.suitability, "")
