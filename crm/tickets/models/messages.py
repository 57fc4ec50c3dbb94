"""What is said in a ticket: by the customer, by us, among ourselves, and by the house itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q

from crm.accounts.models import leaves_bytes
from crm.correspondence.models import Quoting
from crm.inbox.models import InboundPayload
from crm.outbox.models import OutboundMessage
from crm.team.models import VisibleQuerySet
from crm.tickets.models.tickets import Ticket
from crm.web import clock


class MessageQuerySet(VisibleQuerySet["TicketMessage"]):
    """Reached through tickets that one sees."""

    def visible_to(self, user: Any) -> MessageQuerySet:
        return self.filter(ticket__in=Ticket.objects.visible_to(user).values("pk"))

    def in_order(self) -> MessageQuerySet:
        return self.order_by("occurred_at", "id")

    def arrived_after(self, arrival: int) -> MessageQuerySet:
        """Those that came into their ticket later than the one with this `arrival`."""
        return self.filter(Q(arrived__gt=arrival) | Q(arrived=None, pk__gt=arrival))

    def move(self, ticket: Ticket, **columns: Any) -> int:
        """Into this ticket, where they arrive now. The caller has locked it and the one that they come from."""
        return self.update(ticket=ticket, arrived=_NEXT, **columns)


#: A number of the same sequence as ids: whoever locks the ticket before they take one stand in the order of commits.
_NEXT = Func(function="nextval", template="nextval(pg_get_serial_sequence('crm_ticketmessage', 'id'))")


class TicketMessage(Quoting, models.Model):
    """One thing said, on whatever channel."""

    class Kind(models.TextChoices):
        IN = "in", "From the customer"
        OUT = "out", "Answer"
        NOTE = "note", "Note to the team"
        AUTO = "auto", "Automatic"  # by the house: an acknowledgement, a question how it was

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    #: The ticket it was said in before that was merged into this one.
    origin = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="+")
    #: When it came into this ticket, by the sequence of ids; blank: when it was made.
    arrived = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=4, choices=Kind)
    channel = models.CharField(max_length=10, choices=Ticket.Channel)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # of ours
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="+")
    sender_name = models.CharField(max_length=120, blank=True)
    sender_handle = models.CharField(max_length=254, blank=True)  # lower case
    recipients: models.JSONField[Any, Any] = models.JSONField(default=list)  # [name, address] of each
    subject = models.CharField(max_length=300, blank=True, db_default="")  # of a mail; answers go on under it
    text = models.TextField(blank=True)  # Markdown where one of ours wrote it
    html = models.TextField(blank=True)  # as it came; never shown without being cleaned
    folded_at = models.PositiveIntegerField(null=True)  # where what it quotes begins
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)
    automatic = models.BooleanField(default=False)  # a machine of theirs wrote it: nothing answers it
    proven = models.BooleanField(default=True)  # whether the channel vouches for the sender

    #: Files of theirs that are not here: payload, label, name, and why, once they do not come by themselves; `asked`:
    #: somebody of ours wants it all the same.
    lacking: models.JSONField[Any, Any] = models.JSONField(default=list, db_default=[])

    external_key = models.CharField(max_length=255, null=True)  # its channel's own: a Message-ID, a wamid
    references = ArrayField(models.CharField(max_length=255), default=list)  # the nearest first
    payload = models.ForeignKey(InboundPayload, models.SET_NULL, null=True, related_name="+")
    #: Of what is written here: the message that leaves, the form it was written in, and what it set.
    outbound = models.OneToOneField(OutboundMessage, models.SET_NULL, null=True, related_name="+")
    bundle = models.UUIDField(null=True, unique=True)
    was_status = models.CharField(max_length=8, blank=True)  # what calling it off goes back to
    called_off_at = models.DateTimeField(null=True)

    #: −100 … 100; blank: not judged. By whom it was corrected, if it was.
    mood = models.SmallIntegerField(null=True)
    mood_words = ArrayField(models.CharField(max_length=60), default=list)  # that decided
    mood_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("channel", "external_key", name="ticketmessage_once")]
        indexes = [
            models.Index(fields=["ticket", "occurred_at", "id"], name="ticketmessage_of_ticket"),
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="ticketmessage_of_origin"),
            models.Index(fields=["user", "-occurred_at"], condition=Q(kind="out"), name="ticketmessage_of_user"),
            models.Index(fields=["sender_handle", "-occurred_at"], condition=Q(kind="in"),
                         name="ticketmessage_of_handle"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.ticket_id}"

    @property
    def sender(self) -> str:
        return str(self.user or self.contact or self.sender_name or self.sender_handle or "Holdfast")

    @property
    def arrival(self) -> int:
        """Its place in the order in which messages came into the ticket: what a merge brought has come later than its
        id says."""
        return self.arrived or self.pk


class TicketFile(models.Model):
    """A file that came with a message, or goes along with one. Its bytes lie under MEDIA_ROOT."""

    FOLDER: ClassVar = "tickets"

    message = models.ForeignKey(TicketMessage, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)  # by its first bytes, never as somebody said
    size = models.BigIntegerField()  # bytes
    stored_as = models.CharField(max_length=120, unique=True)
    content_id = models.CharField(max_length=255, blank=True)  # by which the message's HTML shows it

    class Meta:
        triggers = [leaves_bytes()]

    def __str__(self) -> str:
        return self.name


class TicketDraft(models.Model):
    """What somebody is writing, kept as they write."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_note = models.BooleanField(default=False)
    #: On the page of which ticket, where that was merged into this one; blank: of this one.
    begun_in = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    #: The canned answer that went into it and sets something beside.
    macro = models.ForeignKey("crm.Macro", models.SET_NULL, null=True, related_name="+", db_index=False)
    saved_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("ticket", "user", "is_note", "begun_in", name="draft_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.text[:60]
