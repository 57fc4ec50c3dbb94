"""Counters of tries are there until they expire, however many others are put beside them."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.db import connection

from crm.web.limits import LimitsCache


@pytest.mark.django_db
def test_nobody_pushes_out_a_counter_that_holds() -> None:
    limits = LimitsCache("crm_signin_limit", {"OPTIONS": {"MAX_ENTRIES": 5}})
    limits.set("a-first-by-its-key", [1, 2], 300)
    limits.set("expired", [1], -1)
    for n in range(30):
        limits.set(f"other-{n}", [n], 300)
    assert limits.get("a-first-by-its-key") == [1, 2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_signin_limit WHERE cache_key LIKE '%expired'")
        assert cursor.fetchone() == (0,)


def test_the_limits_of_signing_in_are_kept_so() -> None:
    assert isinstance(caches["default"], LimitsCache)
