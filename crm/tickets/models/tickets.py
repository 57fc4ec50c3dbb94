"""Tickets themselves, how long each has been in which state, and who watches them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Least

from crm.accounts.models.accounts import ListedQuerySet
from crm.fields.models import CustomValues
from crm.history.models import Act
from crm.history.tracking import changes_of
from crm.segments.filters import Folded
from crm.team.models import Membership, Team, owned_by_sight_of
from crm.tickets.models.desk import ServiceLevel, TicketCategory
from crm.web import clock
from crm.web.addresses import address


class TicketQuerySet(ListedQuerySet["Ticket"]):
    def visible_to(self, user: Any) -> Self:
        """Besides tickets of customers one may see: those one handles or follows, and those of one's teams."""
        if not getattr(user, "is_active", False) or user.sees_everything:
            return super().visible_to(user)
        theirs = owned_by_sight_of(user, "account__owner") | owned_by_sight_of(user, "assignee")
        teams = Membership.objects.filter(user=user).values("team")
        followed = TicketFollower.objects.filter(ticket=OuterRef("pk"), user=user)
        of_nobody = Q(account__owner=None, assignee=None, team=None)
        return self.filter(theirs | Q(team__in=teams) | of_nobody | Exists(followed))

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def for_list(self) -> Self:
        """With what one line of a queue shows."""
        return self.select_related("account", "contact", "assignee", "team", "category")


