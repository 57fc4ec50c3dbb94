"""Planned together, planned in order: whoever hears two things at the same moment hears the first one first."""

import pytest
from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from tests.conftest import NOON

JOINS = ("hashjoin", "mergejoin", "nestloop")


@pytest.mark.parametrize("join", JOINS)
def test_ids_rise_as_the_drafts_stand_however_their_readers_are_looked_up(anna: Contact, join: str) -> None:
    which = template("Hello", "Good day.")
    with connection.cursor() as cursor:
        for other in set(JOINS) - {join}:
            cursor.execute(f"SET LOCAL enable_{other} = off")
    keys = [f"test:{(number * 7) % 20}" for number in range(20)]
    readers = [None if number % 3 else anna.pk for number in range(20)]
    enqueue([
        Draft(key, "service", which, NOON, account_id=anna.account_id, contact_id=reader)
        for key, reader in zip(keys, readers, strict=True)
    ], now=NOON)  # fmt: skip
    assert list(OutboundMessage.objects.order_by("id").values_list("key", flat=True)) == keys
