"""What is done about payments that failed: how, in one row; a case for each; and the tokens by which products ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of
from crm.ledger.models import Payment
from crm.team.models import VisibleQuerySet
from crm.team.permissions import allows
from crm.web import clock
from crm.web.addresses import address
from retention.dunning import rules


def working_week() -> list[int]:
    return sorted(rules.Ways().weekdays)


def all_paydays() -> list[str]:
    return list(rules.PAYDAYS)


def hard_codes() -> list[str]:
    return list(rules.HARD)


class SettingsQuerySet(models.QuerySet["DunningSettings"]):
    def visible_to(self, user: Any) -> Self:
        return self if allows(user, "manage_settings") else self.none()


class DunningSettings(models.Model):
    """How payments that fail are followed up, in one row."""

    ONLY: ClassVar = 1

    on_since = models.DateTimeField(null=True, blank=True)  # failures from then on are followed up; null: none are
    tries = models.PositiveSmallIntegerField(default=4)
    longest = models.PositiveSmallIntegerField(default=21)
    apart = models.PositiveSmallIntegerField(default=2)
    from_hour = models.PositiveSmallIntegerField(default=8)
    until_hour = models.PositiveSmallIntegerField(default=12)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=working_week)
    paydays = ArrayField(models.CharField(max_length=12), default=all_paydays, blank=True)
    hard_codes = ArrayField(models.CharField(max_length=60), default=hard_codes, blank=True)
    leave_to_provider = models.BooleanField(default=True)  # where it has planned a try of its own, we plan none
    grace_days = models.PositiveSmallIntegerField(default=7)
    near_days = models.PositiveSmallIntegerField(default=2)
    mend_url = models.CharField(max_length=500, blank=True)  # where a customer gives another card
    looked_at = models.DateTimeField(null=True)  # all the way back

    objects = SettingsQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="dunningsettings_one_row")]

    def __str__(self) -> str:
        return "Failed payments"

    @classmethod
    def the_only(cls) -> DunningSettings:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)

    def ways(self) -> rules.Ways:
        return rules.Ways(
            self.tries, self.longest, self.apart, self.from_hour, self.until_hour,
            frozenset(self.weekdays), frozenset(self.paydays),
        )  # fmt: skip


class DunningSettingsChange(
    changes_of(  # type: ignore[misc]
        DunningSettings,
        {
            "on_since": "switched on", "tries": "number of tries", "longest": "longest time", "apart": "days apart",
            "from_hour": "first hour", "until_hour": "last hour", "weekdays": "weekdays", "paydays": "paydays",
            "hard_codes": "declines that want another card", "leave_to_provider": "tries of the billing system",
            "grace_days": "days of grace", "near_days": "days before the end of grace",
            "mend_url": "page for another card",
        },
    )
):  # fmt: skip
    """The settings as they were before somebody changed them."""


class CaseQuerySet(VisibleQuerySet["DunningCase"]):
    def open(self) -> Self:
        return self.filter(state=DunningCase.State.OPEN)

    def failing(self) -> Self:
        """Open, and nothing has come in: billing may know of a payment a moment before its case does."""
        return self.open().filter(payment__status__in=FAILING)


#: Of payments: with these the money has not come in yet. One that is tried again just now is open.
FAILING = (Payment.Status.FAILED, Payment.Status.OPEN)


class DunningCase(models.Model):
    """A payment that failed, from then until it is paid, given up or forgiven. At most one is open for each."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RECOVERED = "recovered", "Recovered"
        LOST = "lost", "Lost"
        FORGIVEN = "forgiven", "Forgiven"

    class Why(models.TextChoices):
        """What brought the money, or why none comes."""

        RETRY = rules.RETRY, "by a try of ours"
        MESSAGE = rules.MESSAGE, "after a message"
        PERSON = rules.PERSON, "by a colleague"
        THEMSELVES = rules.THEMSELVES, "by themselves"
        TIME = "time", "time is over"
        VOID = "void", "the payment was voided"
        CONTRACT = "contract", "the contract was cancelled"
        DECIDED = "decided", "a colleague decided so"

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="+", db_index=False)
    payment = models.ForeignKey("crm.Payment", models.CASCADE, related_name="+", db_index=False)
    episode = models.PositiveSmallIntegerField(default=1)  # a payment may fail again after it was paid
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    why = models.CharField(max_length=12, choices=Why, blank=True)  # … it is over
    failed_at = models.DateTimeField()  # first
    last_failed_at = models.DateTimeField()  # as far as the plan knows
    reason = models.CharField(max_length=200, blank=True)  # of the last decline
    wants_card = models.BooleanField(default=False)  # no try can help: they must give another card
    provider_at = models.DateTimeField(null=True)  # when the billing system tries by itself

    grace_ends_at = models.DateTimeField()  # the first moment without access
    grace_told_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()  # then it is given up

    tries = models.PositiveSmallIntegerField(default=0)  # that we asked for
    last_at = models.DateTimeField()  # when it was tried last, by whomever
    next_at = models.DateTimeField(null=True)  # when we try next
    next_why = models.CharField(max_length=120, blank=True)
    zone = models.CharField(max_length=64, blank=True)  # on whose clock that was planned
    asked_at = models.DateTimeField(null=True)  # a try of ours is under way
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)  # somebody wants nothing tried

    note = models.CharField(max_length=400, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("payment", condition=Q(state="open"), name="dunningcase_open_once"),
            models.UniqueConstraint("payment", "episode", name="dunningcase_episode_once"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None, why="") | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="dunningcase_closed_at_some_time",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="dunningcase_of_account"),
            models.Index(fields=["grace_ends_at", "id"], condition=Q(state="open"), name="dunningcase_open"),
            models.Index(fields=["next_at"], condition=Q(state="open"), name="dunningcase_next"),
            models.Index(fields=["-failed_at", "-id"], name="dunningcase_by_failure"),
            models.Index(fields=["state", "-failed_at", "-id"], name="dunningcase_by_state"),
        ]

    def __str__(self) -> str:
        return f"Failed payment {self.payment_id}" if self.payment_id else "Failed payment"

    def get_absolute_url(self) -> str:
        return address("dunning:case", self.pk)

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def clock(self) -> ZoneInfo:
        return clock.zone(self.zone)

    @property
    def told(self) -> rules.Told:
        return rules.Told(self.failed_at, self.last_at, self.tries)

    @property
    def ask_key(self) -> str:
        """Of the try that is under way, or of the last one."""
        return f"dunning:{self.pk}:{self.tries}"

    def standing(self, now: datetime, near: timedelta) -> str:
        """over | near | grace of an open case: how far it is from the end of access, for words and colours."""
        if now >= self.grace_ends_at:
            return "over"
        return "near" if now >= self.grace_ends_at - near else "grace"


