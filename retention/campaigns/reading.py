"""What pages show of a campaign: how it reads to one of its audience, where it stands, and what became of its mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from crm.accounts.models import Account, Contact
from crm.outbox import rendering
from crm.outbox.models import MailTemplate, OutboundMessage
from crm.segments import filters
from crm.team.models import User
from crm.web import clock
from retention.campaigns.audience import fits
from retention.campaigns.composing import SPLIT, composed
from retention.campaigns.models import Campaign
from retention.workflows.batch import Batch
from retention.workflows.experiments import effect
from retention.workflows.models import Enrollment, Workflow

State, Sent = Campaign.State, OutboundMessage.State


@dataclass(frozen=True)
class Letter:
    """How one wording reads to one person."""

    name: str  # A, B; blank where there is one only
    subject: str
    body: str
    error: str = ""


def somebody(row: Campaign, viewer: User, now: datetime) -> Contact | None:
    """One of the audience whom this viewer may see; None if there is nobody."""
    among, people = fits(row)
    seen = filters.parse(among, "account").apply(Account.objects.visible_to(viewer), now)
    rows: Any = Contact.objects.filter(account__in=seen.order_by()).exclude(email=None).select_related("account")
    if people is not None:
        rows = filters.parse(people, "contact").apply(rows, now)
    return rows.order_by("id").first()  # type: ignore[no-any-return]


def letters(row: Campaign, reader: Contact | None, now: datetime) -> list[Letter]:
    """Each wording, as this person would read it; as it stands where there is nobody."""
    facts = _facts(row, reader, now) if reader else {}
    found = []
    for name, subject, body in _wordings(row):
        try:
            found.append(Letter(name, *rendering.render(subject, body, facts)))
        except rendering.TemplateError as error:
            found.append(Letter(name, subject, body, str(error)))
    return found


def _facts(row: Campaign, reader: Contact, now: datetime) -> dict[str, Any]:
    written = Campaign(**{field.attname: getattr(row, field.attname) for field in Campaign._meta.concrete_fields})
    written.day = row.day or clock.today(now)
    written.subject, written.body = row.subject or "–", row.body or "–"
    if row.tries_two:
        written.other_subject, written.other_body = row.other_subject or "–", row.other_body or "–"
    entered = Enrollment(
        account_id=reader.account_id, contact_id=reader.pk, facts={"when": "campaign"}, entered_at=now, due_at=now
    )
    return Batch("", composed(written, now), [entered], now).facts(entered)


@dataclass(frozen=True)
class Stand:
    """Where it stands, in a word with its tone, and a sentence."""

    word: str
    tone: str
    sentence: str
    reached: bool = False  # somebody is or was in it: there are figures, and people to write to again
    stoppable: bool = False  # there is something left that would not leave


def standing(rows: QuerySet[Campaign]) -> QuerySet[Any]:
    """With each row what `stand` asks of it, in the same query."""
    entered = Enrollment.objects.filter(workflow=OuterRef("workflow"))
    waiting = OutboundMessage.objects.filter(series=OuterRef("workflow__slug"), state__in=_STATES["waiting"])
    return rows.select_related("segment", "workflow", "made_by", "asked_by", "approved_by", "follows").annotate(
        entered=Exists(entered), inside=Exists(entered.filter(state=Enrollment.State.ACTIVE)), waiting=Exists(waiting)
    )


def stand(row: Any, now: datetime) -> Stand:
    """Of a row that came through `standing`."""
    if row.state == State.PLANNED and row.workflow:
        return _under_way(row, now)
    word, tone, sentence = {
        State.DRAFT: ("Draft", "plain", "Nobody gets it before somebody plans it."),
        State.ASKED: ("Waits for a yes", "warn", f"{row.asked_by} has asked another admin to say yes to it."),
        State.CALLED_OFF: ("Called off", "bad", "Nothing more of it leaves."),
    }[State(row.state)]
    return Stand(word, tone, sentence, reached=bool(row.entered))


def _under_way(row: Any, now: datetime) -> Stand:
    if row.workflow.state != Workflow.State.ON:
        return Stand(
            row.workflow.get_state_display(), "warn", "Its workflow does not run: nothing of it leaves meanwhile.",
            bool(row.entered), stoppable=True,
        )  # fmt: skip
    if row.inside or row.waiting:
        leaves = "to all of them, as quickly as mail may" if row.is_crisis else "as the hour comes to each of them"
        return Stand("Under way", "info", f"It leaves {leaves}.", row.entered, True)
    if row.entered:
        return Stand("Sent", "good", "All of it has left, or says below why not.", reached=True)
    if row.day and row.day < clock.today(now):
        return Stand("Over", "plain", "Nobody belonged to its audience on that day.")
    taken = "within a minute, and it leaves" if row.is_crisis else "when its day begins anywhere on Earth"
    return Stand("Planned", "info", f"The audience is taken {taken}.", stoppable=True)


_STATES = {
    "sent": [Sent.SENT], "waiting": [Sent.DUE, Sent.CLAIMED, Sent.SENDING], "held_back": [Sent.SKIPPED, Sent.CANCELLED],
    "failed": [Sent.FAILED, Sent.UNCERTAIN],
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one wording."""

    name: str
    sent: int = 0
    waiting: int = 0
    held_back: int = 0
    failed: int = 0
    answered: int | None = None  # of the customers on its way; None: nobody compares

    @property
    def total(self) -> int:
        return self.sent + self.waiting + self.held_back + self.failed


def outcomes(row: Campaign, now: datetime) -> list[Outcome]:
    """Of each wording, in one walk along the index of its messages; of two also how many of its readers answered."""
    if row.workflow is None:
        return []
    counts = {name: Count("id", filter=Q(state__in=states)) for name, states in _STATES.items()}
    mails: Any = OutboundMessage.objects.filter(series=row.workflow.slug).order_by()
    found: dict[str, Any] = {
        one.pop("template__digest"): one for one in mails.values("template__digest").annotate(**counts)
    }
    answers = {arm.name: arm.answered.kept for arm in effect.arms(row.workflow, SPLIT, now)} if row.tries_two else {}
    return [
        Outcome(name, **found.get(MailTemplate.digest_of(subject, body), {}), answered=answers.get(name))
        for name, subject, body in _wordings(row)
    ]


def _wordings(row: Campaign) -> list[tuple[str, str, str]]:
    """Name, subject and text of each; no name where there is one only."""
    if not row.tries_two:
        return [("", row.subject, row.body)]
    return [("A", row.subject, row.body), ("B", row.other_subject, row.other_body)]
