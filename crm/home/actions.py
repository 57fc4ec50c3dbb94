"""The alarm: looks whether work stands still, tells each admin once, and remembers until it has been calm."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from crm.home.models import Alarm
from crm.outbox.actions import Draft, enqueue, template
from crm.slots import LATE
from crm.team.models import User
from crm.web import standing, wording
from crm.web.standing import Standing

#: An episode ends when nothing has waited too long for so long, so that a stutter is one episode and one mail.
CALM = timedelta(minutes=5)

_SUBJECT = "Holdfast: work is standing still"
_BODY = """{{ cause }} The oldest work has waited for {{ worst }}; more than {{ allowed }} is too long.

The engine room shows where: {{ base_url }}/engine/

There is one mail for each time that this happens. It ends when nothing has waited too long for {{ calm }}.
"""


@transaction.atomic
def watch(now: datetime) -> Alarm | None:
    """Look once; returns the episode that is open then. Twice at once is once."""
    how = standing.read(now)
    episode = Alarm.objects.select_for_update().filter(is_open=True).first()
    if how.alarming:
        return _go_on(episode, how) if episode else _begin(how)
    if episode and now - episode.seen_at >= CALM:
        episode.is_open, episode.closed_at = False, now
        episode.save(update_fields=["is_open", "closed_at"])
        return None
    return episode


def _begin(how: Standing) -> Alarm:
    """Open an episode and tell the admins; whoever comes second finds it open and tells nobody."""
    made = Alarm(opened_at=how.at, seen_at=how.at, worst=how.worst, cause=how.cause)
    Alarm.objects.bulk_create([made], ignore_conflicts=True)
    episode = Alarm.objects.select_for_update().get(is_open=True)
    _tell(episode, how)
    return episode


def _go_on(episode: Alarm, how: Standing) -> Alarm:
    episode.seen_at, episode.worst = max(how.at, episode.seen_at), max(how.worst, episode.worst)
    episode.save(update_fields=["seen_at", "worst"])
    return episode


def _tell(episode: Alarm, how: Standing) -> None:
    """The key is of episode and reader: telling again tells nobody."""
    facts = {
        "cause": how.cause, "worst": wording.length(how.worst), "allowed": wording.length(LATE),
        "calm": wording.length(CALM),
    }  # fmt: skip
    text = template(_SUBJECT, _BODY)
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True).values_list("pk", flat=True)
    enqueue(
        [
            Draft(key=f"alarm:{episode.pk}:{pk}", category="transactional", template_id=text, due_at=how.at,
                  user_id=pk, facts=facts, origin="alarm", origin_id=episode.pk)
            for pk in admins
        ],
        now=how.at,
    )  # fmt: skip