class Ticket(models.Model):
    """One thing that a customer wants of us. Its number is its id."""

    class Status(models.TextChoices):
        NEW = "new", "New"  # nobody of ours has looked at it
        OPEN = "open", "Open"  # it waits for us
        PENDING = "pending", "Pending"  # it waits for the customer
        ON_HOLD = "on_hold", "On hold"  # it waits for somebody else
        SOLVED = "solved", "Solved"  # an answer opens it again
        CLOSED = "closed", "Closed"  # an answer begins another ticket

    class Priority(models.IntegerChoices):
        LOW = 1, "Low"
        NORMAL = 2, "Normal"
        HIGH = 3, "High"
        URGENT = 4, "Urgent"

    class Channel(models.TextChoices):
        MAIL = "email", "Mail"
        FORM = "form", "Form"
        PHONE = "phone", "Phone"
        TELEGRAM = "telegram", "Telegram"
        WHATSAPP = "whatsapp", "WhatsApp"
        INSTAGRAM = "instagram", "Instagram"
        BRIDGE = "bridge", "Bridge"  # a customer's own, by signed webhooks
        API = "api", "API"

        @property
        def spoken(self) -> str:
            """As within a sentence: “mail”, but “WhatsApp”, whose names keep their letters."""
            label = str(self.label)
            return label if self in (self.TELEGRAM, self.WHATSAPP, self.INSTAGRAM, self.API) else label.lower()

    #: Of the badges.
    TONES: ClassVar = {"new": "info", "open": "warn", "pending": "", "on_hold": "", "solved": "good", "closed": ""}
    #: lucide names.
    ICONS: ClassVar = {
        "email": "mail", "form": "clipboard-pen", "phone": "phone", "telegram": "send", "whatsapp": "message-circle",
        "instagram": "camera", "bridge": "webhook", "api": "code",
    }  # fmt: skip

    external_id = models.CharField(max_length=120, null=True, blank=True)  # as the system it came from knows it
    subject = models.CharField(max_length=300)
    status = models.CharField(max_length=8, choices=Status, default=Status.NEW)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    category = models.ForeignKey(TicketCategory, models.SET_NULL, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)  # by which it came
    reply_channel = models.CharField(max_length=10, choices=Channel)  # that the customer used last: answers leave there
    account = models.ForeignKey("crm.Account", models.SET_NULL, null=True, blank=True, related_name="tickets")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, blank=True, related_name="tickets")
    #: As the channel knows who asks; it may be nobody on record.
    requester_name = models.CharField(max_length=120, blank=True)
    requester_handle = models.CharField(max_length=254, blank=True)  # address, number or id; lower case
    copied = ArrayField(models.EmailField(), default=list, blank=True)  # who else reads the mails, outside
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tickets", db_index=False
    )
    assigned_because = models.CharField(max_length=200, blank=True)  # in a sentence, for people
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    custom = CustomValues("ticket")
    token = models.CharField(max_length=40, unique=True)  # of the address that its mails are answered to

    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)  # when anything was said or changed
    asked_at = models.DateTimeField(null=True)  # when the customer wrote last; machines of theirs do not count
    answered_at = models.DateTimeField(null=True)  # when one of ours answered first
    solved_at = models.DateTimeField(null=True)  # when it was last solved; blank while it is open
    closed_at = models.DateTimeField(null=True)
    reopened = models.PositiveSmallIntegerField(default=0)  # how often

    #: Derived by `clocks.wind` whenever the clock's course changes.
    level = models.ForeignKey(ServiceLevel, models.SET_NULL, null=True, related_name="+")
    answer_by = models.DateTimeField(null=True)  # blank: answered, or no limit
    solve_by = models.DateTimeField(null=True)  # blank: it pauses, is solved, or has no limit
    due_by = models.GeneratedField(
        expression=Least("answer_by", "solve_by"), output_field=models.DateTimeField(), db_persist=True
    )
    warned_at = models.DateTimeField(null=True)  # when people were told that `due_by` is near
    overran = models.BooleanField(default=False)  # a limit has passed, for good
    answer_minutes = models.PositiveIntegerField(null=True)  # on the level's clock, once there was an answer
    solve_minutes = models.PositiveIntegerField(null=True)  # the same, of the last time that it was solved

    alarm_at = models.DateTimeField(null=True)  # when somebody is to be told of a limit next
    alarms = ArrayField(models.CharField(max_length=12), default=list, blank=True)  # what was told, for good
    assign_at = models.DateTimeField(null=True)  # when somebody is at work who may get it; blank: it need not wait

    #: Of the customer, as they wrote and answered last.
    mood = models.SmallIntegerField(null=True)  # −100 … 100; blank: not judged
    score = models.PositiveSmallIntegerField(null=True)  # 1 … 5; blank: not answered

    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged")
    follows = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")  # a closed one it goes on from
    is_spam = models.BooleanField(default=False)
    paused_until = models.DateTimeField(null=True)  # what it set as its contact's automation_paused_until
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    key = models.CharField(max_length=200, null=True, unique=True)  # of one that must be made once

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(contact=None) | Q(account__isnull=False), name="ticket_of_contact_has_account"
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="ticket_not_into_itself"),
            models.UniqueConstraint(F("external_id"), name="ticket_external_id_once"),
        ]
        indexes = [
            # One for each sort of a queue, some over what is open; the id makes every page's edge exact.
            models.Index(fields=["due_by", "id"], condition=Q(status__in=["new", "open", "pending", "on_hold"]),
                         name="ticket_open_by_due"),
            models.Index(fields=["assignee", "due_by", "id"],
                         condition=Q(status__in=["new", "open", "pending", "on_hold"]), name="ticket_open_of_assignee"),
            models.Index(fields=["team", "due_by", "id"],
                         condition=Q(status__in=["new", "open", "pending", "on_hold"]), name="ticket_open_of_team"),
            models.Index(fields=["-updated_at", "-id"], name="ticket_latest"),
            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
            models.Index(fields=["due_by", "id"], name="ticket_by_due"),
            models.Index(fields=["-priority", "-id"], name="ticket_most_urgent"),
            models.Index(fields=["-priority", "-id"], condition=Q(status__in=["new", "open", "pending", "on_hold"]),
                         name="ticket_open_by_priority"),
            models.Index(fields=["mood"], condition=Q(status__in=["new", "open", "pending", "on_hold"], mood__lt=0),
                         name="ticket_open_upset"),
            models.Index(fields=["-created_at", "-id"], condition=Q(is_spam=True), name="ticket_spam"),
            models.Index(fields=["account", "-created_at", "-id"], name="ticket_of_account"),
            models.Index(fields=["contact", "-created_at"], name="ticket_of_contact"),
            models.Index(fields=["assignee"], condition=Q(assignee__isnull=False), name="ticket_of_user"),
            # Who sees only some is asked for by whom they see (see crm.tickets.seeing).
            models.Index(fields=["id"], condition=Q(assignee=None, team=None), name="ticket_unheld"),
            models.Index(fields=["category", "-created_at"], name="ticket_of_category"),
            models.Index(fields=["reply_channel", "requester_handle", "-updated_at"],
                         condition=~Q(requester_handle=""), name="ticket_of_handle"),
            models.Index(fields=["solved_at"], condition=Q(status="solved"), name="ticket_to_close"),
            models.Index(fields=["-solved_at", "-id"], condition=Q(solved_at__isnull=False), name="ticket_solved"),
            models.Index(fields=["-answered_at"], condition=Q(answered_at__isnull=False), name="ticket_answered"),
            models.Index(fields=["alarm_at"], condition=Q(alarm_at__isnull=False), name="ticket_alarm"),
            models.Index(fields=["assign_at"], condition=Q(assign_at__isnull=False), name="ticket_to_assign"),
            GinIndex(fields=["tags"], name="ticket_tags"),
            GinIndex(OpClass(Folded("subject"), "gin_trgm_ops"), name="ticket_subject_search"),
            GinIndex(
                OpClass(Folded("requester_name"), "gin_trgm_ops"), OpClass(Folded("requester_handle"), "gin_trgm_ops"),
                name="ticket_requester_search",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    def get_absolute_url(self) -> str:
        return address("tickets:detail", self.pk)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def status_label(self) -> str:
        return str(self.Status(self.status).label)

    @property
    def status_tone(self) -> str:
        return self.TONES[self.status]

    @property
    def channel_spoken(self) -> str:
        return self.Channel(self.channel).spoken

    @property
    def reply_channel_spoken(self) -> str:
        return self.Channel(self.reply_channel).spoken

    @property
    def requester(self) -> str:
        """Who asks, as far as it is known."""
        return str(self.contact or self.requester_name or self.requester_handle or "Somebody")


#: What still wants work.
OPEN = (Ticket.Status.NEW, Ticket.Status.OPEN, Ticket.Status.PENDING, Ticket.Status.ON_HOLD)
SOLVED = (Ticket.Status.SOLVED, Ticket.Status.CLOSED)


class TicketChange(
    changes_of(  # type: ignore[misc]
        Ticket,
        {
            "subject": "subject", "priority": "priority", "category": "category", "account": "customer",
            "contact": "person", "team": "team", "assignee": "assignee", "assigned_because": "", "tags": "tags",
            "copied": "who reads along", "custom": "fields of one's own", "is_spam": "spam",
        },
    )
):  # fmt: skip
    """A ticket as it was. Not remembered: its status, whose spells tell more and take it back."""


class TicketSpell(models.Model):
    """A stretch of time in one status, half-open; the last one has no end. What clocks and reports count."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="spells")
    status = models.CharField(max_length=8, choices=Ticket.Status)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # blank: no person
    because = models.CharField(max_length=200, blank=True)  # in a sentence, where nobody of ours did it
    act = models.ForeignKey(Act, models.SET_NULL, null=True, related_name="+")  # what is undone with it

    class Meta:
        constraints = [
            models.UniqueConstraint("ticket", condition=Q(ended_at=None), name="spell_open_once"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="spell_forward"),
        ]
        indexes = [
            models.Index(fields=["ticket", "began_at"], name="spell_of_ticket"),
            models.Index(fields=["act"], condition=Q(act__isnull=False), name="spell_of_act"),
            models.Index(fields=["began_at"], name="spell_begun"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="spell_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.status}"


class TicketFollower(models.Model):
    """Somebody of ours who is told what happens to it."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="followers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("user", "ticket", name="follower_once")]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.ticket_id}"


class TicketPresence(models.Model):
    """Who has a ticket open just now, and whether they write."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    wrote_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", "user", name="presence_once")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.ticket_id}"
