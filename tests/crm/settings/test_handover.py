"""Handing over everything in one act: for good or for a holiday, in turn, undone, and what was changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from crm import slots
from crm.accounts.models import Account
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import Notification
from crm.segments.models import SavedView
from crm.settings.actions import handover
from crm.settings.models import HandedRow, HandOver
from crm.team import actions
from crm.team.actions import TeamError
from crm.team.models import Membership, Team, User
from crm.todos.models import Task
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

WEEK = NOON + timedelta(days=7)


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("Ben")


@pytest.fixture
def held(mira: User) -> list[Account]:
    """Three customers, an open task, one that is done, and a shared view of Mira's; and a customer of nobody."""
    customers = [factories.account(f"Kelp {n}", owner=mira) for n in range(3)]
    Task.objects.create(title="Call", owner=mira, account=customers[0], due_at=NOON)
    Task.objects.create(title="Called", owner=mira, account=customers[0], due_at=NOON, done_at=NOON)
    SavedView.objects.create(owner=mira, subject="account", name="At risk", shared=True)
    SavedView.objects.create(owner=mira, subject="account", name="My own", shared=False)
    factories.account("Nobody's")
    return customers


def owners(model: type = Account) -> dict[str, str]:
    return {str(row): row.owner.name if row.owner else "" for row in model.objects.select_related("owner")}  # type: ignore[attr-defined]


def test_what_somebody_holds_is_counted_by_kind(held: list[Account], mira: User, ben: User) -> None:
    assert handover.held_by(mira) == dict.fromkeys((name for name, _ in slots.holdings.items()), 0) | {
        "accounts": 3,
        "tasks": 1,
        "views": 1,
    }
    assert handover.held_by(ben) == dict.fromkeys((name for name, _ in slots.holdings.items()), 0)


def test_everything_goes_to_one(held: list[Account], mira: User, ben: User, ada: User) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON)
    assert (made.moved, made.words) == (
        {"accounts": 3, "tasks": 1, "views": 1}, "3 customers, 1 open task and 1 shared view",
    )  # fmt: skip
    assert owners() == {"Kelp 0": "Ben", "Kelp 1": "Ben", "Kelp 2": "Ben", "Nobody's": ""}
    assert owners(Task) == {"Call": "Ben", "Called": "Mira"}
    assert owners(SavedView) == {"At risk": "Ben", "My own": "Mira"}
    assert made.act.by == ada
    assert Notification.objects.get().user == ben
    with pytest.raises(TeamError, match="holds nothing"):
        handover.hand_over(mira, [ben], "Ben", ada, NOON)
    assert HandOver.objects.count() == 1


def test_in_turn_among_several(held: list[Account], mira: User, ben: User, olaf: User, ada: User) -> None:
    handover.hand_over(mira, [ben, olaf], "the team North", ada, NOON)
    assert owners() == {"Kelp 0": "Ben", "Kelp 1": "Olaf", "Kelp 2": "Ben", "Nobody's": ""}


def test_a_view_of_the_same_name_stays(held: list[Account], mira: User, ben: User, ada: User) -> None:
    SavedView.objects.create(owner=ben, subject="account", name="at risk")
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON)
    assert made.moved == {"accounts": 3, "tasks": 1}
    assert owners(SavedView)["At risk"] == "Mira"


def test_undone_everything_is_as_it_was(held: list[Account], mira: User, ben: User, ada: User) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON)
    undo(made.act, ada, NOON)
    assert set(owners().values()) == {"Mira", ""}
    assert owners(Task) == {"Call": "Mira", "Called": "Mira"}
    assert owners(SavedView)["At risk"] == "Mira"


def test_undone_what_somebody_gave_on_meanwhile_stays(
    held: list[Account], mira: User, ben: User, olaf: User, ada: User
) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON)
    Account.objects.filter(name="Kelp 1").update(owner=olaf)
    Task.objects.filter(title="Call").update(owner=olaf)
    undo(made.act, ada, NOON)
    assert owners() == {"Kelp 0": "Mira", "Kelp 1": "Olaf", "Kelp 2": "Mira", "Nobody's": ""}
    assert owners(Task)["Call"] == "Olaf"


