"""The steps before an installation goes live. Each knows by rows whether it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection

from crm import slots
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.settings import rules
from crm.settings.models import DomainLook
from crm.slots import StartStep, StepState
from crm.team.backends import FACTORS

_FACTS = f"""
    SELECT
        (SELECT count(*) FROM crm_user u WHERE u.role = 'admin' AND u.is_active AND NOT EXISTS (
            SELECT FROM {Authenticator._meta.db_table} a WHERE a.user_id = u.id AND a.type = ANY(%(factors)s))),
        coalesce((SELECT name FROM crm_organisation), ''),
        (SELECT start_put_away_at FROM crm_organisation),
        coalesce((SELECT from_email FROM crm_sender WHERE name = %(sender)s), ''),
        EXISTS (SELECT FROM crm_account), EXISTS (SELECT FROM crm_contact),
        coalesce((SELECT mode FROM crm_mailpolicy), 'live'), (SELECT went_live_at FROM crm_mailpolicy)
"""  # noqa: S608  (a table's name)


@dataclass(frozen=True)
class Facts:
    """What the steps ask about, read together."""

    bare_admins: int  # without a second factor
    organisation: str
    put_away_at: datetime | None
    from_email: str
    has_accounts: bool
    has_people: bool
    mode: str
    went_live_at: datetime | None
    look: DomainLook | None = None
    letter: OutboundMessage | None = None  # the latest that somebody wrote to themselves

    @property
    def domain(self) -> str:
        return rules.domain_of(self.from_email or settings.DEFAULT_FROM_EMAIL)


def facts_for(viewer: Any) -> Facts:
    """Asked for once for a page, in three queries."""
    if not hasattr(viewer, "_start_facts"):
        with connection.cursor() as cursor:
            cursor.execute(_FACTS, {"factors": [str(one) for one in FACTORS], "sender": Sender.DEFAULT})
            bare = Facts(*cursor.fetchone())
        look = DomainLook.objects.filter(domain=bare.domain).first() if bare.domain else None
        letters = OutboundMessage.objects.tests()
        # One that has left says that mail leaves, whatever became of later ones.
        letter = letters.filter(state=OutboundMessage.State.SENT).first() or letters.order_by("-pk").first()
        viewer._start_facts = Facts(**(vars(bare) | {"look": look, "letter": letter}))
    return viewer._start_facts  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Progress:
    """How far the first run is. `steps`: (name, step, state)."""

    steps: list[tuple[str, StartStep, StepState]]
    put_away: bool

    @property
    def done(self) -> int:
        return sum(state.done for _, _, state in self.steps)

    @property
    def complete(self) -> bool:
        return self.done == len(self.steps)

    @property
    def shown(self) -> bool:
        """Whether admins are reminded of it on other pages."""
        return not (self.complete or self.put_away)

    @property
    def next(self) -> tuple[str, StartStep] | None:
        return next(((name, step) for name, step, state in self.steps if not state.done), None)


def look(viewer: Any, now: datetime) -> Progress:
    """Ask every step."""
    put_away = bool(facts_for(viewer).put_away_at)
    return Progress([(name, step, step.look(viewer, now)) for name, step in slots.start_steps.items()], put_away)


def _admin(viewer: Any, now: datetime) -> StepState:
    bare = facts_for(viewer).bare_admins
    if bare:
        return StepState(False, f"{bare} admin{'s' if bare > 1 else ''} without a second factor")
    return StepState(True, "every admin has a second factor")


def _organisation(viewer: Any, now: datetime) -> StepState:
    name = facts_for(viewer).organisation
    about = f"days of {settings.TIME_ZONE}, money in {settings.CURRENCY}"
    return StepState(bool(name), f"{name}, {about}" if name else about)


def _domain(viewer: Any, now: datetime) -> StepState:
    facts = facts_for(viewer)
    if not facts.domain:
        return StepState(False, "mail has no sender’s address that the world knows yet")
    if facts.look is None:
        return StepState(False, f"nobody has looked at {facts.domain} yet")
    missing = [label for record, (label, _) in rules.RECORDS.items() if not getattr(facts.look, record)]
    if not missing:
        return StepState(True, f"all three are found at {facts.domain}")
    if facts.look.problems:
        why = next(iter(facts.look.problems.values()))
        return StepState(False, f"could not look at all of {facts.domain}: {why}")
    return StepState(False, f"{facts.domain} has no {' and no '.join(missing)} that could be found")


def _test_mail(viewer: Any, now: datetime) -> StepState:
    letter = facts_for(viewer).letter
    if letter and letter.state == OutboundMessage.State.SENT:
        return StepState(True, "one has left")
    if not settings.EMAIL_URL:
        return StepState(False, "there is no way out: EMAIL_URL is not set")
    return StepState(False, "one waits to leave" if letter else "")


def _record(viewer: Any, now: datetime) -> StepState:
    facts = facts_for(viewer)
    words = {(True, True): "customers and people are here", (True, False): "customers without people"}
    return StepState(facts.has_people, words.get((facts.has_accounts, facts.has_people), ""))


def _live(viewer: Any, now: datetime) -> StepState:
    facts = facts_for(viewer)
    live = facts.mode == MailPolicy.Mode.LIVE and facts.went_live_at is not None
    words = {"hold": "mail is on hold", "redirect": "all mail goes to one address"}
    return StepState(live, "mail leaves" if live else words.get(facts.mode, "mail leaves until people come in by file"))


#: The steps that crm knows; upper rooms bring their own.
STEPS = {
    "admin": StartStep(
        "Protect the admins’ accounts",
        "Whoever has an admin’s password reads every customer. A second factor stops them.",
        "mfa_index", "Set it up", _admin, order=10,
    ),
    "organisation": StartStep(
        "Say whose installation this is",
        "The name stands in invitations. Zone and currency decide what a day and an amount are.",
        "settings:organisation", "Set it", _organisation, order=20,
    ),
    "domain": StartStep(
        "Make your sender believed",
        "Without SPF, DKIM and DMARC, letters to customers end in their spam folders.",
        "settings:start", "Look", _domain, anchor="domain", order=30,
    ),
    "test-mail": StartStep(
        "Write to yourself", "If a letter to you arrives, letters to customers will.",
        "settings:start", "Write", _test_mail, anchor="test-mail", order=40,
    ),
    "import": StartStep(
        "Bring your customers", "Files from your old system, tried out before anything is written.",
        "imports:list", "Begin", _record, order=50,
    ),
    "live": StartStep(
        "Go live", "From then on mail leaves, whatever comes in by file. Look at what waits before you say so.",
        "outbox:list", "Look at what waits", _live, order=90,
    ),
}  # fmt: skip
