"""The product asks two libraries for the time on a wall: Python's and the database's. They must know the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from crm.web import clock
from tests.time.calendar import ZONES

_KNOWS = "SELECT name FROM unnest(%s::text[]) AS name WHERE name NOT IN (SELECT name FROM pg_timezone_names)"
_WALLS = """
    SELECT moment, moment AT TIME ZONE %s FROM generate_series(%s::timestamptz, %s, interval '6 hours') AS moment
"""


@pytest.mark.django_db
def test_the_database_knows_every_zone_that_people_may_choose() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWS, [sorted(clock.ZONE_NAMES)])
        assert cursor.fetchall() == []


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
def test_both_show_the_same_time_on_every_wall(zone: str) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(_WALLS, [zone, start, start + timedelta(days=1100)])
        different = [
            (moment, wall) for moment, wall in cursor.fetchall()
            if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall
        ]  # fmt: skip
    assert different == []
