"""Pairs that look like one, what people said about them, and the merges that were made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from crm.accounts.matching import rules as matching
from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.team.models import VisibleQuerySet
from crm.web import clock


class PairQuerySet(VisibleQuerySet["Any"]):
    def visible_to(self, user: Any) -> Self:
        """Pairs of which one may see both."""
        if not getattr(user, "is_active", False):
            return self.none()
        if user.sees_everything:
            return self
        seen = self.model._meta.get_field("first").related_model.objects.visible_to(user).values("pk")
        return self.filter(first__in=seen, second__in=seen)

    def waiting(self, now: datetime) -> Self:
        """Those that nobody has decided about, nor put off until later."""
        return self.filter(Q(put_off_until=None) | Q(put_off_until__lte=now), apart_at=None)


class Pair(models.Model):
    """Two records that may be one. `first` has the lower id, so that a pair is there once."""

    strength = models.PositiveSmallIntegerField()  # of 100
    signs = ArrayField(models.CharField(max_length=10))  # names in crm.accounts.matching.rules.WORDS
    found_at = models.DateTimeField(default=clock.now)
    put_off_until = models.DateTimeField(null=True)
    apart_at = models.DateTimeField(null=True)  # somebody said that they are two; kept, so that nobody asks again
    apart_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    subject: ClassVar[str]

    objects = PairQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"  # type: ignore[attr-defined]

    @property
    def reason(self) -> str:
        return matching.reason(self.signs)

    @property
    def likelihood(self) -> str:
        return matching.strength_words(self.strength)


class AccountPair(Pair):
    """Two customers that may be one."""

    first = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Account, models.CASCADE, related_name="+")

    subject = "account"

    class Meta:
        constraints = [
            models.UniqueConstraint("first", "second", name="account_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="account_pair_in_order"),
        ]
        indexes = [models.Index(fields=["strength", "id"], condition=Q(apart_at=None), name="account_pair_by_strength")]


class ContactPair(Pair):
    """Two people that may be one."""

    first = models.ForeignKey(Contact, models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Contact, models.CASCADE, related_name="+")

    subject = "contact"

    class Meta:
        constraints = [
            models.UniqueConstraint("first", "second", name="contact_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="contact_pair_in_order"),
        ]
        indexes = [models.Index(fields=["strength", "id"], condition=Q(apart_at=None), name="contact_pair_by_strength")]


#: Subject → its table of pairs.
PAIRS: dict[str, type[AccountPair | ContactPair]] = {"account": AccountPair, "contact": ContactPair}
#: Subject → its table of records.
RECORDS: dict[str, type[Account | Contact]] = {"account": Account, "contact": Contact}


class Sweep(models.Model):
    """How far the search for duplicates has come among the records of one kind."""

    subject = models.CharField(max_length=10, primary_key=True)
    position = models.BigIntegerField(default=0)  # the last id that this pass has looked at
    since = models.DateTimeField(null=True)  # this pass looks at what has changed since then; null: at everything
    began_at = models.DateTimeField(null=True)  # null: no pass is under way
    last_began_at = models.DateTimeField(null=True)  # of the last pass that came to its end

    def __str__(self) -> str:
        return f"{self.subject} behind {self.position}"


class Merge(models.Model):
    """One record that became part of another, with all that it takes to take them apart again."""

    subject = models.CharField(max_length=10)  # account | contact
    keeper_id = models.BigIntegerField()
    loser_id = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    act = models.ForeignKey(Act, models.SET_NULL, null=True, related_name="+")
    #: loser: its row; before, after: the keeper's fields that changed; verbs: what each Moving needs; aliases: their
    #: ids; switched, suppressed: stops that the keeper inherited. Empty when one of the two was erased.
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "keeper_id", "-id"], name="merge_of_keeper"),
            models.Index(fields=["subject", "loser_id", "-id"], name="merge_of_loser"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.loser_id} into {self.keeper_id}"


class MovedRows(models.Model):
    """Rows of one table whose key a merge has changed from the loser to the keeper."""

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="moved")
    owned = models.CharField(max_length=80)  # a name in slots.owned_rows
    row_ids = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{len(self.row_ids)} of {self.owned}"