class DunningCaseChange(
    changes_of(  # type: ignore[misc]
        DunningCase,
        {
            "state": "state", "why": "", "closed_at": "", "closed_by": "", "stopped_at": "stopped", "note": "note",
        },
    )
):  # fmt: skip
    """A case as it was before somebody changed it."""


class EventQuerySet(VisibleQuerySet["DunningEvent"]):
    owner_path = "case__account__owner"


class DunningEvent(models.Model):
    """What happened in a case. Never changed."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Failed"
        FAILED = "failed", "Failed again"
        PLANNED = "planned", "Planned"
        ASKED = "asked", "Tried"
        UNASKED = "unasked", "Not tried"
        CARD = "card", "Another card is wanted"
        GRACE = "grace", "Grace over"
        CLOSED = "closed", "Closed"
        STOPPED = "stopped", "Stopped"
        NOTED = "noted", "Noted"
        TAKEN_BACK = "back", "Taken back"

    case = models.ForeignKey(DunningCase, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    words = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="dunningevent_of_case")]

    def __str__(self) -> str:
        return self.words


class StatusToken(models.Model):
    """By it a customer's product may ask, without a sign-in, how their payments stand. It can be revoked."""

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="+")
    uid: models.UUIDField[UUID, UUID] = models.UUIDField(default=uuid4)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("uid", name="statustoken_uid_once")]

    def __str__(self) -> str:
        return f"Status of account {self.account_id}"
