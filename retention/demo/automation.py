"""What the house does with its automation: a workflow of its own in two versions, a group held out, campaigns, letters
that wait for a yes, a pause, complaints, and a rehearsal. All of it by the verbs that pages call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from crm.history.actions import through
from crm.history.models import Door
from crm.outbox import approving
from crm.outbox.complaining import complained
from crm.outbox.models import OutboundMessage
from crm.segments import defining
from crm.segments.models import Segment
from crm.team.models import User
from crm.web import clock
from retention.campaigns import actions as campaigns
from retention.demo import story
from retention.demo.segments import CHOSEN, CUSTOMERS
from retention.workflows import actions as workflows
from retention.workflows import published
from retention.workflows.building import drafts, making
from retention.workflows.models import Workflow
from retention.workflows.rehearsal import actions as rehearsing
from retention.workflows.rehearsal.models import Rehearsal

#: What this house has switched on. The others are there to be tried.
RECIPES = (
    "onboarding", "first-value", "inactivity", "silent-to-team", "renewal-reminder", "anniversary", "birthday",
    "payment-failed", "card-expiring", "win-back", "check-in",
)  # fmt: skip
#: So many letters lie before those who have to say yes to them.
LEFT_WAITING = 2
#: Days ago.
_BUILT, _CHANGED, _NEWS_WRITTEN, _NEWS_SENT, _PAUSED, _COMPLAINTS = 43, 14, 15, 12, 5, (17, 4)
_PLANNED_AHEAD = 8
_PAYING = {"field": "lifecycle", "op": "in", "value": ["customer"]}
_SHORT = timedelta(minutes=23)


@cache
def _told() -> dict[str, Any]:
    told: dict[str, Any] = story.read("automation.yaml")
    return told


class Automation:
    """Ada and Mira at their workflows. `spared` are addresses of whom the story tells something else."""

    def __init__(self, users: dict[str, User], spared: set[str]) -> None:
        self.ada, self.mira, self.spared = users["ada"], users["mira"], spared
        self.own = self.paused = ""  # slugs of theirs

    def begin(self, now: datetime) -> None:
        for name in RECIPES:
            workflows.enable(name, now)

    def morning(self, ago: int, now: datetime) -> None:
        days: dict[int, Callable[[datetime], None]] = {
            _BUILT: self._build, _CHANGED: self._change, _NEWS_WRITTEN: self._write_news, _PAUSED: self._pause,
            **dict.fromkeys(_COMPLAINTS, self._complain),
        }  # fmt: skip
        self._say_yes(now)
        if ago in days:
            days[ago](now)

    def _by(self, user: User) -> Any:
        return through(Door.PAGE, lambda: user.pk)

    def _build(self, now: datetime) -> None:
        self.own = self._make(_told()["own"]["first"], now)
        self.paused = self._make(_told()["book"], now + _SHORT)

    def _make(self, told: dict[str, Any], now: datetime) -> str:
        with self._by(self.ada):
            slug = making.begin(told["name"], self.ada, now - _SHORT).slug
            self._publish(slug, told, "", now)
            workflows.enable(slug, now)
        return slug

    def _change(self, now: datetime) -> None:
        with self._by(self.ada):
            self._publish(self.own, _told()["own"]["second"], _told()["own"]["note"], now)

    def _publish(self, slug: str, told: dict[str, Any], note: str, now: datetime) -> None:
        def write(data: dict[str, Any]) -> str:
            data.update(told)
            return "wrote it anew" if note else "wrote it"

        edition = Workflow.objects.get(slug=slug).draft_edition
        edited = drafts.edit(slug, edition, write, "", self.ada, now - _SHORT / 2)
        drafts.publish(slug, edited.draft_edition, self.ada, now, note)

    def _say_yes(self, now: datetime) -> None:
        """Each to what waits for theirs, but for the newest."""
        asked = OutboundMessage.objects.asked().order_by("id").values_list("pk", "approver_id")
        for pk, approver in list(asked)[:-LEFT_WAITING]:
            by = User.objects.get(pk=approver) if approver else self.ada
            with self._by(by):
                approving.approve([pk], by, now)

    def _write_news(self, now: datetime) -> None:
        day = clock.today(now) + timedelta(days=_NEWS_WRITTEN - _NEWS_SENT)
        with self._by(self.mira):
            told = {"name": CUSTOMERS, "description": "Who pays just now.", "shared": True, "tree": _PAYING}
            among = defining.make(self.mira, "account", told, now)
            row = campaigns.make(_written("sent") | {"day": day, "segment_id": among.pk}, self.mira, now)
            campaigns.plan(row.pk, self.mira, now + _SHORT)

    def _pause(self, now: datetime) -> None:
        with self._by(self.mira):
            workflows.pause(Workflow.objects.get(slug=self.paused), now, self.mira)

    def _complain(self, now: datetime) -> None:
        """Somebody has had enough of us, and told their provider; automation leaves them alone."""
        sent = OutboundMessage.objects.filter(state="sent", settled_at__lt=now - timedelta(hours=6), origin="workflow")
        sent = sent.filter(contact__isnull=False, contact__automation_paused_until=None).exclude(message_id="")
        message = sent.exclude(to_address__in=self.spared).order_by("-settled_at", "-id").first()
        if message:
            complained(message.message_id, message.to_address, now + _SHORT)

    def last_hours(self, now: datetime) -> None:
        """What lies ahead: a campaign that is planned, one that is not finished, and a rehearsal that workers play."""
        made, day = now - timedelta(hours=20), clock.today(now) + timedelta(days=_PLANNED_AHEAD)
        chosen = Segment.objects.get(name=CHOSEN)
        with self._by(self.mira):
            campaigns.make(_written("draft"), self.mira, made - timedelta(days=2))
            row = campaigns.make(_written("planned") | {"day": day, "segment_id": chosen.pk}, self.mira, made)
            campaigns.plan(row.pk, self.mira, made + _SHORT)
        workflow = Workflow.objects.get(slug=self.own)
        plan = published.of_version(workflow.version_id or 0)
        rehearsing.ask(self.own, plan, "version 2", Rehearsal.Span.BACK, self.ada, now - timedelta(minutes=2))


def _written(name: str) -> dict[str, Any]:
    told: dict[str, Any] = _told()["campaigns"][name]
    return told | {"hour": time.fromisoformat(told["hour"])}
