"""The rail marks one entry, also where a room stands below another's address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
def test_one_entry_is_where_one_is(client: Client, mira: Any) -> None:
    client.force_login(mira)
    rail = client.get("/retention/value/").content.decode().partition("<main")[0]
    assert rail.count('class="nav" href="/retention/value/" aria-current="page"') >= 1
    assert 'href="/retention/" aria-current="page"' not in rail
