"""The one inbox: what came in from outside, stored raw before anybody made something of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from crm.slots import Arrived
from crm.web import clock


class InboundPayload(models.Model):
    """One thing that came in. Its key outlives its bytes: what comes again is known for a long time."""

    class State(models.TextChoices):
        NEW = "new", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Parked"  # failed again and again: a person decides
        IGNORED = "ignored", "Ignored"  # nothing to us, or discarded by a person

    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)  # a name in slots.inbox_handlers
    external_key = models.CharField(max_length=200)  # what its source knows it by
    headers: models.JSONField[Any, Any] = models.JSONField(default=dict)  # what the source said beside the bytes
    body = models.BinaryField(default=b"")
    size = models.BigIntegerField()  # bytes, also when the body is gone
    addresses = ArrayField(models.CharField(max_length=254), default=list, db_default=[])  # of people it names
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    due_at = models.DateTimeField()  # while it waits: nobody takes it before
    tries = models.PositiveSmallIntegerField(default=0)  # counted before each, so that one that kills counts too
    error = models.TextField(blank=True)  # of the last try that failed
    note = models.CharField(max_length=300, blank=True)  # what became of it, for people
    handled_at = models.DateTimeField(null=True)  # done or ignored
    raw_kept = models.BooleanField(default=True, db_default=True)  # False: headers and body were removed
    #: Something is fetched for it first, over a network: it waits apart from what is here already.
    fetches = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint("source", "external_key", name="payload_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="new", fetches=False), name="payload_waiting"),
            models.Index(fields=["tries", "due_at", "id"], condition=Q(state="new", fetches=True),
                         name="payload_to_fetch"),
            models.Index(fields=["-id"], condition=Q(state="failed"), name="payload_parked"),
            models.Index(fields=["-id"], condition=Q(state="ignored"), name="payload_ignored"),
            models.Index(fields=["handled_at"], condition=Q(handled_at__isnull=False, raw_kept=True),
                         name="payload_raw"),
            models.Index(fields=["handled_at"], condition=Q(handled_at__isnull=False, raw_kept=False),
                         name="payload_emptied"),
            GinIndex(fields=["addresses"], name="payload_addresses"),
        ]  # fmt: skip

    def __str__(self) -> str:
        kind, source = self.kind.replace(".", " "), self.source
        return f"{kind[0].upper()}{kind[1:]} from {source.partition(':')[2] or source}"

    @property
    def arrived(self) -> Arrived:
        headers = {**self.headers, "size": str(self.size)}
        return Arrived(self.pk, self.source, self.kind, headers, bytes(self.body), self.received_at)

    def settle(self, state: str, note: str, now: datetime) -> None:
        """It is done with. The caller saves."""
        self.state, self.note, self.handled_at, self.error = state, note[:300], now, ""


class InboxSettings(models.Model):
    """The installation's own address for mail, and how long raw payloads are kept, in one row."""

    #: inbox@example.com; blank: none. Mail for it is known by what stands behind a plus: inbox+<token>@example.com.
    address = models.EmailField(blank=True)
    #: Whether mail from somebody known is taken as theirs without a token: senders can be forged.
    trusts_senders = models.BooleanField(default=False)
    raw_days = models.PositiveSmallIntegerField(default=30)

    ONLY: ClassVar = 1

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="inboxsettings_one_row")]

    def __str__(self) -> str:
        return self.address or "No address"

    @classmethod
    def the_only(cls) -> Self:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)


class MailboxPlace(models.Model):
    """How far a mailbox has been read. Its numbers mean something as long as its validity stays (RFC 9051, 2.3.1.1)."""

    mailbox = models.CharField(max_length=255, primary_key=True)  # user@host/folder
    validity = models.BigIntegerField()
    last_uid = models.BigIntegerField()
    looked_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)  # why the last look failed; blank: it did not

    def __str__(self) -> str:
        return self.mailbox
