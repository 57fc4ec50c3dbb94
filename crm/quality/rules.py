"""The score of the record, and how bad a gap is: arithmetic alone."""

from __future__ import annotations

from datetime import timedelta

#: Everything is counted anew after so long; whoever has mended something may ask for it sooner …
COUNT_EVERY = timedelta(hours=6)
#: … but not sooner than this after the last count.
AGAIN_AFTER = timedelta(seconds=20)
#: The trend reaches back so far, and days are kept for longer.
TREND_DAYS, KEEP_DAYS = 90, 400
#: Up to the first share of gaps things are good, up to the second they want work.
GOOD, FAIR = 0.02, 0.20


def score(missing: int, expected: int) -> int:
    """Of 100, what is there of all that should be; 100 only when nothing is missing, and where nothing is expected."""
    return 100 if not missing else min(99, 100 * (expected - missing) // expected)


def tone(found: int, of: int) -> str:
    """Of the bar that shows the share: good, warn or bad."""
    share = found / of if of else 0
    return "good" if share <= GOOD else "warn" if share <= FAIR else "bad"


def percent(found: int, of: int) -> str:
    """“12 %”; “<1 %” for a few of many, so that 0 % means none."""
    if not found:
        return "0 %"
    whole = 100 * found // of
    return f"{whole} %" if whole else "<1 %"
