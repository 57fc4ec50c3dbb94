"""Acts in the API: what one sees of them, and taking them back as the page does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account
from crm.history import rules, runs
from crm.history.actions import act, undo
from crm.history.models import Act, Door, Run
from crm.history.undoing import irrevocable
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
ACTS = "/api/v1/acts/"
DAY = timedelta(days=1)


def tagged(by: User, tag: str = "vip", at: Any = NOON, kind: str = "bulk.tag") -> Act:
    """An act that put a tag on every customer."""
    with act(kind, f"tagged customers with {tag}", by, at) as done:
        Account.objects.update(tags=[tag])
    return done


def undo_of(done: Act) -> str:
    return f"{ACTS}{done.pk}/undo/"


def test_one_sees_own_acts_and_admins_all(calling: Any, ada: User, mira: User, sam: User) -> None:
    factories.account("Kelp", owner=sam)
    first, second = tagged(mira), tagged(sam, "north", NOON + timedelta(minutes=1))
    ids = {user: [row["id"] for row in calling(user, "read").get(ACTS).json()["results"]] for user in (ada, mira, sam)}
    assert ids == {ada: [second.pk, first.pk], mira: [first.pk], sam: [second.pk]}
    assert calling(sam).get(f"{ACTS}{first.pk}/").status_code == 404
    assert calling(ada).get(f"{ACTS}{first.pk}/").json() == {
        "id": first.pk, "kind": "bulk.tag", "label": "tagged customers with vip", "door": "database",
        "by": "mira@example.com", "at": "2026-06-01T12:00:00Z", "undone_at": None, "undone_by": None, "undoes": None,
        "can_undo": True, "run": None, "outcome": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["c", "b", "a"]),
        ({"kind": "x.first"}, ["a"]),
        ({"kind": "x.third"}, []),
        ({"by": " SAM@example.com "}, ["b"]),
        ({"by": "nobody@example.com"}, []),
        ({"since": "2026-06-02T12:00:00Z"}, ["c", "b"]),
        ({"since": "2026-06-02T14:00:00.000001+02:00"}, ["c"]),
        ({"until": "2026-06-02T12:00:00Z"}, ["a"]),
        ({"since": "2026-06-02T00:00:00Z", "until": "2026-06-03T00:00:00Z"}, ["b"]),
        ({"limit": 2}, ["c", "b"]),
    ],
)
def test_the_list_narrows(calling: Any, ada: User, mira: User, sam: User, asked: Any, expected: list[str]) -> None:
    kinds = [("x.first", "a", mira), ("x.second", "b", sam), ("x.second", "c", mira)]
    Act.objects.bulk_create(
        Act(kind=kind, label=label, by=by, at=NOON + n * DAY) for n, (kind, label, by) in enumerate(kinds)
    )
    assert [row["label"] for row in calling(ada).get(ACTS, asked).json()["results"]] == expected


@pytest.mark.parametrize(
    ("asked", "field"), [({"since": "yesterday"}, "since"), ({"until": "2026-02-31T00:00:00Z"}, "until"),
                         ({"door": "api"}, "door"), ({"limit": "0"}, "limit")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(api: Any, asked: Any, field: str) -> None:
    answer = api.get(ACTS, asked)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert answer["Content-Type"] == "application/problem+json"


def test_pages_go_on_where_they_ended(api: Any, mira: User) -> None:
    Act.objects.bulk_create(Act(kind="x.y", label=str(n), by=mira, at=NOON + timedelta(minutes=n)) for n in range(5))
    first = api.get(ACTS, {"limit": 3}).json()
    second = api.get(first["next"]).json()
    assert [row["label"] for row in first["results"] + second["results"]] == ["4", "3", "2", "1", "0"]
    assert second["next"] is None
    assert api.get(f"{ACTS}?cursor=cD0xMg==").status_code == 404  # p=12 is no moment


def test_an_act_is_taken_back_and_what_was_changed_since_is_kept(api: Any, calling: Any, mira: User, sam: User) -> None:
    kelp, ridge = factories.account("Kelp", tags=["old"]), factories.account("Ridge", tags=["old"])
    done = tagged(mira)
    with act("account.edited", "edited Ridge", sam, NOON):
        Account.objects.filter(pk=ridge.pk).update(tags=["mine"])
    answer = api.post(undo_of(done))
    body = answer.json()
    undoing = Act.objects.get(undoes=done)
    assert (answer.status_code, answer["Location"]) == (201, f"http://testserver{ACTS}{undoing.pk}/")
    assert (body["id"], body["kind"], body["undoes"], body["door"]) == (undoing.pk, "undo", done.pk, "api")
    assert body["outcome"] == {
        "reverted": 1, "unnamed": 0,
        "kept": [{
            "record": "Ridge", "field": "tags", "value": ["mine"], "by": "Sam", "at": "2026-06-01T12:00:00Z",
            "because": "Sam edited it since",
        }],
    }  # fmt: skip
    assert list(Account.objects.order_by("id").values_list("pk", "tags")) == [(kelp.pk, ["old"]), (ridge.pk, ["mine"])]
    assert api.get(f"{ACTS}{undoing.pk}/").json() == body
    before = api.get(f"{ACTS}{done.pk}/").json()
    assert (before["undone_by"], before["can_undo"]) == ("mira@example.com", False)


def test_what_is_no_longer_ones_own_has_no_name(calling: Any, olaf: User, mira: User) -> None:
    kelp = factories.account("Kelp", owner=olaf)
    done = tagged(olaf)
    Account.objects.filter(pk=kelp.pk).update(tags=["mine"], owner=mira)
    (kept,) = calling(olaf).post(undo_of(done)).json()["outcome"]["kept"]
    assert (kept["record"], kept["value"]) == ("A record that you cannot see", None)


def test_an_undo_is_undone(api: Any, mira: User) -> None:
    kelp = factories.account("Kelp")
    undoing = api.post(undo_of(tagged(mira))).json()
    again = api.post(f"{ACTS}{undoing['id']}/undo/")
    assert (again.status_code, again.json()["label"]) == (201, "did again: tagged customers with vip")
    kelp.refresh_from_db()
    assert kelp.tags == ["vip"]


def test_thirty_days_to_the_second(api: Any, mira: User) -> None:
    kelp = factories.account("Kelp")
    done = tagged(mira)
    with clock.travelling(NOON + 30 * DAY):
        answer = api.post(undo_of(done))
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert answer.json()["detail"].startswith("It is more than 30 days ago")
        assert api.get(f"{ACTS}{done.pk}/").json()["can_undo"] is False
    kelp.refresh_from_db()
    assert (kelp.tags, Act.objects.count()) == (["vip"], 1)
    with clock.travelling(NOON + 30 * DAY - timedelta(seconds=1)):
        assert api.post(undo_of(done)).status_code == 201


def test_it_is_undone_once(api: Any, mira: User) -> None:
    factories.account("Kelp")
    done = tagged(mira)
    assert api.post(undo_of(done)).status_code == 201
    answer = api.post(undo_of(done))
    assert (answer.status_code, answer.json()["detail"]) == (409, "Mira has undone this already.")
    assert Act.objects.count() == 2


def test_a_repeated_key_gets_the_first_answer(api: Any, mira: User) -> None:
    factories.account("Kelp")
    done = tagged(mira)
    first, second = (api.post(undo_of(done), headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (second.status_code, second.json(), second["Idempotency-Replayed"]) == (201, first.json(), "true")
    assert Act.objects.count() == 2


def test_only_who_did_it_or_an_admin(calling: Any, ada: User, mira: User, sam: User) -> None:
    kelp = factories.account("Kelp")
    done = tagged(mira)
    assert calling(sam).post(undo_of(done)).status_code == 404
    undone = undo(done, ada, NOON)
    assert undone.reverted == 1
    undoing = Act.objects.get(undoes=done)
    answer = calling(mira).post(undo_of(undoing))  # she sees what undid her act
    assert (answer.status_code, answer.json()["detail"]) == (
        403, "Only the person who did this, or an admin, can undo it.",
    )  # fmt: skip
    kelp.refresh_from_db()
    assert (kelp.tags, Act.objects.count()) == ([], 2)
    assert calling(ada).post(undo_of(undoing)).status_code == 201


def test_a_token_that_may_only_read_undoes_nothing(calling: Any, mira: User) -> None:
    factories.account("Kelp")
    assert calling(mira, "read").post(undo_of(tagged(mira))).status_code == 403
    assert Act.objects.count() == 1


def test_what_stays_done_stays(api: Any, mira: User) -> None:
    factories.account("Kelp")
    with irrevocable.temporarily("x.final", "It has gone out."):
        answer = api.post(undo_of(tagged(mira, kind="x.final")))
    assert (answer.status_code, answer.json()["detail"]) == (409, "It has gone out.")
    assert Account.objects.get().tags == ["vip"]


def test_an_act_at_work_is_not_undone(api: Any, mira: User) -> None:
    factories.account("Kelp")
    done = tagged(mira)
    Run.objects.create(act=done, name="account.tag", total=9, done=4, changed=3, state="running")
    shown = api.get(f"{ACTS}{done.pk}/").json()
    assert (shown["can_undo"], shown["run"]) == (
        False, {"state": "running", "total": 9, "done": 4, "changed": 3, "error": "", "finished_at": None},
    )  # fmt: skip
    answer = api.post(undo_of(done))
    assert (answer.status_code, answer.json()["detail"]) == (
        409, "It is still at work. Stop it, or wait until it is done.",
    )  # fmt: skip


def test_a_large_one_is_undone_by_a_worker(api: Any, mira: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(rules, "AT_ONCE", 1)
    factories.account("Kelp"), factories.account("Ridge")
    body = api.post(undo_of(tagged(mira))).json()
    assert (body["outcome"], body["run"]["state"], body["run"]["total"]) == (None, "waiting", 2)
    assert set(Account.objects.values_list("tags__0", flat=True)) == {"vip"}
    while runs.work(NOON):
        pass
    body = api.get(f"{ACTS}{body['id']}/").json()
    assert (body["outcome"], body["run"]["state"]) == ({"reverted": 2, "kept": [], "unnamed": 0}, "done")
    assert list(Account.objects.values_list("tags", flat=True)) == [[], []]


def test_a_page_of_undos_asks_as_much_as_one(api: Any, mira: User) -> None:
    factories.account("Kelp")
    for n in range(4):
        undo(tagged(mira, f"t{n}"), mira, NOON)
    api.get(ACTS)
    with CaptureQueriesContext(connection) as asked:
        assert len(api.get(ACTS).json()["results"]) == 8
    assert len(asked) <= 4
    assert Act.objects.filter(door=Door.API).count() == 0
