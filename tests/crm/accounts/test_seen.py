"""When somebody was last seen stands beside the wide rows: it comes and goes with them, and moves in a merge."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.accounts.actions import people
from crm.accounts.models import Account, AccountSeen, Contact, ContactSeen
from crm.duplicates.merging.joining import merge
from crm.history.actions import undo
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_everybody_has_a_row_from_the_start_and_none_when_gone():
    made = Account.objects.bulk_create([Account(name=f"Kelp {n}", signed_up_on=date(2026, 5, n)) for n in (1, 2)])
    anna = factories.contact(made[0])
    assert list(AccountSeen.objects.order_by("pk").values_list("account", "at", "signed_up_on")) == [
        (made[0].pk, None, date(2026, 5, 1)), (made[1].pk, None, date(2026, 5, 2)),
    ]  # fmt: skip
    assert anna.seen.at is None
    made[0].delete()
    assert list(AccountSeen.objects.values_list("account", flat=True)) == [made[1].pk]
    assert not ContactSeen.objects.exists()


def test_silence_counts_from_the_last_sight_else_from_the_sign_up():
    kelp = factories.account(signed_up_on=date(2026, 5, 1))
    assert kelp.seen.silent_since == datetime(2026, 5, 1, tzinfo=UTC)
    Account.objects.update(signed_up_on=date(2026, 5, 3))
    assert AccountSeen.objects.get().silent_since == datetime(2026, 5, 3, tzinfo=UTC)
    factories.seen(NOON)
    assert AccountSeen.objects.get().silent_since == NOON
    Account.objects.update(signed_up_on=None)
    factories.seen(None)
    assert AccountSeen.objects.get().silent_since is None


@pytest.mark.parametrize("make", [factories.account, factories.contact])
@pytest.mark.parametrize(
    ("keeps", "goes", "then"), [(1, 5, 5), (5, 1, 5), (None, 5, 5), (5, None, 5), (None, None, None)]
)
def test_a_merge_keeps_the_later_sight_and_its_undo_parts_them(make, keeps, goes, then, ada):
    at = {day: NOON - 9 * DAY + day * DAY for day in (1, 5)} | {None: None}
    keeper, loser = make(last_seen_at=at[keeps]), make(last_seen_at=at[goes])
    subject = make.__name__
    made = merge(subject, keeper.pk, loser.pk, {}, ada, NOON)
    rows = {"account": AccountSeen, "contact": ContactSeen}[subject].objects
    assert rows.get(pk=keeper.pk).at == at[then]
    assert not rows.filter(pk=loser.pk).exists()
    undo(made.act, ada, NOON)
    assert [rows.get(pk=keeper.pk).at, rows.get(pk=loser.pk).at] == [at[keeps], at[goes]]


def test_who_is_brought_back_was_last_seen_when_they_were(ada):
    anna = factories.contact(last_seen_at=NOON - DAY)
    deletion = people.delete(anna, ada, NOON)
    assert not ContactSeen.objects.exists()
    undo(deletion, ada, NOON)
    assert Contact.objects.get(pk=anna.pk).seen.at == NOON - DAY
