"""The clocks of a ticket: beside one who counts minute by minute, and on the rows that hang on them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.settings.actions import hours as hour_verbs
from crm.team.hours import OFFICE_WEEK, ClosedDays, Hours
from crm.team.models import User
from crm.tickets import clocks
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.turning import set_status
from crm.tickets.models import ServiceLevel, Ticket
from crm.tickets.rules.clock import Always, Course, OpenTime, Spell, Targets, read
from tests.conftest import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOLIDAY = ClosedDays(date(2026, 4, 6), date(2026, 4, 6))
#: Weekends in which clocks change: by half an hour, from +13:45 to +12:45, and as usual.
PLACES = {
    "Australia/Lord_Howe": datetime(2026, 4, 3, 12, tzinfo=UTC),
    "Pacific/Chatham": datetime(2026, 4, 3, 12, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 27, 12, tzinfo=UTC),
}
NIGHTS = (((0, 6 * 60), (22 * 60, 24 * 60)),) * 7


def clocks_of(place: str, nights: bool, always: bool) -> OpenTime:
    return Always() if always else Hours(ZoneInfo(place), NIGHTS if nights else OFFICE_WEEK, [HOLIDAY])


@st.composite
def lives(draw: Any) -> tuple[datetime, list[Spell], datetime | None, datetime, OpenTime]:
    """A ticket's spells on whole minutes, when it was answered, what time it is, and on which clock."""
    place = draw(st.sampled_from(sorted(PLACES)))
    begin = PLACES[place] + draw(st.integers(0, 2 * 24 * 60)) * MINUTE
    lengths = draw(st.lists(st.integers(0, 20 * 60), min_size=1, max_size=4))
    moments = [begin]
    for length in lengths:
        moments.append(moments[-1] + length * MINUTE)
    statuses = [draw(st.sampled_from(["new", "open", "pending", "on_hold", "solved"])) for _ in lengths]
    spells = [Spell(status, a, b) for status, (a, b) in zip(statuses, pairwise(moments), strict=True)]
    spells[-1] = Spell(spells[-1].status, spells[-1].began_at)
    now = max(moments[-2], begin) + draw(st.integers(0, 30 * 60)) * MINUTE
    answered = begin + draw(st.integers(0, 40 * 60)) * MINUTE if draw(st.booleans()) else None
    return begin, spells, answered, now, clocks_of(place, draw(st.booleans()), draw(st.booleans()))


def counted(spells: list[Spell], hours: OpenTime, now: datetime, runs: set[str], until: datetime | None) -> timedelta:
    """Minute by minute."""
    found = 0
    for spell in spells:
        at = spell.began_at
        end = min(x for x in (spell.ended_at, until, now) if x)
        while at < end:
            found += spell.status in runs and (isinstance(hours, Always) or hours.open_at(at))  # type: ignore[attr-defined]
            at += MINUTE
    return found * MINUTE


@given(lives(), st.integers(1, 24 * 60))
def test_both_clocks_go_as_somebody_counts_them(life: Any, target: int) -> None:
    _, spells, answered, now, hours = life
    spells = [Spell(s.status, s.began_at, s.ended_at) for s in spells]
    reading = read(spells, hours, Targets(target, target), answered, now)
    assert reading.solve.used == counted(spells, hours, now, {"new", "open"}, None)
    assert reading.answer.used == counted(spells, hours, now, {"new", "open", "pending", "on_hold"}, answered)
    for course in (reading.answer, reading.solve):
        _holds_together(course, spells, hours, answered, now)


