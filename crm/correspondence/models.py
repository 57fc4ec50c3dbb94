"""Mail between people of ours and people outside: written here, sent from one's own mailbox, or received."""

from __future__ import annotations

import secrets
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.accounts.models import Alias, Contact
from crm.inbox.models import InboundPayload
from crm.outbox.models import OutboundMessage
from crm.team.models import VisibleQuerySet, owned_by_sight_of
from crm.web import clock
from crm.web.addresses import address


def new_thread_token() -> str:
    return secrets.token_hex(10)  # lower case: mail servers may change it


def new_token() -> str:
    return secrets.token_hex(16)


class MailIdentity(models.Model):
    """What one of us writes mail with: a signature, and the secret part of the address for copies of one's own mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    token = models.CharField(max_length=40, unique=True, default=new_token)
    signature = models.TextField(blank=True)  # Markdown
    addresses = ArrayField(models.EmailField(), default=list, blank=True)  # beside the user's own, in lower case

    def __str__(self) -> str:
        return f"Mail of {self.user}"

    @classmethod
    def of(cls, user: Any) -> Self:
        """Made when it is first asked for, by whoever is about to write it; pages that only read use `seen`."""
        return cls.objects.get_or_create(user=user)[0]

    @classmethod
    def seen(cls, user: Any) -> Self:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(user=user).first() or cls(user=user, token="")


class MailThread(models.Model):
    """One conversation with a customer. Whoever answers to its token's address lands in it."""

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="threads")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="+")  # with whom it began
    subject = models.CharField(max_length=300, blank=True)
    token = models.CharField(max_length=40, unique=True, default=new_thread_token)
    last_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["account", "-last_at"], name="thread_of_account")]

    def __str__(self) -> str:
        return self.subject or "No subject"

    def get_absolute_url(self) -> str:
        return address("correspondence:thread", self.pk)


def _of_others(user: Any) -> Q:
    """That the sender is a person whom the user may not see, by an address of theirs or one from before a merge."""
    seen = Contact.objects.visible_to(user).values("pk")
    people = Contact.objects.filter(email=OuterRef("sender_address")).exclude(pk__in=seen)
    former = Alias.objects.filter(subject="contact", kind=Alias.Kind.EMAIL, value=OuterRef("sender_address")).exclude(
        contact__in=seen
    )
    return Q(Exists(people)) | Q(Exists(former))


class MailQuerySet(VisibleQuerySet["Mail"]):
    def visible_to(self, user: Any) -> Self:
        """Mail that nobody has filed is seen by everybody, but for two kinds: what a colleague brought is theirs, and
        what says that it is of a customer is seen by whoever sees that customer.
        """
        rows = super().visible_to(user)
        if not getattr(user, "is_active", False) or user.sees_everything:
            return rows
        answered = owned_by_sight_of(user, "answers__account__owner") | Q(answers__account__owner=None)
        strange = (Q(user=None) & answered & ~_of_others(user)) | Q(user=user.pk)
        return rows.filter(Q(account__isnull=False) | strange)

    def unmatched(self) -> Self:
        """What waits for a person to say whose it is."""
        return self.filter(account=None, ignored_at=None)

    def in_order(self) -> Self:
        return self.order_by("occurred_at", "id")


class Quoting:
    """What somebody wrote: a `text`, and where in it what it quotes begins."""

    text: Any
    folded_at: Any

    @property
    def fresh(self) -> str:
        """What it says above what it quotes."""
        return str(self.text[: self.folded_at] if self.folded_at else self.text)

    @property
    def quoted(self) -> str:
        return str(self.text[self.folded_at :]) if self.folded_at else ""


class Mail(Quoting, models.Model):
    """One mail of a conversation; without an account it waits until somebody says whose it is."""

    class Direction(models.TextChoices):
        IN = "in", "Received"
        OUT = "out", "Sent"

    thread = models.ForeignKey(MailThread, models.CASCADE, null=True, related_name="mails")
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="mails")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="mails")
    #: Of ours: who wrote it, or whose address brought it here.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction)
    message_id = models.CharField(max_length=255, null=True)  # without brackets; of what is written here its message's
    references = ArrayField(models.CharField(max_length=255), default=list)  # the nearest first
    sender_name = models.CharField(max_length=120, blank=True)
    sender_address = models.CharField(max_length=254, blank=True)  # lower case
    recipients: models.JSONField[Any, Any] = models.JSONField(default=list)  # [name, address] of each
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, default="", db_default="")  # as it came, never shown but by crm.web.html
    folded_at = models.PositiveIntegerField(null=True)  # where what it quotes begins
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)
    automatic = models.BooleanField(default=False)
    waits_because = models.CharField(max_length=200, blank=True)  # why nobody could tell whose it is
    answers = models.ForeignKey(MailThread, models.SET_NULL, null=True, related_name="+")  # what it claims to belong to
    ignored_at = models.DateTimeField(null=True)
    payload = models.ForeignKey(InboundPayload, models.SET_NULL, null=True, related_name="+")
    #: Of what is written here: the message that leaves, and what was written in one go to several people.
    outbound = models.OneToOneField(OutboundMessage, models.SET_NULL, null=True, related_name="+")
    bundle = models.UUIDField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("message_id", name="mail_once")]
        indexes = [
            models.Index(fields=["-id"], condition=Q(account=None, ignored_at=None), name="mail_unmatched"),
            models.Index(fields=["sender_address"], condition=Q(account=None), name="mail_of_stranger"),
            models.Index(fields=["bundle"], condition=Q(bundle__isnull=False), name="mail_of_bundle"),
        ]

    def __str__(self) -> str:
        return self.subject or "No subject"

    @property
    def sender(self) -> str:
        return self.sender_name or self.sender_address or "Somebody"


class MailFile(models.Model):
    """A file that came with a mail, or goes along with one; it lies in the customer's folder."""

    mail = models.ForeignKey(Mail, models.CASCADE, related_name="files")
    file = models.ForeignKey("crm.AccountFile", models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("mail", "file", name="mailfile_once")]

    def __str__(self) -> str:
        return f"{self.file_id} with {self.mail_id}"


class IgnoredSender(models.Model):
    """An address whose mail is nothing to us, as somebody said once."""

    address = models.CharField(max_length=254, primary_key=True)  # lower case
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.address
