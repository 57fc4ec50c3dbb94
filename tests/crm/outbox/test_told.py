"""Whoever has left gets no mail any more; and who is told when something large is done, or becomes theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.accounts.bulk import assign
from crm.history.actions import act, undo
from crm.history.models import Act, Run
from crm.history.runs import work as do_run
from crm.outbox.actions import Draft, enqueue, template, work
from crm.outbox.models import Notification, OutboundMessage
from crm.outbox.notifications import mark_read
from crm.outbox.policy import go_live
from crm.team import actions
from crm.team.models import ApiToken, User
from tests import factories
from tests.conftest import NOON

SECOND = timedelta(seconds=1)


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


def test_what_an_undone_act_told_is_taken_back_and_comes_again_with_it(ada: User, mira: User, sam: User):
    with act("bulk.owner", "", ada, NOON) as given:
        assign([factories.account().pk], {"owner": mira}, ada, NOON)
        assign([factories.account().pk], {"owner": sam}, ada, NOON)
    with act("bulk.owner", "", ada, NOON):
        assign([factories.account().pk], {"owner": mira}, ada, NOON)
    earlier, other = Notification.objects.filter(user=mira).order_by("pk")
    mark_read(mira, NOON, only=earlier.pk)

    def bells() -> list[tuple[int, bool]]:
        return [
            (row.pk, row.read_at is None) for user in (mira, sam)
            for row in Notification.objects.visible_to(user).order_by("pk")
        ]  # fmt: skip

    hers = Notification.objects.get(user=sam).pk
    as_it_was = [(earlier.pk, False), (other.pk, True), (hers, True)]
    assert bells() == as_it_was
    undo(given, ada, NOON + SECOND)
    assert bells() == [(other.pk, True)]
    assert not Notification.objects.unread().filter(user=sam).exists()
    undo(Act.objects.get(undoes=given), ada, NOON)
    assert bells() == as_it_was


@pytest.mark.parametrize("door", ["page", "field", "api"])
def test_the_new_owner_of_one_customer_is_told_until_that_is_undone(client: Any, ada: User, mira: User, door: str):
    account = factories.account("Kelp & Co", owner=ada)

    def give(owner: User) -> Any:
        url = account.get_absolute_url()
        if door == "api":
            token = ApiToken.issue(ada, "write")[1]
            return client.patch(
                f"/api/v1/accounts/{account.pk}/", {"owner": owner.email}, content_type="application/json",
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
        client.force_login(ada)
        form = f"{url}facts/owner/" if door == "field" else f"{url}edit/"
        version = client.get(form).context["form"].initial["version"]
        return client.post(
            form, {"name": "Kelp & Co", "kind": "company", "owner": owner.pk, "version": version}
        )  # fmt: skip

    for owner in (mira, mira, ada):
        assert give(owner).status_code in (200, 302)
    assert (told(mira), told(ada)) == ([("account.assigned", "Ada made you the owner of Kelp & Co")], [])
    assert Notification.objects.get().url == account.get_absolute_url()
    given = Act.objects.order_by("pk").first()
    assert given
    undo(Act.objects.latest("pk"), ada, NOON)
    undo(given, ada, NOON)
    assert not Notification.objects.visible_to(mira).exists()


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
