"""The stretch of moments that a sweep looks at: from a little before its last look until now."""

from __future__ import annotations

from datetime import timedelta

#: A running workflow's dates, silences and segments are looked at this often: most change by the day.
SWEEP_EVERY = timedelta(minutes=1)
#: A date sweep looks this far back behind its last look, since a day lasts 50 hours around the Earth. So far a sweep of
#: a segment looks back once an hour, for moves that were written then and seen only when all of their act was done.
OVERLAP = timedelta(days=3)
#: In the other minutes of the hour it looks back this far: most moves are seen at once.
SETTLED = timedelta(minutes=15)