@pytest.mark.parametrize(("late", "back"), [(-1, False), (0, True), (3600, True)])
def test_a_holiday_ends_by_itself_on_its_day(
    held: list[Account], mira: User, ben: User, ada: User, late: int, back: bool
) -> None:
    handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    assert handover.next_due(NOON) == WEEK
    done = handover.work(WEEK + timedelta(seconds=late))
    assert bool(done) is back
    assert owners()["Kelp 0"] == ("Mira" if back else "Ben")
    assert owners(Task)["Call"] == ("Mira" if back else "Ben")
    if back:
        assert handover.next_due(WEEK) is None
        assert handover.work(WEEK) == 0


def test_back_from_holiday_what_was_changed_meanwhile_stays(
    held: list[Account], mira: User, ben: User, olaf: User, ada: User
) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    Account.objects.filter(name="Kelp 1").update(owner=olaf, industry="Games")
    Account.objects.filter(name="Kelp 2").update(industry="Shipping")
    factories.account("New", owner=ben)
    handover.work(WEEK)
    assert owners() == {"Kelp 0": "Mira", "Kelp 1": "Olaf", "Kelp 2": "Mira", "Nobody's": "", "New": "Ben"}
    assert Account.objects.get(name="Kelp 2").industry == "Shipping"
    made.refresh_from_db()
    assert (made.returned, made.stayed) == ({"accounts": 2, "tasks": 1, "views": 1}, 1)


@pytest.mark.parametrize("until", [None, NOON + timedelta(days=21)])
def test_who_is_back_first_gets_theirs_from_whoever_holds_them_by_then(
    held: list[Account], mira: User, ben: User, olaf: User, ada: User, until: datetime | None
) -> None:
    """Ben went himself, for good or for longer, and gave all that he held to Olaf."""
    own = factories.account("Ben's own", owner=ben)
    handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    handover.hand_over(ben, [olaf], "Olaf", ada, NOON + timedelta(days=1), until)
    Account.objects.filter(pk=held[0].pk).update(owner=ada)  # given on, by somebody
    while handover.work(WEEK):
        pass
    assert owners() == {"Kelp 0": "Ada", "Kelp 1": "Mira", "Kelp 2": "Mira", "Nobody's": "", "Ben's own": "Olaf"}
    assert owners(Task) == {"Call": "Mira", "Called": "Mira"}
    while handover.work(NOON + timedelta(days=21)):
        pass
    own.refresh_from_db()
    assert own.owner == (ben if until else olaf)
    assert owners()["Kelp 1"] == "Mira"


def test_a_return_is_undone_whole(held: list[Account], mira: User, ben: User, ada: User) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    handover.give_back(made, ada, NOON)
    assert owners(Task)["Call"] == "Mira"
    undo(Act.objects.get(kind=handover.RETURN), ada, NOON)
    assert (owners()["Kelp 0"], owners(Task)["Call"], owners(SavedView)["At risk"]) == ("Ben", "Ben", "Ben")
    assert handover.work(WEEK) == 0


def test_who_has_left_meanwhile_gets_nothing_back(held: list[Account], mira: User, ben: User, ada: User) -> None:
    handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    User.objects.filter(pk=mira.pk).update(is_active=False)
    assert handover.work(WEEK) == 1
    assert owners()["Kelp 0"] == "Ben"
    assert handover.next_due(WEEK) is None


def test_undone_it_does_not_come_back_a_second_time(held: list[Account], mira: User, ben: User, ada: User) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    undo(made.act, ada, NOON)
    Account.objects.filter(name="Kelp 0").update(owner=ben)
    assert handover.work(WEEK) == 0
    assert owners()["Kelp 0"] == "Ben"


