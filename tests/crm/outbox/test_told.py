"""Whoever has left gets no mail any more; and who is told when something large is done, or becomes theirs."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts.bulk import assign
from crm.history.actions import act
from crm.history.models import Run
from crm.history.runs import work as do_run
from crm.outbox.actions import Draft, enqueue, template, work
from crm.outbox.models import Notification, OutboundMessage
from crm.outbox.policy import go_live
from crm.team import actions
from crm.team.models import User
from tests import factories
from tests.conftest import NOON


def told(user: User) -> list[tuple[str, str]]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", "text"))


@pytest.mark.parametrize(("origin", "state"), [("", "skipped"), (OutboundMessage.SIGN_IN, "sent")])
def test_whoever_has_left_gets_no_mail(ada: User, mira: User, settings: Any, tmp_path: Any, origin: str, state: str):
    settings.EMAIL_URL = f"folder://{tmp_path}"
    go_live(NOON)
    draft = Draft(
        key="x", category="transactional", template_id=template("Hello", "Hello"), due_at=NOON, user_id=mira.pk,
        origin=origin,
    )  # fmt: skip
    enqueue([draft], now=NOON)
    actions.deactivate(mira, ada, NOON)
    while work(NOON):
        pass
    message = OutboundMessage.objects.get()
    assert message.state == state
    if state == "skipped":
        assert (message.guard, message.reason) == (
            "closed", "The account of Mira is closed, so nothing is sent to them any more.",
        )  # fmt: skip


def test_a_new_owner_is_told_once_for_the_whole_act(ada: User, mira: User):
    ids = [factories.account().pk for _ in range(3)]
    with act("bulk.owner", "", ada, NOON):
        assign(ids, {"owner": mira}, ada, NOON)
        assign(ids, {"owner": mira}, ada, NOON)  # theirs already
    with act("bulk.owner", "", ada, NOON):
        assign(ids, {"owner": ada}, ada, NOON)  # nobody is told what they did themselves
    assert told(mira) == [("account.assigned", "Ada made you the owner of 3 customers")]
    assert told(ada) == []


def test_whoever_began_a_large_change_is_told_when_it_is_over(ada: User, mira: User):
    accounts = [factories.account() for _ in range(2)]
    with act("bulk.owner", "assigned 2 customers to Mira", ada, NOON) as done:
        Run.objects.create(
            act=done, name="account.owner", data={"owner": [str(mira.pk)]}, ids=[one.pk for one in accounts], total=2,
            due_at=NOON,
        )  # fmt: skip
    while do_run(NOON):
        pass
    assert Run.objects.get().state == "done"
    assert told(ada) == [("bulk.finished", "Done: you assigned 2 customers to Mira")]
    assert told(mira) == [("account.assigned", "Ada made you the owner of many customers")]
