"""The alarm: looks whether work stands still, tells each admin once, and remembers until it has been calm."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from crm.home import rules
from crm.home.models import Alarm
from crm.outbox.actions import Draft, enqueue, template
from crm.slots import LATE
from crm.team.models import User
from crm.web import clock, standing, wording
from crm.web.models import Pulse
from crm.web.standing import Standing

#: An episode ends when nothing has waited too long for so long, so that a stutter is one episode and one mail.
CALM = timedelta(minutes=5)

#: The pulse of the look itself.
LOOK = "alarm"

_SUBJECT = "Holdfast: work is standing still"
_BODY = """{{ cause }} It has lasted for {{ worst }}, since {{ since }}; more than {{ allowed }} is too long.

The engine room shows where: {{ base_url }}/engine/

There is one mail for each time that this happens. It ends when nothing has waited too long for {{ calm }}.
"""
_OVER_SUBJECT = "Holdfast: work stood still"
_OVER_BODY = """{{ cause }} Work stood still from {{ since }} to {{ until }}, for {{ worst }}. It goes on now.

What has become too late meanwhile is skipped, and says so. The engine room: {{ base_url }}/engine/

This mail could not come before: nobody was there to send it.
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


@transaction.atomic
def look_back(now: datetime) -> Alarm | None:
    """Notice that nobody has looked for too long, as after all workers were dead, and note that this look was made.

    What is over when it is noticed is written closed, with a mail in the past tense; an episode that is open is said to
    have begun then. Returns the episode written.
    """
    pulse, is_first = Pulse.objects.select_for_update().get_or_create(name=LOOK, defaults={"ran_at": now})
    ticked = Pulse.objects.filter(name="tick").values_list("ran_at", flat=True).first()
    last, pulse.ran_at = max(pulse.ran_at, ticked or pulse.ran_at), now
    pulse.save(update_fields=["ran_at"])
    if is_first or now - last <= LATE + rules.LOOK_EVERY:
        return None
    began, worst = last + LATE, now - last
    episode = Alarm.objects.select_for_update().filter(is_open=True).first()
    if episode is None and (how := standing.read(now)).alarming:
        episode = _begin(how)
    if episode:
        episode.opened_at, episode.worst = min(episode.opened_at, began), max(episode.worst, worst)
        episode.save(update_fields=["opened_at", "worst"])
        return None
    made = Alarm.objects.create(opened_at=began, seen_at=now, closed_at=now, is_open=False, worst=worst, cause=_ABSENT)
    words = {"cause": _ABSENT, "worst": wording.length(worst), "since": _words(last), "until": _words(now)}
    _tell(made, template(_OVER_SUBJECT, _OVER_BODY), words, now)
    return made


_ABSENT = "No bell was answered."


def _begin(how: Standing) -> Alarm:
    """Open an episode and tell the admins; whoever comes second finds it open and tells nobody."""
    made = Alarm(opened_at=how.began, seen_at=how.at, worst=how.worst, cause=how.cause)
    Alarm.objects.bulk_create([made], ignore_conflicts=True)
    episode = Alarm.objects.select_for_update().get(is_open=True)
    facts = {
        "cause": how.cause, "worst": wording.length(how.worst), "since": _words(how.at - how.worst),
        "allowed": wording.length(LATE), "calm": wording.length(CALM),
    }  # fmt: skip
    _tell(episode, template(_SUBJECT, _BODY), facts, how.at)
    return episode


def _go_on(episode: Alarm, how: Standing) -> Alarm:
    episode.seen_at, episode.worst = max(how.at, episode.seen_at), max(how.worst, episode.worst)
    episode.save(update_fields=["seen_at", "worst"])
    return episode


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(clock.zone()):%-d %B %Y, %H:%M %Z}"


def _tell(episode: Alarm, text: int, facts: dict[str, str], now: datetime) -> None:
    """The key is of episode and reader: telling again tells nobody."""
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True).values_list("pk", flat=True)
    enqueue(
        [
            Draft(key=f"alarm:{episode.pk}:{pk}", category="transactional", template_id=text, due_at=now,
                  user_id=pk, facts=facts, origin="alarm", origin_id=episode.pk)
            for pk in admins
        ],
        now=now,
    )  # fmt: skip