def test_rows_are_forgotten_when_nobody_can_undo_them(held: list[Account], mira: User, ben: User, ada: User) -> None:
    handover.hand_over(mira, [ben], "Ben", ada, NOON)
    assert handover.work(NOON + timedelta(days=30)) == 0
    assert HandedRow.objects.count() == 5
    assert handover.work(NOON + timedelta(days=30, seconds=1)) == 5
    assert not HandedRow.objects.exists()


def test_refusals_change_nothing(held: list[Account], mira: User, ben: User, ada: User) -> None:
    gone = User.objects.create_user("gone@example.com", name="Gone", role="agent", is_active=False)
    for receivers, until in [([mira], None), ([], None), ([gone], None), ([ben], NOON)]:
        with pytest.raises(TeamError):
            handover.hand_over(mira, receivers, "x", ada, NOON, until)
    User.objects.filter(pk=mira.pk).update(is_active=False)
    mira.refresh_from_db()
    with pytest.raises(TeamError, match="nothing can come back"):
        handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    assert owners()["Kelp 0"] == "Mira"
    assert not HandOver.objects.exists()


def test_who_was_closed_since_the_page_was_opened_gets_nothing(
    held: list[Account], mira: User, ben: User, ada: User
) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)  # `ben` was read before
    with pytest.raises(TeamError, match="Choose somebody who works here"):
        handover.hand_over(mira, [ben], "Ben", ada, NOON)
    assert owners()["Kelp 0"] == "Mira"


@pytest.mark.django_db(transaction=True)
def test_beside_the_closing_of_a_receiver_one_waits_for_the_other(
    held: list[Account], mira: User, ben: User, ada: User
) -> None:
    """Ben's account is being closed while Mira's is handed to him: it waits, and is refused."""
    begun = threading.Event()

    def close() -> None:
        with transaction.atomic():
            actions.deactivate(ben, ada, NOON)
            begun.set()
            # Until the other waits for us, or has gone past us.
            for _ in range(200):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[0]:
                        break
                threading.Event().wait(0.01)

    def give() -> None:
        begun.wait(10)
        handover.hand_over(mira, [ben], "Ben", ada, NOON)

    gave = beside(close, give)
    assert "Choose somebody who works here" in str(gave[1])
    assert owners()["Kelp 0"] == "Mira"


def test_every_holding_has_an_index_and_words(db: None) -> None:
    from django.apps import apps

    for holding in slots.holdings:
        table = apps.get_model(holding.model)
        field = next(field for field in table._meta.concrete_fields if field.column == holding.column)
        assert field.related_model is User
        assert len(holding.label) == 2


def test_the_page_hands_over_and_offers_undo(
    held: list[Account], mira: User, ben: User, olaf: User, ada: User, client: Client
) -> None:
    team = Team.objects.create(name="North")
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (mira, ben, olaf)])
    client.force_login(ada)
    page = f"/settings/team/{mira.pk}/"
    assert "Shared view" in client.get(page).content.decode()
    assert client.post(f"{page}hand-over/", {"to": f"user:{mira.pk}"}).status_code == 422
    client.post(f"{page}hand-over/", {"to": f"team:{team.pk}", "until": "2026-06-08"})
    made = HandOver.objects.get()
    assert made.until is not None
    assert made.until.date() == date(2026, 6, 8)
    assert set(owners().values()) == {"Ben", "Olaf", ""}  # nothing to the giver, though in the team
    shown = client.get(page).content.decode()
    assert f"/history/acts/{made.act_id}/undo/" in shown
    assert "Give back now" in shown
    client.post(f"{page}hand-over/{made.pk}/return/")
    assert set(owners().values()) == {"Mira", ""}


def test_what_would_come_back_to_a_closed_account_is_said_to_stay(
    held: list[Account], mira: User, ben: User, ada: User, client: Client
) -> None:
    made = handover.hand_over(mira, [ben], "Ben", ada, NOON, WEEK)
    User.objects.filter(pk=mira.pk).update(is_active=False)
    client.force_login(ada)
    said = client.post(f"/settings/team/{mira.pk}/hand-over/{made.pk}/return/", follow=True).content.decode()
    assert "has everything back" not in said
    assert "everything stays with Ben" in said
