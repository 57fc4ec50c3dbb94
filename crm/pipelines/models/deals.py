"""Deals, how long each has been in which stage, and who and what belongs to them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Deferrable, F, Q
from django.db.models.functions import Coalesce, Round

from crm.accounts.models.accounts import ListedQuerySet
from crm.fields.models import CustomValues
from crm.history.models import Act
from crm.history.tracking import changes_of
from crm.pipelines.models.pipelines import LossReason, Outcome, Pipeline, Stage
from crm.segments.filters import Folded
from crm.web import clock
from crm.web.addresses import address

_NOTHING = models.Value(0, models.DecimalField(max_digits=14, decimal_places=2))
_VALUE: models.DecimalField[Any, Any] = models.DecimalField(max_digits=20, decimal_places=2)


class DealQuerySet(ListedQuerySet["Deal"]):
    owner_path: ClassVar[str] = "account__owner"


class Deal(models.Model):
    """Something that a customer may buy. It is in one stage of one pipeline; its spells say where it was before."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals")  # always its stage's
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals", db_index=False)
    outcome = models.CharField(max_length=4, choices=Outcome, default=Outcome.OPEN)  # always its stage's
    #: Its place among the cards of its stage, the smallest on top. Written while the stage is locked.
    rank = models.BigIntegerField()

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="deals", db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="deals", db_index=False
    )
    title = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # blank: not known yet
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8, default=1)  # to the reporting currency, when booked
    #: What sums add up: the amount in the reporting currency, 0 while it is not known.
    value = models.GeneratedField(
        expression=Round(Coalesce(F("amount"), _NOTHING) * F("rate"), 2, output_field=_VALUE), output_field=_VALUE,
        db_persist=True,
    )  # fmt: skip
    expected_on = models.DateField(null=True, blank=True)  # when it is thought to be decided
    source = models.CharField(max_length=60, blank=True)  # where it came from: a form, a campaign, a colleague
    next_step = models.CharField(max_length=200, blank=True)
    next_on = models.DateField(null=True, blank=True)

    #: Of the contract that winning books.
    plan = models.CharField(max_length=120, blank=True)
    mrr = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # in the deal's currency
    months = models.PositiveSmallIntegerField(null=True, blank=True)  # of its first term; blank: open
    starts_on = models.DateField(null=True, blank=True)
    contract = models.OneToOneField("crm.Contract", models.SET_NULL, null=True, blank=True, related_name="deal")

    #: Ids of lines of checklists that are ticked, those of stages it has left too: it may come back there.
    checked = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    lost_because = models.ForeignKey(LossReason, models.SET_NULL, null=True, blank=True, related_name="+")
    lost_note = models.CharField(max_length=400, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    custom = CustomValues("deal")

    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)  # when anything of it changed: what other people's boards ask
    entered_at = models.DateTimeField(default=clock.now)  # its stage
    stuck_at = models.DateTimeField(null=True)  # when it has been there for too long; blank: never
    told_stuck = models.BooleanField(default=False)  # the timeline knows
    closed_at = models.DateTimeField(null=True)  # won or lost
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    key = models.CharField(max_length=200, null=True, unique=True)  # of one that must be made once

    objects = DealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("external_id"), name="deal_external_id_once"),
            # At the end of a statement, so that one statement may number a whole stage anew.
            models.UniqueConstraint(fields=["stage", "rank"], deferrable=Deferrable.IMMEDIATE, name="deal_rank_once"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="deal_amount_not_negative"),
            models.CheckConstraint(condition=Q(mrr=None) | Q(mrr__gte=0), name="deal_mrr_not_negative"),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at=None) | ~Q(outcome="open") & Q(closed_at__isnull=False),
                name="deal_closed_has_time",
            ),
        ]
        indexes = [
            # The sums over the columns of a board, from the index alone.
            models.Index(fields=["stage"], include=["value", "account", "stuck_at"], condition=Q(outcome="open"),
                         name="deal_sums"),
            models.Index(fields=["stage", "-closed_at", "-id"], condition=~Q(outcome="open"), name="deal_closed"),
            models.Index(fields=["pipeline", "-updated_at"], name="deal_moved"),
            models.Index(fields=["account", "-created_at", "-id"], name="deal_of_account"),
            models.Index(fields=["owner", "expected_on", "id"], condition=Q(outcome="open"), name="deal_open_of_owner"),
            models.Index(fields=["owner"], condition=Q(owner__isnull=False), name="deal_of_user"),
            models.Index(fields=["expected_on", "id"], condition=Q(outcome="open"), name="deal_open_by_expected"),
            models.Index(fields=["-value", "-id"], condition=Q(outcome="open"), name="deal_open_by_value"),
            models.Index(fields=["-value", "-id"], name="deal_by_value"),
            models.Index(fields=["-created_at", "-id"], name="deal_newest"),
            models.Index(fields=["-updated_at", "-id"], name="deal_latest"),
            models.Index(fields=["stuck_at"], condition=Q(outcome="open", told_stuck=False, stuck_at__isnull=False),
                         name="deal_to_tell_stuck"),
            GinIndex(fields=["tags"], name="deal_tags"),
            GinIndex(OpClass(Folded("title"), "gin_trgm_ops"), name="deal_title_search"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address("pipelines:deal", self.pk)

    @property
    def is_open(self) -> bool:
        return self.outcome == Outcome.OPEN

    def is_stuck(self, now: Any) -> bool:
        return self.is_open and self.stuck_at is not None and self.stuck_at <= now


class DealChange(
    changes_of(  # type: ignore[misc]
        Deal,
        {
            "title": "title", "owner": "owner", "account": "customer", "amount": "amount", "currency": "currency",
            "rate": "", "expected_on": "expected close", "source": "source", "next_step": "next step",
            "next_on": "day of the next step", "plan": "plan", "mrr": "MRR", "months": "months of the term",
            "starts_on": "first day", "checked": "checklist", "lost_because": "reason", "lost_note": "note on the loss",
            "tags": "tags", "custom": "fields of one's own",
        },
    )
):  # fmt: skip
    """A deal as it was. Not remembered: its stage and its place, whose spells tell more and take it back."""


class DealSpell(models.Model):
    """A stretch of time in one stage, half-open; the last one has no end. What insight counts."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="spells", db_index=False)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # blank: no person
    because = models.CharField(max_length=200, blank=True)  # in a sentence, where nobody of ours did it
    act = models.ForeignKey(Act, models.SET_NULL, null=True, related_name="+", db_index=False)  # undone with it

    class Meta:
        constraints = [
            models.UniqueConstraint("deal", condition=Q(ended_at=None), name="dealspell_open_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="dealspell_forward"
            ),
        ]
        indexes = [
            models.Index(fields=["deal", "began_at"], name="dealspell_of_deal"),
            models.Index(fields=["stage", "began_at"], name="dealspell_of_stage"),
            models.Index(fields=["stage", "ended_at"], name="dealspell_left"),
            models.Index(fields=["act"], condition=Q(act__isnull=False), name="dealspell_of_act"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} in {self.stage_id}"


class DealContact(models.Model):
    """A person of the customer who has to do with a deal."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="people", db_index=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="deals")

    class Meta:
        constraints = [models.UniqueConstraint("deal", "contact", name="dealcontact_once")]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.deal_id}"


class DealTicket(models.Model):
    """A ticket that a deal came from or depends on."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="tickets", db_index=False)
    ticket = models.ForeignKey("crm.Ticket", models.CASCADE, related_name="deals")

    class Meta:
        constraints = [models.UniqueConstraint("deal", "ticket", name="dealticket_once")]

    def __str__(self) -> str:
        return f"ticket {self.ticket_id} of {self.deal_id}"
