"""What holds for all mail: the policy, switches, senders, and addresses that get none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import time
from typing import ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Q

from crm.outbox.rules import REST_DAYS
from crm.team.models import User
from crm.web import clock

#: The advisory lock in front of the policy's row. Row locks that are shared do not queue behind whoever wants the row
#: alone, so that many senders would keep a switch waiting for ever; these do.
GATE = 0x6D61696C

_SHARED = f"""
    SELECT *, xmin::text AS version FROM crm_mailpolicy
    WHERE id = 1 AND pg_try_advisory_xact_lock_shared({GATE}) FOR SHARE SKIP LOCKED
"""  # noqa: S608  (a number of ours)


#: What leaves by another way than mail: channel → its name, which is also that of its sender.
CHATS = {"telegram": "Telegram", "whatsapp": "WhatsApp", "instagram": "Instagram", "bridge": "Bridges"}


class MailPolicy(models.Model):
    """The installation's rules for mail, in one row.

    Every sending transaction holds GATE shared and this row FOR SHARE. Every switch is flipped under both alone, in a
    new version of the row, so that no message starts to leave after a flip has committed: see crm.outbox.sending.
    """

    class Mode(models.TextChoices):
        LIVE = "live", "Live"
        HOLD = "hold", "On hold"
        REDIRECT = "redirect", "Redirected"

    mode = models.CharField(max_length=10, choices=Mode, default=Mode.LIVE)
    redirect_to = models.EmailField(blank=True)
    mode_reason = models.CharField(max_length=200, blank=True)
    went_live_at = models.DateTimeField(null=True)  # somebody said --live; imports no longer hold the mail
    opened_at = models.DateTimeField(null=True)  # mail that had been kept back may leave again since then
    cap_count = models.PositiveSmallIntegerField(default=3)  # service and marketing messages per contact …
    cap_days = models.PositiveSmallIntegerField(default=7)  # … within so many times 24 hours
    quiet_from = models.TimeField(default=time(20))
    quiet_to = models.TimeField(default=time(8))
    # For so many days automation leaves a person alone after each; see crm.outbox.pressure.
    rest_after_reply = models.PositiveSmallIntegerField(default=REST_DAYS["reply"], db_default=REST_DAYS["reply"])
    rest_after_ticket = models.PositiveSmallIntegerField(default=REST_DAYS["ticket"], db_default=REST_DAYS["ticket"])
    rest_after_rating = models.PositiveSmallIntegerField(default=REST_DAYS["rating"], db_default=REST_DAYS["rating"])
    rest_after_complaint = models.PositiveSmallIntegerField(
        default=REST_DAYS["complaint"], db_default=REST_DAYS["complaint"]
    )
    automated_most = models.PositiveSmallIntegerField(
        default=80, db_default=80
    )  # percent of touches by machines, above which it is too many
    revision = models.PositiveBigIntegerField(default=0)  # how often the gate was closed

    version: str  # of the row that `shared` gave, as Postgres counts: any change makes another

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="mailpolicy_one_row")]

    def __str__(self) -> str:
        return self.get_mode_display()

    @classmethod
    def shared(cls) -> Self | None:
        """The row FOR SHARE in the caller's transaction; None, at once, while somebody else changes it."""
        for _ in range(2):
            for policy in cls.objects.raw(_SHARED):
                return policy
            if cls.objects.exists():
                break
            cls.objects.bulk_create([cls(pk=1)], ignore_conflicts=True)
        return None

    @classmethod
    def the_only(cls, *, locked: bool = False) -> Self:
        """The row, with the defaults if there is none yet; `locked` makes it, and holds GATE and it FOR UPDATE."""
        if locked:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GATE])
        found = cls.objects.select_for_update() if locked else cls.objects.all()
        if policy := found.filter(pk=1).first():
            return policy
        if not locked:
            return cls(pk=1)  # whoever only reads writes nothing
        cls.objects.bulk_create([cls(pk=1)], ignore_conflicts=True)
        return cls.the_only(locked=True)


class Switch(models.Model):
    """A kill switch that is thrown. The row is the switch: it is off again when the row is gone."""

    #: all | automatic | category:<one> | channel:<email, or one of CHATS> | sender:<name> | contact:<id>; a workflow is
    #: paused in its own room
    scope = models.CharField(max_length=120, primary_key=True)
    thrown_at = models.DateTimeField(default=clock.now)
    thrown_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.scope

    @property
    def words(self) -> str:
        """What it stops, as people read it."""
        kind, _, name = self.scope.partition(":")
        if kind == "sender":
            return "the default sender" if name == Sender.DEFAULT else f"the sender “{name}”"
        if name in CHATS and kind == "channel":
            return f"all that leaves by {CHATS[name]}"
        return {"all": "all mail", "automatic": "everything automatic", "category": f"{name} mail",
                "channel": "all e-mail"}.get(kind, "mail to one person")  # fmt: skip


class Sender(models.Model):
    """An address that mail leaves from, and how fast it may."""

    name = models.CharField(max_length=60, unique=True)
    from_email = models.CharField(max_length=200, blank=True)  # RFC 5322: Name <address>
    per_minute = models.PositiveIntegerField(default=600)
    minute = models.DateTimeField(null=True)  # the minute of the clock in which it sent last …
    used = models.PositiveIntegerField(default=0)  # … and how many in it
    next_at = models.DateTimeField(null=True)  # the first slot nobody was moved to: see rules.next_slot

    #: The name of the sender of messages that name none; a blank address means DEFAULT_FROM_EMAIL.
    DEFAULT: ClassVar = "default"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def the_default(cls) -> Self:
        return cls.objects.get_or_create(name=cls.DEFAULT)[0]

    @classmethod
    def of_channel(cls, channel: str) -> Self:
        """Of what leaves by a chat: it has no address, but a pace."""
        return cls.objects.get_or_create(name=CHATS[channel])[0]

    @property
    def address(self) -> str:
        return self.from_email or settings.DEFAULT_FROM_EMAIL


class Suppression(models.Model):
    """An address that gets nothing any more: it bounced, complained or opted out elsewhere.

    Of somebody who was erased only a digest is kept, so that no later import brings them mail again.
    """

    address = models.EmailField(primary_key=True)  # lower case, or its digest
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.address

    @staticmethod
    def digest(address: str) -> str:
        """What stands for an address that must not be kept."""
        return f"sha256:{hashlib.sha256(address.lower().encode()).hexdigest()}"

    @classmethod
    def keys(cls, address: str) -> list[str]:
        """Under which an address is found, given in lower case."""
        return [address, cls.digest(address)]

    @classmethod
    def among(cls, addresses: Iterable[str]) -> dict[str, Self]:
        """By address, in lower case, those that get nothing; one query."""
        wanted = {key: address for address in addresses for key in cls.keys(address)}
        # One parameter, where a list would write each of some thousand addresses into the statement.
        found = cls.objects.raw("SELECT * FROM crm_suppression WHERE address = ANY(%s)", [list(wanted)])
        return {wanted[row.address]: row for row in found}
