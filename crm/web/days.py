"""The calendar that Holdfast knows: days beyond it are typing errors, and no arithmetic with those within overflows."""

from datetime import date

EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2199, 12, 31)
