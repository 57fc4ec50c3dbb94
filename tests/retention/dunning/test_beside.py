"""Two workers at once: a payment gets one case, and a try is asked for once."""

from __future__ import annotations

from typing import Any

import pytest

from crm.billing.models import PaymentAttempt
from crm.web import clock
from retention.dunning import actions
from retention.dunning.models import DunningCase, DunningEvent, DunningSettings
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, declined

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_open_and_ask_once(transactional_db: None) -> None:
    DunningSettings.objects.create(pk=1, on_since=NOON - 30 * DAY)
    account = factories.account("Kelp & Co", timezone="Europe/Lisbon")
    for number in range(12):
        declined(account, NOON, f"{number + 1}.00")

    def work(moment: Any) -> Any:
        return lambda: [actions.work(moment) for _ in range(4)]

    gave = beside(work(NOON), work(NOON), work(NOON))
    assert not [one for one in gave if isinstance(one, Exception)], gave
    assert DunningCase.objects.count() == 12
    assert DunningEvent.objects.filter(kind="opened").count() == 12
    due = DunningCase.objects.earliest("next_at").next_at
    assert due
    with clock.travelling(due):
        gave = beside(work(due), work(due), work(due))
    assert not [one for one in gave if isinstance(one, Exception)], gave
    assert PaymentAttempt.objects.count() == 12
    assert set(DunningCase.objects.values_list("tries", flat=True)) == {1}
