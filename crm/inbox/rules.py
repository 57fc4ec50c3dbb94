"""How often a payload is tried, how long anything of it is kept, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

#: After so many tries a payload is parked.
MAX_TRIES = 5
_FIRST = timedelta(minutes=1)

#: Bytes of one payload: a mail with what usually hangs on it.
MOST_BYTES = 30 * 1024 * 1024
_MOST_HEADERS, _LONGEST_HEADER = 40, 2000

#: That something came is remembered for so long, whatever becomes of its bytes: sources repeat themselves.
KEY_DAYS = 400


def retry_after(tries: int) -> timedelta:
    """How long a payload rests after its `tries`-th try (1, 2, …): 1, 4, 16, 64 minutes.

    It is also how long a try may take before another worker begins one, if its process has died.
    """
    return _FIRST * int(4 ** min(tries - 1, 4))


def bounded(headers: Mapping[str, str]) -> dict[str, str]:
    """As much as is kept of what a source says."""
    kept = list(headers.items())[:_MOST_HEADERS]
    return {name[:100]: value.replace("\0", "")[:_LONGEST_HEADER] for name, value in kept}
