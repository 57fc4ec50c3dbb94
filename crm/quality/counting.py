"""The count: each slice of records is read once, for all checks and all owners together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q

from crm import slots
from crm.quality import rules
from crm.quality.models import DataCount, DataSweep
from crm.segments.filters import parse
from crm.slots import DataCheck
from crm.team.models import User
from crm.web import clock

#: Records that one statement reads.
SLICE = 20_000
#: A request counts for so many seconds; what is left is the worker's.
AT_ONCE = 1.5
#: In the order in which they are counted.
SUBJECTS = ("account", "contact")


def next_due(now: datetime) -> datetime | None:
    """A count is due whenever the clock stops: nothing waits for it."""
    return None


def count_again(now: datetime) -> bool:
    """Begin a count, and go on with it for AT_ONCE; True: it is over. Too soon after the last one nothing is done."""
    with transaction.atomic():
        DataSweep.objects.bulk_create([DataSweep(pk=1)], ignore_conflicts=True)
        sweep = DataSweep.objects.select_for_update().get(pk=1)
        if sweep.counted_at and now < sweep.counted_at + rules.AGAIN_AFTER:
            return True
        sweep.asked_at = now
        sweep.save(update_fields=["asked_at"])
    until = time.monotonic() + AT_ONCE
    while run(now) and time.monotonic() < until:
        pass
    return not DataSweep.the_only().is_under_way


def run(now: datetime) -> int:
    """One slice of a count that is due or under way; returns how many records were looked at."""
    sweep = DataSweep.the_only()
    return _slice(now) if sweep.subject or sweep.is_due(now) else 0


@transaction.atomic
def _slice(now: datetime) -> int:
    DataSweep.objects.bulk_create([DataSweep(pk=1)], ignore_conflicts=True)
    sweep = DataSweep.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if sweep is None:
        return 0  # somebody else is at it
    if not sweep.subject:
        if not sweep.is_due(now):
            return 0
        sweep.subject, sweep.position, sweep.looked_at, sweep.gathered = SUBJECTS[0], 0, 0, {}
        sweep.began_at = now
    looked_at = 0
    while sweep.subject and looked_at < SLICE:
        found = _count(sweep, now)
        looked_at += found
        if found < SLICE:
            sweep.subject, sweep.position = dict(zip(SUBJECTS, (*SUBJECTS[1:], ""), strict=True))[sweep.subject], 0
    sweep.looked_at += looked_at
    if not sweep.subject:
        _keep(sweep, now)
    sweep.save()
    return looked_at


def _count(sweep: DataSweep, now: datetime) -> int:
    """Add the figures of the next records to those gathered; returns how many records there were."""
    about = slots.filter_subjects[sweep.subject]
    last, number = _end_of_slice(about.model._meta.db_table, sweep.position)
    if not number:
        return 0
    checks = {name: check for name, check in slots.data_checks.items() if check.subject == sweep.subject}
    columns: dict[str, Any] = {}
    for place, check in enumerate(checks.values()):
        columns[f"found_{place}"] = Count("pk", filter=_condition(check, now))
        columns[f"of_{place}"] = Count("pk", filter=_among(check, now))
    rows = about.base().filter(pk__gt=sweep.position, pk__lte=last).order_by()
    whose = F(f"{rows.owner_path}_id")  # type: ignore[attr-defined]  # every subject's rows pass the gate
    for owner, *counts in rows.values(whose=whose).annotate(**columns).values_list("whose", *columns):
        figures = sweep.gathered.setdefault(str(owner or ""), {})
        for place, name in enumerate(checks):
            found, of = figures.get(name, (0, 0))
            figures[name] = [found + counts[2 * place], of + counts[2 * place + 1]]
    sweep.position = last
    return number


def _end_of_slice(table: str, position: int) -> tuple[int, int]:
    """The last id of the next slice, and how many records it has."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(max(id), 0), count(*) FROM "  # noqa: S608  (a table of ours)
            f"(SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s) AS next",
            [position, SLICE],
        )
        last, number = cursor.fetchone()
        return last, number


def _among(check: DataCheck, now: datetime) -> Q | None:
    return _asked(check.among, check, now) if check.among else None


def _condition(check: DataCheck, now: datetime) -> Q:
    found = _asked(check.tree, check, now)
    return (_among(check, now) or Q()) & found


def _asked(tree: Mapping[str, Any], check: DataCheck, now: datetime) -> Q:
    return Q(parse(dict(tree), check.subject).root.condition(now))


def _keep(sweep: DataSweep, now: datetime) -> None:
    """Write what was gathered as the figures of this day; those of days long past go."""
    day = clock.today(now)
    known = {str(pk): pk for pk in User.objects.values_list("pk", flat=True)}
    by_owner: dict[int | None, dict[str, Any]] = {}
    for owner, figures in sweep.gathered.items():
        of_them = by_owner.setdefault(known.get(owner), {})  # whoever is gone meanwhile left them to nobody
        for name, (found, of) in figures.items():
            before = of_them.get(name, (0, 0))
            of_them[name] = [before[0] + found, before[1] + of]
    DataCount.objects.filter(day=day).delete()
    DataCount.objects.filter(day__lt=day - timedelta(days=rules.KEEP_DAYS)).delete()
    DataCount.objects.bulk_create([made(day, owner, now, figures) for owner, figures in by_owner.items()])
    if sweep.asked_at and sweep.began_at and sweep.asked_at <= sweep.began_at:
        sweep.asked_at = None
    sweep.counted_at, sweep.gathered = now, {}


def made(day: Any, owner: int | None, now: datetime, figures: dict[str, Any]) -> DataCount:
    """The row of one owner and day, with its points."""
    weights = {name: check.weight for name, check in slots.data_checks.items()}
    missing, expected = (sum(weights.get(name, 0) * pair[at] for name, pair in figures.items()) for at in (0, 1))
    return DataCount(
        day=day, owner_id=owner, counted_at=now, figures=figures, missing=missing, expected=expected
    )  # fmt: skip
