"""The cap counts each copy that left or may have left."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox import settling
from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.sending.mark import doubt, once_more
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def capped(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    MailPolicy.objects.create(pk=1, cap_count=2)


def left(message: OutboundMessage, state: str) -> None:
    OutboundMessage.objects.filter(pk=message.pk).update(state=state, attempts=1, sending_at=NOON - HOUR)
    message.refresh_from_db()


def test_a_copy_of_which_nobody_knows_counts_beside_the_one_that_is_sent_again(
    anna: Contact, plan: Plan, ada: Any
) -> None:
    first, second = plan(anna), plan(anna, due_at=NOON + HOUR)
    left(first, "uncertain")

    settling.resend(first.pk, "They never got it.", ada, NOON)
    work(NOON)
    first.refresh_from_db()
    assert (first.state, first.sending_at, first.left_before) == ("sent", NOON, [NOON - HOUR])
    work(NOON + HOUR)

    assert state_of(second) == "due"
    assert trail(second) == [("moved", "cap")]
    second.refresh_from_db()
    assert second.due_at == NOON - HOUR + timedelta(days=7)


def test_what_goes_again_under_its_key_counts_while_it_waits_but_not_against_itself(anna: Contact, plan: Plan) -> None:
    MailPolicy.objects.update(cap_count=1)
    first, second = plan(anna), plan(anna)
    left(first, "sending")
    assert once_more(first, timedelta(days=1), "no answer", NOON)
    assert first.sending_at == NOON - HOUR
    OutboundMessage.objects.filter(pk=first.pk).update(due_at=NOON + HOUR)

    work(NOON)

    assert trail(second) == [("moved", "cap")]


def test_what_is_doubted_before_it_was_handed_over_counts(anna: Contact, plan: Plan) -> None:
    MailPolicy.objects.update(cap_count=1)
    first, second = plan(anna), plan(anna)
    doubt(first, "Restored from a backup.", NOON)

    work(NOON)

    assert OutboundMessage.objects.get(pk=first.pk).sending_at == NOON
    assert trail(second) == [("moved", "cap")]
