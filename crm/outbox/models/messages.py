"""Messages, and what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import RawSQL

from crm.outbox import rendering
from crm.outbox.models.policy import Sender
from crm.outbox.rules import MAX_ATTEMPTS
from crm.team.models import User, VisibleQuerySet
from crm.team.permissions import allows
from crm.web import clock


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


#: By it one of ours tries the way out, and is the only one who reads it. `is_test` says the same of a row.
TESTS = Q(origin="test-mail", user__isnull=False, contact=None, addressed_to="")


class MessageQuerySet(VisibleQuerySet["OutboundMessage"]):
    def visible_to(self, user: Any) -> Self:
        """Mail to one of ours is for that user's and the admins' eyes."""
        rows = super().visible_to(user)
        return rows if getattr(user, "is_admin", False) else rows.filter(Q(user=None) | Q(user=user.pk))

    def waiting(self) -> Self:  # those that will leave by themselves, the next one first
        return self.filter(state="due").order_by("due_at", "id")

    def waiting_since_before(self, moment: datetime) -> Self:
        return self.alias(since=waiting_since()).filter(Q(since__lt=moment), due_at__lt=moment)

    def asked(self) -> Self:  # those that a person reads before they may leave
        return self.filter(state="asked")

    def leaving(self) -> Self:  # those in the hands of a sender
        return self.filter(state__in=["claimed", "sending"]).order_by("lease_until")

    def for_list(self) -> Self:  # with what one line of a list shows
        return self.select_related("contact", "account", "user", "template").defer("rendered_body")

    def for_detail(self) -> Self:
        return self.select_related("contact", "account", "user", "template", "sender")

    def tests(self) -> Self:  # which leave while mail is on hold, so that somebody can try the way out before
        return self.filter(TESTS)

    def needing_eyes(self) -> Self:  # those that only a person can settle
        return self.filter(state__in=["uncertain", "failed"])


#: SQL over messages: since when each has waited for a sender; what holds or switches keep back does not wait for one.
WAITING_SINCE = "greatest(due_at, (SELECT opened_at FROM crm_mailpolicy WHERE id = 1))"


def waiting_since() -> RawSQL:
    return RawSQL(WAITING_SINCE, [], models.DateTimeField())  # noqa: S611  (SQL of ours)


#: Among a message's facts: what somebody of ours wrote in the place of its template.
_OWN_WORDS = "own_words"
_TAKEN_UP = Q(sending_at__isnull=False)
_SETTLED_LAST = (F("settled_at").desc(nulls_last=True), F("id").desc())


class OutboundMessage(models.Model):
    """One message to one person: what it says (facts and template), when it is due, and what became of it."""

    MAIL: ClassVar = "email"  # the channel; each other one is in CHATS
    SIGN_IN: ClassVar = "sign-in"  # the origin of mail that holds a way to sign in
    PERSONAL: ClassVar = "mail"  # … of what somebody of ours wrote: see crm.correspondence
    ALARM: ClassVar = "alarm"  # … of mail that says that something here is wrong
    TEST: ClassVar = "test-mail"  # … and of what one of ours wrote to themselves, to see whether mail arrives
    URGENT: ClassVar = 0  # the urgency of mail that somebody waits for at the screen

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
        ASKED = "asked", "Waits for a yes"  # a person reads it first: see crm.outbox.approving

    key = models.CharField(max_length=160)
    category = models.CharField(max_length=15, choices=Category)
    channel = models.CharField(max_length=20, default="email")
    # Indexes below begin with account, sender and user.
    sender = models.ForeignKey(Sender, models.PROTECT, null=True, related_name="messages", db_index=False)  # or default
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="messages", db_index=False)
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="messages")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)  # one of ours instead
    addressed_to = models.CharField(max_length=254, blank=True, db_default="")  # … or who has this address or handle
    to_address = models.EmailField(blank=True)  # as it was sent; before that the contact's current address counts
    template = models.ForeignKey(MailTemplate, models.PROTECT, related_name="+")
    facts = models.JSONField(default=dict)  # what the template may use, as it was when the message was planned

    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    planned_for = models.DateTimeField()  # never changes
    due_at = models.DateTimeField()  # moves with quiet hours, cap and retries
    urgency = models.GeneratedField(  # of what is due the lowest leaves first, whatever waits behind it
        expression=Case(
            When(origin__in=["sign-in", "alarm"], then=Value(0)), When(category="reply", then=Value(1)),
            When(category="transactional", then=Value(2)), When(category="service", then=Value(3)), default=Value(4),
        ),
        output_field=models.SmallIntegerField(), db_persist=True,
    )  # fmt: skip
    expires_at = models.DateTimeField(null=True)  # later than this it is skipped(late)
    attempts = models.PositiveIntegerField(default=0)  # counted in the claim, never back: the fencing token
    attempts_limit = models.PositiveIntegerField(default=MAX_ATTEMPTS)  # grows with what is nobody's failure
    lease_until = models.DateTimeField(null=True)
    suspect = models.BooleanField(default=False, db_default=False)  # clearing may fail over it: it is taken alone
    resend_until = models.DateTimeField(null=True)  # it may have left; until then its channel would know it again
    created_at = models.DateTimeField(default=clock.now)
    sending_at = models.DateTimeField(null=True)  # handed over last
    left_before = ArrayField(models.DateTimeField(), null=True)  # when copies may have left that nobody knows of
    settled_at = models.DateTimeField(null=True)  # sent, failed, skipped, cancelled
    reason = models.CharField(max_length=300, blank=True)  # of the state, or of the last move, for people
    guard = models.CharField(max_length=40, blank=True)  # that held it back or moved it last

    message_id = models.CharField(max_length=200, blank=True)  # RFC 5322, deterministic
    provider_id = models.CharField(max_length=200, blank=True)
    rendered_subject = models.TextField(blank=True)
    rendered_body = models.TextField(blank=True)

    #: Why it exists: who made it (a name in `slots.explainers`) and which row of theirs.
    origin = models.CharField(max_length=20, blank=True)
    origin_id = models.BigIntegerField(null=True)
    series = models.CharField(max_length=60, blank=True)  # what it is one of many of, such as a workflow's slug
    topic = models.SlugField(max_length=40, blank=True, db_default="", db_index=False)  # what it is about: a Topic's
    # Whose yes it waits for, or waited for; indexes below begin with it.
    approver = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("key", name="message_key_once"),
            # Who may see a message hangs on its account.
            models.CheckConstraint(
                condition=Q(contact=None) | Q(account__isnull=False), name="message_of_contact_has_account"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="due"), name="message_due"),
            models.Index(fields=["urgency", "due_at", "id"], condition=Q(state="due"), name="message_next"),
            models.Index(fields=["due_at", "id"], condition=Q(state="due", suspect=True), name="message_suspect"),
            models.Index(fields=["lease_until"], condition=Q(state__in=["claimed", "sending"]), name="message_leased"),
            # The cap counts what a contact got lately.
            models.Index(fields=["contact", "-sending_at"], condition=_TAKEN_UP, name="message_of_contact"),
            models.Index(fields=["account", "-planned_for", "-id"], name="message_of_account"),
            models.Index(fields=["state", "-id"], condition=Q(state__in=["uncertain", "failed"]), name="message_eyes"),
            # Sorted as the pages are, whose empty values come last; else each page would sort them all.
            models.Index(*_SETTLED_LAST, condition=Q(state="sent"), name="message_latest_sent"),
            models.Index(*_SETTLED_LAST, condition=Q(state__in=["skipped", "cancelled"]), name="message_latest_held"),
            models.Index(fields=["sender"], condition=Q(sender__isnull=False), name="message_of_sender"),
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="message_of_user"),
            models.Index(fields=["origin", "origin_id"], name="message_origin"),
            # Whoever was written to without being on record may be erased all the same.
            models.Index(fields=["addressed_to"], condition=~Q(addressed_to=""), name="message_by_address"),
            # What answers it, and what comes back, names it by this.
            models.Index(fields=["message_id"], condition=~Q(message_id=""), name="message_by_message_id"),
            # Or by the name that a mail provider gave it.
            models.Index(
                fields=["provider_id"], condition=Q(channel="email") & ~Q(provider_id=""), name="message_by_provider_id"
            ),
            # Chats, which are few among the mails: what is due, the latest, and what a receipt is about.
            models.Index(
                fields=["channel", "urgency", "due_at", "id"],
                condition=Q(state="due") & ~Q(channel="email"),
                name="message_chat_due",
            ),
            models.Index(fields=["channel", "-id"], condition=~Q(channel="email"), name="message_chat_latest"),
            models.Index(fields=["channel", "provider_id"], condition=~Q(channel="email"), name="message_chat_taken"),
            models.Index(fields=["series", "state", "-id"], condition=~Q(series=""), name="message_of_series"),
            # What waits for a yes: of one person, of all, and what has waited too long.
            models.Index(fields=["approver", "due_at", "id"], condition=Q(state="asked"), name="message_asked_of"),
            models.Index(fields=["due_at", "id"], condition=Q(state="asked"), name="message_asked"),
            models.Index(fields=["expires_at"], condition=Q(state="asked"), name="message_asked_until"),
            models.Index(fields=["approver"], condition=Q(approver__isnull=False), name="message_of_approver"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its subject, as sent or as it would be now; not of mail that is for its reader alone."""
        if self.is_secret:
            return "Mail about signing in"
        return self.rendered_subject or self.preview()[0]

    @property
    def is_secret(self) -> bool:  # it holds a way to sign in, which is for its reader alone
        return self.origin == self.SIGN_IN

    @property
    def is_test(self) -> bool:
        return self.origin == self.TEST and bool(self.user_id) and not (self.contact_id or self.addressed_to)

    def preview(self) -> tuple[str, str]:
        """Subject and text as they would read now; the template itself if it cannot be filled in."""
        try:
            return self.worded(self.known_facts())
        except rendering.TemplateError:
            return self.template.subject, self.template.body

    def worded(self, facts: Mapping[str, Any]) -> tuple[str, str]:
        """Subject and text: what a person of ours wrote for this reader, else the template filled in. Raises
        TemplateError."""
        if own := self.facts.get(_OWN_WORDS):
            return own["subject"], own["body"]
        return rendering.render(self.template.subject, self.template.body, facts)

    def word(self, subject: str, body: str) -> None:
        """Give it words of its own, which go with the facts when its reader is erased."""
        self.facts = self.facts | {_OWN_WORDS: {"subject": subject, "body": body}}

    def known_facts(self) -> dict[str, Any]:
        """What the template may use. Who reads it is of the moment, all else as it was when the message was planned."""
        facts: dict[str, Any] = dict(self.facts) | {"base_url": settings.BASE_URL}
        if self.contact:
            names = ("first_name", "last_name", "name", "email")
            facts["contact"] = dict(facts.get("contact") or {}) | {name: getattr(self.contact, name) for name in names}
        return facts

    def may_be_settled_by(self, user: User) -> bool:
        """Whoever may decide on mail to customers; admins on all. Whether they see it is asked elsewhere."""
        return allows(user, "settle_mail") and (user.is_admin or self.user_id is None)

    @property
    def is_mail(self) -> bool:
        return self.channel == self.MAIL

    def reached_as(self, address: str) -> str:
        """What suppressions call an address or handle of its channel; blank for none."""
        return address.lower() if self.is_mail or not address else f"{self.channel}:{address}".lower()

    @property
    def reader(self) -> Any:
        """Whom it is for, as far as it is known before it leaves."""
        return self.contact or self.user or self.addressed_to or self.account

    def to_hash(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]
