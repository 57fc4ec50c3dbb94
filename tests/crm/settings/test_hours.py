"""Business hours and holidays on their page: set, added, read from a file, by team, undone; and what goes by them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.history.models import Act
from crm.settings.actions.hours import drop_own, give_own
from crm.settings.holiday_files import CalendarError, read
from crm.settings.views import hours as views
from crm.team.hours import ClosedDays, clock_of
from crm.team.models import BusinessHours, Holiday, Membership, Team, hours_of, house_hours
from crm.todos.actions import NewTask, create
from crm.todos.models import Task
from tests.conftest import NOON

PAGE = "/settings/hours/"
WEEK = {"time_zone": "berlin", "day0": "9-12, 13-17", "day4": "09:00–14:00"}
MAY = {"name": "Labour Day", "starts_on": "2026-05-01", "yearly": "on"}


def undo(client) -> None:
    client.post(f"/history/acts/{Act.objects.latest('pk').pk}/undo/")


@pytest.fixture
def admin(client, ada):
    client.force_login(ada)
    return client


def test_the_week_is_set_and_undone(admin, ada):
    assert admin.post(PAGE, WEEK).status_code == 302
    hours = BusinessHours.objects.get(team=None)
    monday, friday = [["09:00", "12:00"], ["13:00", "17:00"]], [["09:00", "14:00"]]
    assert (hours.time_zone, hours.week) == ("Europe/Berlin", [monday, [], [], [], friday, [], []])
    assert house_hours().next_open(datetime(2026, 6, 1, 16, tzinfo=UTC)) == datetime(2026, 6, 5, 7, tzinfo=UTC)
    act = Act.objects.get()
    assert (act.kind, act.by, act.label) == ("hours.changed", ada, "changed the business hours")
    undo(admin)
    assert [len(day) for day in BusinessHours.objects.get(team=None).week] == [1, 1, 1, 1, 1, 0, 0]


def test_a_week_that_makes_no_sense_changes_nothing(admin):
    answer = admin.post(PAGE, WEEK | {"day0": "17-9"})
    assert (answer.status_code, "ends before it begins" in answer.content.decode()) == (422, True)
    assert not BusinessHours.objects.exists()


def test_a_holiday_is_added_once_and_removed(admin):
    admin.post(f"{PAGE}holidays/", MAY)
    admin.post(f"{PAGE}holidays/", MAY)
    holiday = Holiday.objects.get()
    assert holiday.as_rule() == ClosedDays(date(2026, 5, 1), date(2026, 5, 1), yearly=True, name="Labour Day")
    assert "Labour Day" in admin.get(PAGE).content.decode()
    admin.post(f"{PAGE}holidays/{holiday.pk}/removal/")
    assert not Holiday.objects.exists()
    undo(admin)
    assert Holiday.objects.get().name == "Labour Day"


def test_a_holiday_that_ends_before_it_begins_is_refused(admin):
    assert admin.post(f"{PAGE}holidays/", MAY | {"ends_on": "2026-04-30"}).status_code == 422
    assert not Holiday.objects.exists()


def test_an_undo_takes_nothing_back_once_somebody_changed_the_hours_again(admin):
    admin.post(f"{PAGE}holidays/", MAY)
    first = Act.objects.latest("pk")
    admin.post(f"{PAGE}holidays/", MAY | {"name": "Another day"})
    admin.post(f"/history/acts/{first.pk}/undo/")
    assert Holiday.objects.count() == 2
    first.refresh_from_db()
    assert first.undone_at is None


ICS = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20261225
DTEND;VALUE=DATE:20261227
SUMMARY:Christmas
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260403
SUMMARY:Good Friday
RRULE:FREQ=YEARLY;COUNT=3
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260403T100000Z
SUMMARY:A meeting
END:VEVENT
END:VCALENDAR
"""


