"""The calendar that Holdfast knows: days beyond it are typing errors, and no arithmetic with those within overflows."""

from datetime import date

EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2199, 12, 31)
#: Behind the name of what lies beyond.
BEYOND = f"lies beyond the calendar: days are from {EARLIEST_DAY.year} to {LATEST_DAY.year}"


def within(day: date) -> bool:
    return EARLIEST_DAY <= day <= LATEST_DAY
