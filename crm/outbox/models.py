"""The one outbox: every message that leaves is a row here, with a unique key, a state and a reason for it."""

from __future__ import annotations

import hashlib
from datetime import datetime, time
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.team.models import User, VisibleQuerySet
from crm.web import clock


class MailPolicy(models.Model):
    """The installation's rules for mail, in one row.

    Every sending transaction holds this row FOR SHARE and every switch is flipped under FOR UPDATE of it, so that
    no message starts to leave after a flip has committed.
    """

    class Mode(models.TextChoices):
        LIVE = "live", "Live"
        HOLD = "hold", "On hold"
        REDIRECT = "redirect", "Redirected"

    mode = models.CharField(max_length=10, choices=Mode, default=Mode.LIVE)
    redirect_to = models.EmailField(blank=True)
    mode_reason = models.CharField(max_length=200, blank=True)
    went_live_at = models.DateTimeField(null=True)  # somebody said --live; imports no longer hold the mail
    cap_count = models.PositiveSmallIntegerField(default=3)  # service and marketing messages per contact …
    cap_days = models.PositiveSmallIntegerField(default=7)  # … within so many times 24 hours
    quiet_from = models.TimeField(default=time(20))
    quiet_to = models.TimeField(default=time(8))

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="mailpolicy_one_row")]

    def __str__(self) -> str:
        return self.get_mode_display()


class Switch(models.Model):
    """A kill switch that is thrown. The row is the switch: it is off again when the row is gone."""

    #: all | channel:email | sender:<name> | origin:<workflow slug> | contact:<id>
    scope = models.CharField(max_length=120, primary_key=True)
    thrown_at = models.DateTimeField(default=clock.now)
    thrown_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.scope


class Sender(models.Model):
    """An address that mail leaves from, and how fast it may."""

    name = models.CharField(max_length=60, unique=True)
    from_email = models.CharField(max_length=200)  # RFC 5322: Name <address>
    per_minute = models.PositiveIntegerField(default=600)
    next_at = models.DateTimeField(null=True)  # the next message may start then

    def __str__(self) -> str:
        return self.name


class Suppression(models.Model):
    """An address that gets nothing any more: it bounced, complained or opted out elsewhere."""

    address = models.EmailField(primary_key=True)  # lower case
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.address


class MailTemplate(models.Model):
    """Liquid source of a mail, immutable and found by its content: messages share it and keep it."""

    digest = models.CharField(max_length=64, unique=True)
    subject = models.TextField()
    body = models.TextField()  # plain text with Liquid; the HTML part is made from it

    def __str__(self) -> str:
        return self.subject

    @staticmethod
    def digest_of(subject: str, body: str) -> str:
        return hashlib.sha256(f"{subject}\0{body}".encode()).hexdigest()


class MessageQuerySet(VisibleQuerySet["OutboundMessage"]):
    def due(self, now: datetime) -> Self:
        """Planned messages whose time has come, and claimed ones whose sender has died."""
        return self.filter(
            Q(state="due", due_at__lte=now) | Q(state="claimed", lease_until__lt=now),
        )

    def needing_eyes(self) -> Self:
        """Messages that only a person can settle."""
        return self.filter(state__in=["uncertain", "failed"])


class OutboundMessage(models.Model):
    """One message to one person: what it says (facts and template), when it is due, and what became of it."""

    class Category(models.TextChoices):
        REPLY = "reply", "Reply"
        TRANSACTIONAL = "transactional", "Transactional"
        SERVICE = "service", "Service"
        MARKETING = "marketing", "Marketing"

    class State(models.TextChoices):
        DUE = "due", "Planned"
        CLAIMED = "claimed", "About to leave"
        SENDING = "sending", "Leaving"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"  # refused for good, or given up after the last attempt
        UNCERTAIN = "uncertain", "Uncertain"  # handed over, but nobody knows whether it was taken
        SKIPPED = "skipped", "Not sent"
        CANCELLED = "cancelled", "Cancelled"

    #: States from which a message still may leave by itself.
    OPEN: ClassVar = (State.DUE, State.CLAIMED, State.SENDING)

    key = models.CharField(max_length=160)
    category = models.CharField(max_length=15, choices=Category)
    channel = models.CharField(max_length=20, default="email")
    sender = models.ForeignKey(Sender, models.PROTECT, null=True, related_name="messages")  # null: the default one
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="messages")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="messages")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")  # to one of ours instead
    to_address = models.EmailField(blank=True)  # as it was sent; before that the contact's current address counts
    template = models.ForeignKey(MailTemplate, models.PROTECT, related_name="+")
    facts = models.JSONField(default=dict)  # what the template may use, as it was when the message was planned

    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    planned_for = models.DateTimeField()  # never changes
    due_at = models.DateTimeField()  # moves with quiet hours, cap and retries
    expires_at = models.DateTimeField(null=True)  # later than this it is skipped(late)
    attempts = models.PositiveSmallIntegerField(default=0)  # counted in the claim: the fencing token
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    sending_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)  # sent, failed, skipped, cancelled
    reason = models.CharField(max_length=300, blank=True)  # of the state, or of the last move, for people

    message_id = models.CharField(max_length=200, blank=True)  # RFC 5322, deterministic
    provider_id = models.CharField(max_length=200, blank=True)
    rendered_subject = models.TextField(blank=True)
    rendered_body = models.TextField(blank=True)

    #: Why it exists: who made it (a name in `slots.explainers`) and which row of theirs.
    origin = models.CharField(max_length=20, blank=True)
    origin_id = models.BigIntegerField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("key", name="message_key_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="due"), name="message_due"),
            models.Index(fields=["lease_until"], condition=Q(state__in=["claimed", "sending"]), name="message_leased"),
            # The cap counts what a contact got lately.
            models.Index(fields=["contact", "-sending_at"], condition=Q(sending_at__isnull=False), name="message_of_contact"),
            models.Index(fields=["account", "-planned_for", "-id"], name="message_of_account"),
            models.Index(fields=["state", "-id"], condition=Q(state__in=["uncertain", "failed"]), name="message_eyes"),
            models.Index(fields=["origin", "origin_id"], name="message_origin"),
        ]

    def __str__(self) -> str:
        return self.rendered_subject or self.template.subject

    def to_hash(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]


class Decision(models.Model):
    """What was decided about a message on its way, and why: kept for each move, refusal, failure and sending."""

    message = models.ForeignKey(OutboundMessage, models.CASCADE, related_name="decisions")
    at = models.DateTimeField(default=clock.now)
    verdict = models.CharField(max_length=12)  # moved | skipped | sending | sent | failed | uncertain | cancelled | …
    guard = models.CharField(max_length=40, blank=True)  # quiet-hours, cap, consent, suppression, late, …
    reason = models.CharField(max_length=300)
    facts = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["message", "id"], name="decision_of_message")]

    def __str__(self) -> str:
        return self.reason