def test_holidays_from_a_calendar_file(admin):
    for _ in range(2):  # the second time they are all there
        admin.post(f"{PAGE}holidays/file/", {"file": SimpleUploadedFile("days.ics", ICS)})
    found = [holiday.as_rule() for holiday in Holiday.objects.all()]
    assert found == [
        ClosedDays(date(2026, 4, 3), date(2026, 4, 3), yearly=False, name="Good Friday"),
        ClosedDays(date(2026, 12, 25), date(2026, 12, 26), yearly=True, name="Christmas"),
    ]
    assert (read(ICS).timed, read(ICS).once) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n"])
def test_a_file_without_holidays_is_refused(content: bytes):
    with pytest.raises(CalendarError):
        read(content)


@pytest.mark.parametrize(
    ("line", "days"),
    [
        (b"DURATION:P9999999999D", 0),
        (b"DTEND;VALUE=DATE:00010101", 0),
        (b"DTEND;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY;BYMONTH=x", 1),
    ],
)
def test_an_event_that_cannot_be_read_is_left_out(line: bytes, days: int):
    event = b"BEGIN:VEVENT\r\nSUMMARY:%s\r\nDTSTART;VALUE=DATE:20261224\r\n%sEND:VEVENT\r\n"
    file = b"BEGIN:VCALENDAR\r\n%s%sEND:VCALENDAR\r\n" % (event % (b"Whole", b""), event % (b"Odd", line + b"\r\n"))

    found = read(file)

    assert [(one.name, one.yearly) for one in found.closed] == [("Whole", False), ("Odd", False)][: 1 + days]
    assert (found.timed, found.once) == (1 - days, days)


def test_a_team_keeps_its_own_hours(admin, mira):
    admin.post(f"{PAGE}holidays/", MAY)
    team = Team.objects.create(name="Nord")
    Membership.objects.create(team=team, user=mira)
    admin.post(f"{PAGE}teams/", {"team": team.pk})
    assert [holiday.name for holiday in team.business_hours.holidays.all()] == ["Labour Day"]
    admin.post(f"{PAGE}teams/{team.pk}/", {"time_zone": "", "day6": "10-12"})
    assert [clock_of(begin) for day in hours_of(mira).week for begin, _ in day] == ["10:00"]
    assert hours_of(mira).zone.key == "Europe/Berlin"  # her own, since none is set for the team
    assert len(house_hours().week[0]) == 1
    admin.post(f"{PAGE}teams/{team.pk}/removal/")
    assert not BusinessHours.objects.filter(team=team).exists()
    assert admin.get(f"{PAGE}teams/{team.pk}/").status_code == 404
    undo(admin)
    assert len(hours_of(mira).week[6]) == 1


def test_others_may_not(client, mira):
    client.force_login(mira)
    assert client.post(PAGE, WEEK).status_code == 403
    assert client.post(f"{PAGE}holidays/", MAY).status_code == 403
    assert not BusinessHours.objects.exists()


def test_a_task_is_snoozed_to_the_next_working_day(client, mira):
    hours = BusinessHours.objects.create(week=[[["08:30", "12:00"]]] * 5 + [[], []])
    Holiday.objects.create(hours=hours, name="Closed", starts_on=date(2026, 6, 2), ends_on=date(2026, 6, 2))
    (pk,) = create([NewTask("Call", NOON + timedelta(hours=1), owner_id=mira.pk)])
    client.force_login(mira)
    client.post(f"/tasks/{pk}/snooze/", {"until": "workday"})
    assert Task.objects.get(pk=pk).snoozed_until == datetime(2026, 6, 3, 6, 30, tzinfo=UTC)  # 08:30 in Berlin


def test_hours_that_somebody_took_away_meanwhile_are_not_written_to(admin, ada, monkeypatch):
    team = Team.objects.create(name="North")
    give_own(team, ada, NOON)
    here = views._team
    with monkeypatch.context() as patch:
        patch.setattr(views, "_team", lambda pk: (here(pk), drop_own(team, ada, NOON))[0])
        answer = admin.post(f"{PAGE}teams/{team.pk}/holidays/", MAY)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "keeps the hours of the house now, so nothing was changed" in admin.get(PAGE).content.decode()
    assert not Holiday.objects.exists()