def _holds_together(
    course: Course, spells: list[Spell], hours: OpenTime, answered: datetime | None, now: datetime
) -> None:
    """It is over from the moment on at which it was due, and later it is never less used."""
    assert course.used >= timedelta()
    assert course.target is not None
    assert course.over == (course.due is not None and course.due <= now)
    if course.due and course.near:
        assert course.near <= course.due
    later = read(spells, hours, Targets(course.target // MINUTE, course.target // MINUTE), answered, now + 7 * HOUR)
    assert max(later.answer.used, later.solve.used) >= course.used
    assert course.due in (later.answer.due, later.solve.due)


MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)  # the house opens
OFFICE = Hours(ZoneInfo("UTC"), OFFICE_WEEK)


def test_a_limit_passes_at_its_moment_and_not_before() -> None:
    spells = [Spell("new", MONDAY)]
    due = MONDAY + 2 * HOUR
    before = read(spells, OFFICE, Targets(120), None, due - timedelta(microseconds=1)).answer
    at = read(spells, OFFICE, Targets(120), None, due).answer
    assert (before.over, at.over, at.due, at.near) == (False, True, due, MONDAY + 90 * MINUTE)


def test_pauses_stop_one_clock_and_nights_both() -> None:
    spells = [Spell("new", MONDAY, MONDAY + HOUR), Spell("pending", MONDAY + HOUR)]
    paused = read(spells, OFFICE, Targets(180, 180), None, MONDAY + 2 * HOUR)
    assert (paused.answer.used, paused.solve.used) == (2 * HOUR, HOUR)
    assert (paused.solve.due, paused.paused_since) == (None, MONDAY + HOUR)
    evening = MONDAY.replace(hour=16)
    over_night = read([Spell("new", evening)], OFFICE, Targets(None, 120), None, evening)
    assert over_night.solve.due == MONDAY + timedelta(days=1) + HOUR


def test_opened_again_it_goes_on_with_what_was_used() -> None:
    spells = [
        Spell("open", MONDAY, MONDAY + HOUR), Spell("solved", MONDAY + HOUR, MONDAY + 4 * HOUR),
        Spell("open", MONDAY + 4 * HOUR),
    ]  # fmt: skip
    again = read(spells, OFFICE, Targets(None, 120), MONDAY, MONDAY + 4 * HOUR)
    assert (again.solve.used, again.solve.due) == (HOUR, MONDAY + 5 * HOUR)


# On rows --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def level(db: None) -> ServiceLevel:
    """Two hours to answer and eight to solve; urgent ones in half an hour. NOON is 12 in the installation's zone."""
    targets = {"normal": {"answer": 120, "solve": 480}, "urgent": {"answer": 30}}
    return ServiceLevel.objects.create(name="Standard", targets=targets)


@pytest.fixture
def wound(level: ServiceLevel, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> Ticket:
    from crm.tickets import delivering

    monkeypatch.setitem(delivering.ways._entries, "email", delivering.Way("email", "mail", lambda ticket, now: ""))
    ticket.refresh_from_db()
    return ticket


def test_a_new_ticket_has_its_limits(level: ServiceLevel, wound: Ticket) -> None:
    assert (wound.level, wound.answer_by, wound.due_by) == (level, NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert wound.solve_by == NOON + timedelta(days=1)  # five hours today, three tomorrow
    assert wound.alarm_at == NOON + 90 * MINUTE


def test_the_first_level_that_fits_the_tier_counts(level: ServiceLevel, wound: Ticket) -> None:
    gold = ServiceLevel.objects.create(name="Gold", tiers=["gold"], order=0, always=True,
                                       targets={"normal": {"answer": 60}})  # fmt: skip
    ServiceLevel.objects.filter(pk=level.pk).update(order=1)
    clocks.wind(wound, NOON)
    assert wound.level == level
    assert wound.account is not None
    wound.account.tier = "gold"
    clocks.wind(wound, NOON)
    assert (wound.level, wound.answer_by, wound.solve_by) == (gold, NOON + HOUR, None)


def test_another_priority_is_read_from_the_beginning(wound: Ticket) -> None:
    wound.priority = Ticket.Priority.URGENT
    clocks.wind(wound, NOON + HOUR)
    assert (wound.answer_by, wound.solve_by, wound.overran) == (NOON + 30 * MINUTE, None, True)
    wound.priority = Ticket.Priority.NORMAL
    clocks.wind(wound, NOON + HOUR)
    assert (wound.answer_by, wound.overran) == (NOON + 2 * HOUR, False)


def test_answers_and_pauses_end_limits_and_leave_minutes(wound: Ticket, sam: User) -> None:
    write(wound, Written(uuid4(), "Look", then="pending"), sam, NOON + HOUR)
    wound.refresh_from_db()
    assert (wound.answer_by, wound.solve_by, wound.answer_minutes, wound.due_by) == (None, None, 60, None)
    set_status(wound, "open", sam, NOON + 3 * HOUR)
    wound.refresh_from_db()
    assert wound.solve_by == NOON + timedelta(days=1) + 2 * HOUR  # one hour used, two of today left
    set_status(wound, "solved", sam, NOON + 4 * HOUR)
    wound.refresh_from_db()
    assert (wound.solve_by, wound.solve_minutes, wound.overran, wound.alarm_at) == (None, 120, False, None)


def test_other_hours_wind_open_tickets_in_slices_and_tell_nobody(
    wound: Ticket, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    while clocks.WINDING.run(NOON):
        pass
    later = NOON + 4 * HOUR
    hour_verbs.set_week(None, "UTC", [[["00:00", "24:00"]]] * 7, ada, later)
    wound.refresh_from_db()
    assert wound.solve_by == NOON + timedelta(days=1)  # not in the request
    assert clocks.WINDING.run(later) == 1
    wound.refresh_from_db()
    assert wound.solve_by == NOON + 8 * HOUR
    assert wound.alarms == ["answer", "answer!"]  # late already: shown, and told nobody
    assert wound.alarm_at == NOON + 6 * HOUR
    while clocks.WINDING.run(later):
        pass
    assert clocks.WINDING.run(later) == 0


def test_the_page_is_told_how_it_came(wound: Ticket, sam: User) -> None:
    tomorrow = NOON + timedelta(days=1)
    write(wound, Written(uuid4(), "Look"), sam, NOON + HOUR)
    wound.refresh_from_db()
    answer, solve = clocks.explain(wound, tomorrow)
    assert answer.sentence == "Answer within 2 h of business hours: began Mon 12:00, answered after 1 h"
    assert solve.sentence == (
        "Solve within 8 h of business hours: began Mon 12:00, closed Mon 17:00 – 09:00, 0 min over"
    )
    assert (solve.tone, solve.used) == ("bad", 100)
