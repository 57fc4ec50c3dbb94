"""When we are at work: weekly hours and holidays of the house, and of teams that have their own."""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from crm.team import hours as rules
from crm.team.models.people import Membership, Team, User
from crm.web import clock


def office_week() -> list[list[list[str]]]:
    return [[[rules.clock_of(minute) for minute in interval] for interval in day] for day in rules.OFFICE_WEEK]


class BusinessHours(models.Model):
    """The hours of a team, or of the house, whose row has no team. `week`: for each day, Monday first, its intervals
    as [["09:00", "17:00"]], in order and apart."""

    team = models.OneToOneField(Team, models.CASCADE, null=True, related_name="business_hours")
    time_zone = models.CharField(max_length=64, blank=True)  # blank: the installation's; for a person, their own
    week = models.JSONField(default=office_week)

    class Meta:
        constraints = [models.UniqueConstraint("team", name="businesshours_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return f"the hours of {self.team or 'the house'}"

    def as_rules(self, zone: ZoneInfo | None = None) -> rules.Hours:
        """With its holidays, one query unless they were fetched along; `zone` stands in where none is set."""
        week = [[(rules.minutes_of(a), rules.minutes_of(b)) for a, b in day] for day in self.week]
        closed = [holiday.as_rule() for holiday in self.holidays.all()] if self.pk else []
        set_zone = clock.zone(self.time_zone) if self.time_zone else zone
        return rules.Hours(set_zone or clock.zone(), week, closed)


class Holiday(models.Model):
    """A day, or several in a row, on which nobody is at work."""

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="holidays")
    name = models.CharField(max_length=120)
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day
    yearly = models.BooleanField(default=False)

    class Meta:
        ordering = ("starts_on", "id")
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="holiday_ends_later"),
            models.UniqueConstraint("hours", "starts_on", "name", name="holiday_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def as_rule(self) -> rules.ClosedDays:
        return rules.ClosedDays(self.starts_on, self.ends_on, self.yearly, self.name)


def house_hours() -> rules.Hours:
    """When the house is open."""
    return _first(BusinessHours.objects.filter(team=None)).as_rules()


def hours_of(user: User) -> rules.Hours:
    """When somebody is at work: by the hours of their team, the first by name that has its own, else by the house's.

    Where no zone is set for them, these are hours on the clock of the user.
    """
    return hours_of_all([user])[user.pk]


def hours_of_all(users: Collection[User]) -> dict[int, rules.Hours]:
    """The same of several, by their ids, in as many queries as of one."""
    theirs = Membership.objects.filter(user__in=users)
    rows = BusinessHours.objects.filter(Q(team=None) | Q(team__in=theirs.values("team"))).order_by("team__name")
    found = {row.team_id: row for row in rows.prefetch_related("holidays")}
    teams: dict[int, set[int]] = {user.pk: set() for user in users}
    for user, team in theirs.filter(team__in=[pk for pk in found if pk]).values_list("user", "team"):
        teams[user].add(team)
    house = found.pop(None, None) or BusinessHours()
    return {
        user.pk: next((row for pk, row in found.items() if pk in teams[user.pk]), house).as_rules(user.zone)
        for user in users
    }


def _first(rows: models.QuerySet[BusinessHours]) -> BusinessHours:
    return next(iter(rows.prefetch_related("holidays")[:1]), BusinessHours())
