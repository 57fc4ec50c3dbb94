"""Two beats at once: a review is counted once, and everybody gets it once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crm.ledger.actions import project
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from retention.reports import actions
from retention.reports.models import MonthlyReview
from tests import factories
from tests.beside import beside

#: 1 June 2026 is a Monday.
SENT = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_two_beats_count_a_review_once_and_send_it_once(mira: User, ada: User) -> None:
    User.objects.update(time_zone="UTC")
    account = factories.account("Kelp")
    factories.contract(account, date(2026, 1, 1))
    project([account.pk], SENT)
    for reader in (mira, ada):
        actions.subscribe(reader, datetime(2026, 5, 15, tzinfo=UTC))
    for _ in range(3):  # it is counted first, then sent, then there is nothing left
        gave = beside(*(lambda: actions.work(SENT) for _ in range(3)))
        assert all(isinstance(one, int) for one in gave), gave
    assert MonthlyReview.objects.count() == 1
    mails = OutboundMessage.objects.filter(origin="review").values_list("user", flat=True)
    assert sorted(mails) == sorted([mira.pk, ada.pk])
