"""The one verb: fill an empty database with the demo, in one transaction, and know a database that has been filled."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from crm.accounts.models import Account
from crm.history.actions import through
from crm.history.models import Door
from crm.outbox import policy
from crm.team.models import User
from crm.web import clock
from crm.web.models import DEMO, Pulse
from retention.demo import (
    billing,
    deals,
    desk,
    dunning,
    filling,
    forms,
    parked,
    reviews,
    segments,
    story,
    support,
    webhooks,
    worth,
)
from retention.demo.house import House
from retention.demo.past import Past
from retention.workflows import matching

_LOCK = 7_205_114
#: How far the whole is, in per cent, when its parts begin: the walk, the desk, the last days.
_WALK, _DESK, _LAST = 15, 70, 85


def told_at() -> datetime | None:
    """When the demo was told into this database, if it was."""
    return Pulse.objects.filter(name=DEMO).values_list("ran_at", flat=True).first()


def is_somebodys() -> bool:
    """Whether there are rows that no demo made. May come before migrations: asks for what every version has."""
    tables = {Account._meta.db_table, User._meta.db_table, Pulse._meta.db_table}
    if not tables <= set(connection.introspection.table_names()):
        return False
    return told_at() is None and (User.objects.exists() or Account.objects.exists())


@transaction.atomic
def fill(now: datetime, mail: Path, told: Callable[[int], None] = lambda percent: None) -> bool:
    """Tell the story once, all of it or nothing; `mail` is the folder that letters go to. False: it has rows already.

    `told` hears how far it is, in per cent.
    Mail must have a way out in the settings, or nothing leaves in the walk.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if told_at() or is_somebodys():
        return False
    gc.disable()  # for some seconds; what is made here is kept anyway
    try:
        with through(Door.DEMO):  # whoever is not named did it
            _tell(now, mail, told)
    finally:
        gc.enable()
    return True


def _tell(now: datetime, mail: Path, told: Callable[[int], None]) -> None:
    told(1)
    for stale in mail.glob("*.eml"):  # of a demo that was broken off: its rows are gone
        stale.unlink()
    start = now - story.ENGINE_SPAN
    with clock.travelling(start):
        policy.go_live(start)
        ours = filling.colleagues(now)
        everybody = filling.customers(ours, now)
        filling.history(everybody, ours, start)
        worth.hard_work(ours, start)
        desk.papers(everybody, ours, start)
        filling.analyse()
    past = Past(everybody, ours, mail, now)
    past.live(lambda share: told(round(_WALK + share * (_DESK - _WALK))))
    dunning.tell(now)
    filling.spending(now)
    worth.tell(ours, now)
    support.tell(everybody, ours, now)
    deals.tell(everybody, ours, now)
    forms.tell(now)
    told(_LAST)
    desk.last_days(everybody, ours, now)
    House(ours).last_hours(now)
    past.last_days()
    House(ours).look_through(now)
    worth.count(now)
    segments.tell(ours, now)
    past.automation.last_hours(now)
    webhooks.tell(now)
    parked.tell(now)
    billing.tell(now)
    reviews.tell(ours, now)
    while matching.match(now):  # of what the last parts have told: nothing is left for the first minute
        pass
    filling.analyse()
    Pulse.objects.create(name=DEMO, ran_at=now)
