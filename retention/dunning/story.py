"""What happened about a failed payment, the newest first: tries and decisions, and the mail that asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web.addresses import address
from retention.dunning.models import DunningCase, DunningEvent
from retention.workflows.models import Enrollment, StepRun

#: Of each, the newest.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One line. `url` leads to a message."""

    at: datetime
    words: str
    who: str = ""
    url: str = ""


def of_case(case: DunningCase, viewer: User) -> list[Told]:
    """Three queries."""
    events = DunningEvent.objects.visible_to(viewer).filter(case=case).select_related("by").order_by("-pk")[:_MOST]
    told = [Told(event.at, event.words, event.by.name if event.by else "") for event in events]
    return sorted([*told, *_messages(case, viewer)], key=attrgetter("at"), reverse=True)


def _messages(case: DunningCase, viewer: User) -> Iterator[Told]:
    """What workflows wrote to the customer's people because of it: they began with a fact of this payment."""
    since = TimelineEntry.objects.filter(account=case.account_id, occurred_at__gte=case.failed_at)
    facts = list(since.filter(payload__payment=case.payment_id).values_list("pk", flat=True)[:_MOST])
    began = Enrollment.objects.filter(account=case.account_id, facts__entry__in=facts)
    runs = StepRun.objects.filter(enrollment__in=began).values("pk")
    rows = OutboundMessage.objects.visible_to(viewer).filter(origin="workflow", origin_id__in=runs, user=None)
    for one in rows.select_related("contact", "template").defer("rendered_body").order_by("-planned_for")[:_MOST]:
        state = one.get_state_display()
        because = f": {one.reason}" if one.state == OutboundMessage.State.SKIPPED and one.reason else ""
        yield Told(one.settled_at or one.sending_at or one.due_at, f"“{one.title}” – {state.lower()}{because}",
                   str(one.reader), address("outbox:detail", one.pk))  # fmt: skip
