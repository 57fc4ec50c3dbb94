"""The verbs of business hours. Each is an act that remembers the hours as they were and as it left them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import UndoError, Undone
from crm.team.hours import ClosedDays
from crm.team.models import BusinessHours, Holiday, Team, User
from crm.tickets import clocks

KIND = "hours.changed"

type State = dict[str, Any] | None  # time zone, week and holidays; None: a team without hours of its own


def _state(team: int | None, *, lock: bool = False) -> State:
    rows = BusinessHours.objects.filter(team=team)
    row = (rows.select_for_update() if lock else rows).first()
    if row is None:
        return None
    closed = row.holidays.values_list("name", "starts_on", "ends_on", "yearly")
    holidays = [[name, str(first), str(last), yearly] for name, first, last, yearly in closed]
    return {"time_zone": row.time_zone, "week": row.week, "holidays": holidays}


def _restore(team: int | None, state: State) -> None:
    if state is None:
        BusinessHours.objects.filter(team=team).delete()
        return
    whose: Any = {"team_id": team}
    defaults = {"time_zone": state["time_zone"], "week": state["week"]}
    row, _ = BusinessHours.objects.update_or_create(**whose, defaults=defaults)
    row.holidays.all().delete()
    Holiday.objects.bulk_create(
        Holiday(
            hours=row, name=name, starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last), yearly=yearly
        )
        for name, first, last, yearly in state["holidays"]
    )


@contextmanager
def _changing(team: Team | None, label: str, by: User, now: datetime, *, giving: bool = False) -> Iterator[Act]:
    """An act over the hours of a team, or of the house; two people at them come one after the other.

    Raises BusinessHours.DoesNotExist for a team that has none of its own (any more), unless it is `giving` them.
    """
    pk = team.pk if team else None
    with act(KIND, label, by, now) as done:
        # Another's row, committed between our look and our insert, is simply there: the key is unique.
        BusinessHours.objects.bulk_create([BusinessHours(team=team)] if team is None else [], ignore_conflicts=True)
        before = _state(pk, lock=True)
        if before is None and not giving:
            raise BusinessHours.DoesNotExist(f"{team} has no hours of its own")
        yield done
        done.detail = {"team": pk, "before": before, "after": _state(pk)}
        clocks.ask_to_wind(now)


def _whose(team: Team | None) -> str:
    return f" of the team {team}" if team else ""


def set_week(team: Team | None, time_zone: str, week: list[Any], by: User, now: datetime) -> Act:
    """`week` as BusinessHours has it."""
    with _changing(team, f"changed the business hours{_whose(team)}", by, now) as done:
        BusinessHours.objects.filter(team=team).update(time_zone=time_zone, week=week)
    return done


def add_holidays(team: Team | None, closed: Sequence[ClosedDays], by: User, now: datetime) -> tuple[Act, int]:
    """Those that are not there yet, known by name and first day; how many that were."""
    with _changing(team, "", by, now) as done:
        row = BusinessHours.objects.get(team=team)
        known = set(row.holidays.values_list("name", "starts_on"))
        new = {(one.name, one.starts_on): one for one in closed if (one.name, one.starts_on) not in known}
        Holiday.objects.bulk_create(
            Holiday(hours=row, name=one.name, starts_on=one.starts_on, ends_on=one.ends_on, yearly=one.yearly)
            for one in new.values()
        )
        named = f"the holiday {next(iter(new.values())).name}" if len(new) == 1 else f"{len(new)} holidays"
        done.label = f"added {named}{_whose(team)}"
    return done, len(new)


def remove_holiday(holiday: Holiday, by: User, now: datetime) -> Act:
    team = holiday.hours.team
    with _changing(team, f"removed the holiday {holiday}{_whose(team)}", by, now) as done:
        Holiday.objects.filter(pk=holiday.pk).delete()
    return done


def give_own(team: Team, by: User, now: datetime) -> Act:
    """Hours of its own for a team; they begin as those of the house."""
    with _changing(team, f"gave the team {team} business hours of its own", by, now, giving=True) as done:
        if _state(team.pk) is None:
            _restore(team.pk, _state(None) or _state_of(BusinessHours()))
    return done


def _state_of(row: BusinessHours) -> State:
    return {"time_zone": row.time_zone, "week": row.week, "holidays": []}


def drop_own(team: Team, by: User, now: datetime) -> Act:
    """The hours of the house hold for the team again."""
    with _changing(team, f"took the team {team}’s own business hours away", by, now) as done:
        BusinessHours.objects.filter(team=team).delete()
    return done


def undo(done: Act, by: User | None, now: datetime) -> Undone:
    """As they were before, unless somebody has changed them since."""
    team, detail = done.detail["team"], done.detail
    if _state(team, lock=True) != detail["after"]:
        raise UndoError("The business hours have been changed again since. Nothing was taken back.")
    if team and not Team.objects.filter(pk=team).exists():
        raise UndoError("The team is gone, and its hours with it.")
    _restore(team, detail["before"])
    clocks.ask_to_wind(now)
    return Undone(1)
