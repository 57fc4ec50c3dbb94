"""Keys that programs come in with, on the page of integrations."""

from __future__ import annotations

from django.urls import reverse

from crm import slots
from crm.slots import Connection, Integration, Traffic, WayIn

_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)"
_TOKENS = f"SELECT count(*) AS many, max(last_used_at) AS last_at, '' AS trouble FROM crm_apitoken WHERE {_LIVE}"  # noqa: S608
_WRITE_KEYS = """
    SELECT count(*) AS many, max(greatest(last_used_at, former_used_at)) AS last_at, '' AS trouble
    FROM crm_writekey WHERE revoked_at IS NULL
"""
_CALENDARS = "SELECT count(*) AS many, max(last_used_at) AS last_at, '' AS trouble FROM crm_calendarfeed"


def _counted(one: str, many: str, seen: Traffic) -> Connection:
    if not seen.many:
        return Connection("None yet")
    return Connection(f"{seen.many:,} {one if seen.many == 1 else many}", "good" if seen.last_at else "")


def register_integrations() -> None:
    for name, card in {
        "api": Integration(
            "API tokens", "Programs read and write with somebody’s rights", "key-round", "settings:tokens",
            lambda now: (_TOKENS, [now]), lambda seen: _counted("token", "tokens", seen), order=60,
            ways_in=lambda: [WayIn(reverse("api-account-list"), 401, "not-authenticated")],
        ),
        "write keys": Integration(
            "Write keys", "Products report who uses what", "radio-tower", "settings:write_keys",
            lambda now: (_WRITE_KEYS, []), lambda seen: _counted("key", "keys", seen), order=62,
        ),
        "calendars": Integration(
            "Calendars", "Tasks and renewals in people’s own calendars", "calendar", "home:calendar",
            lambda now: (_CALENDARS, []), lambda seen: _counted("calendar", "calendars", seen), order=64,
            ways_in=lambda: [WayIn(reverse("home:calendar_feed", args=["nobody"]), 404, "Holdfast")],
        ),
    }.items():  # fmt: skip
        slots.integrations.register(name, card)
