"""Segments: made, changed, filled, archived with respect to who uses them; and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.history.actions import undo
from crm.history.models import Act
from crm.segments import actions, defining, filterbar, members
from crm.segments.defining import SegmentError
from crm.segments.models import SavedView, Segment, SegmentMember
from crm.slots import search_sources
from crm.team.models import User
from retention.workflows.models import Workflow, WorkflowVersion
from tests import factories
from tests.conftest import NOON
from tests.crm.segments.test_segment_filters import LARGE, RETAIL, inside, made

STATIC = {"kind": "static"}


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def form(**more: Any) -> dict[str, Any]:
    """What the browser sends: a segment of large customers."""
    return {
        "name": "Large", "kind": "dynamic", "description": "", "f0.how": "all", "f0-0.field": "mrr",
        "f0-0.op": ">=", "f0-0.value": "500", "do": "save", **more,
    }  # fmt: skip


def in_it(segment: Segment) -> list[str]:
    rows = SegmentMember.objects.filter(segment=segment).order_by("account__name")
    return list(rows.values_list("account__name", flat=True))


# Making and changing ----------------------------------------------------------------------------------------------


def test_a_segment_is_made_with_the_builder(web: Client, mira: User) -> None:
    answer = web.post(
        "/segments/new/?subject=account", form(name="  Large   ones ", description="Call them", shared="1")
    )
    segment = Segment.objects.get()
    assert answer["Location"] == f"/segments/{segment.pk}/"
    assert (segment.name, segment.description, segment.kind, segment.owner, segment.shared, segment.subject) == (
        "Large ones", "Call them", "dynamic", mira, True, "account",
    )  # fmt: skip
    assert segment.tree == {"all": [{"field": "mrr", "op": ">=", "value": "500"}]}


def test_what_is_wrong_is_said_and_nothing_is_made(web: Client, mira: User) -> None:
    made(mira, "LARGE", LARGE)
    for sent, said in (
        (form(), "There is a segment called “Large” already. Give another name."),
        (form(name=" "), "Fill this in."),
        (form(**{"f0-0.value": "much"}), "The filter is not finished: "),
        (
            form(**{"f0-0.field": "segment", "f0-0.op": "is_in", "f0-0.value": ""}),
            "Choose a segment; if there is none yet",
        ),
    ):
        answer = web.post("/segments/new/?subject=account", sent)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert Segment.objects.count() == 1


def test_a_list_is_saved_as_a_segment_with_all_that_narrows_it(web: Client, mira: User) -> None:
    listed = web.get("/accounts/", {"f": '{"all":[{"field":"mrr","op":">=","value":500}]}', "owner": "me",
                                    "lifecycle": "customer", "tag": "vip", "q": "kelp"})  # fmt: skip
    page = web.get(listed.context["as_segment"])
    assert page.context["builder"].tree() == {"all": [
        {"field": "owner", "op": "is", "value": "mira@example.com"},
        {"field": "lifecycle", "op": "is", "value": "customer"},
        {"field": "tags", "op": "has", "value": "vip"},
        {"field": "mrr", "op": ">=", "value": "500"},
    ]}  # fmt: skip
    assert "The search for “kelp” is not part of a segment" in page.content.decode()


def test_ready_made_ones_fill_the_form(web: Client) -> None:
    assert [name for name, _ in web.get("/segments/").context["ideas"]] == [
        "quiet-before-renewal", "best-customers", "heavy-users", "ready-for-more", "cost-more",
    ]  # fmt: skip
    page = web.get("/segments/new/?idea=quiet-before-renewal")
    assert [part["field"] for part in page.context["builder"].tree()["all"]] == [
        "lifecycle",
        "renews_on",
        "days_silent",
    ]
    assert page.context["form"].initial["name"] == "Renewing in 90 days and silent for 14"


def test_an_empty_one_says_why(web: Client) -> None:
    for more, why in ((STATIC, "then choose “Add to segment”"), ({}, "No account meets its conditions")):
        page = web.get(web.post("/segments/new/?subject=account", form(name=why, **more))["Location"]).content.decode()
        assert (why in page, "No accounts yet" in page) == (True, False)


def test_a_change_can_be_undone(web: Client, mira: User) -> None:
    segment = made(mira, "Large", LARGE)
    web.post(f"/segments/{segment.pk}/edit/", form(name="Larger", **{"f0-0.value": "900"}))
    segment.refresh_from_db()
    assert (segment.name, segment.tree["all"][0]["value"]) == ("Larger", "900")
    undo(Act.objects.get(kind="segment.changed"), mira, NOON)
    segment.refresh_from_db()
    assert (segment.name, segment.tree) == ("Large", LARGE)


def test_only_owners_and_of_shared_ones_admins_change(
    client: Client, web: Client, mira: User, ada: User, sam: User
) -> None:
    private, shared = made(mira, "Private", LARGE), made(mira, "Shared", LARGE, shared=True)
    for user, statuses in ((sam, (404, 403)), (ada, (404, 200)), (mira, (200, 200))):
        client.force_login(user)
        for segment, status in zip((private, shared), statuses, strict=True):
            assert client.get(f"/segments/{segment.pk}/edit/").status_code == status
            assert client.get(f"/segments/{segment.pk}/").status_code == (404 if status == 404 else 200)
    client.force_login(sam)
    assert client.post(f"/segments/{shared.pk}/archiving/").status_code == 403
    assert client.post(f"/segments/{private.pk}/archiving/").status_code == 404
    assert Segment.objects.in_use().count() == 2
    assert b"Private" not in client.get("/segments/").content
    assert [found.title for found in search_sources["segments"].find(sam, "a", 5)] == ["Shared"]


def test_the_form_counts_what_the_viewer_may_see(web: Client, client: Client, mira: User, olaf: User) -> None:
    factories.account("Alder", mrr=600, owner=mira)
    factories.account("Birch", mrr=600)
    for user, said in ((mira, "2 accounts"), (olaf, "1 account")):
        client.force_login(user)
        answer = client.post("/segments/count/account/", form())
        assert f"<b>{said}</b>" in answer.content.decode()
        assert "MRR is at least €\u202f500" in answer.content.decode()
    answer = client.post("/segments/count/account/", form(**{"f0-0.field": ""}))
    assert "Choose what to filter by" in answer.content.decode()


# Who uses it ------------------------------------------------------------------------------------------------------


def test_what_is_used_is_not_archived_and_its_users_are_named(web: Client, mira: User, ada: User) -> None:
    segment = made(mira, "Large", LARGE, shared=True)
    outer = made(mira, "Outer", {"not": {"any": [RETAIL, inside(segment)]}}, shared=True)
    made(ada, "Ada’s secret", inside(segment))
    told: dict[str, Any] = {"parameters": {}, "columns": [], "sort": ""}
    actions.keep(ada, "account", "Ada’s view", False, {"tree": {"all": [inside(segment)]}, **told}, NOON)
    people = {"tree": inside(segment, field="account.segment"), **told}
    actions.keep(mira, "contact", "People at large ones", False, people, NOON)
    flow = Workflow.objects.create(slug="thanks", name="Thanks")
    flow.version = WorkflowVersion.objects.create(
        workflow=flow, number=1, definition={"trigger": {"when": "fact", "where": {"all": [inside(segment)]}}}
    )
    flow.save()

    with pytest.raises(SegmentError) as refusal:
        defining.archive(segment, mira, NOON)

    assert str(refusal.value) == (
        "“Large” is used by a private segment of Ada, the segment “Outer”, a private view of Ada, the view “People at "
        "large ones” and 1 more. Take it out there, and archive it then."
    )
    assert Segment.objects.in_use().filter(pk=segment.pk).exists()
    page = web.get(f"/segments/{segment.pk}/?part=facts").content.decode()
    assert "Ada’s secret" not in page
    assert "the workflow “Thanks”" in page
    SavedView.objects.update(deleted_at=NOON)
    flow.version = None
    flow.save()
    Segment.objects.filter(name="Ada’s secret").delete()
    defining.archive(outer, mira, NOON)
    defining.archive(segment, mira, NOON)  # what is archived or deleted itself uses nothing


def test_archiving_is_undone_and_restored_under_a_free_name(web: Client, mira: User) -> None:
    segment = made(mira, "Large", LARGE)
    web.post(f"/segments/{segment.pk}/archiving/")
    assert "This segment is archived" in web.get(f"/segments/{segment.pk}/").content.decode()
    assert [row[0].name for row in web.get("/segments/?archived").context["rows"]] == ["Large"]
    undo(Act.objects.get(kind="segment.archived"), mira, NOON)
    segment.refresh_from_db()
    assert segment.archived_at is None
    web.post(f"/segments/{segment.pk}/archiving/")
    made(mira, "large", LARGE)
    web.post(f"/segments/{segment.pk}/restoration/")
    segment.refresh_from_db()
    assert (segment.name, segment.archived_at) == (f"Large (restored {segment.pk})", None)


def test_a_view_that_is_shared_asks_for_shared_segments_only(web: Client, mira: User) -> None:
    segment = made(mira, "Mine", LARGE)
    back = f"f={filterbar.written(inside(segment))}"
    web.post("/lists/account/views/", {"name": "Everybody’s", "back": back, "shared": "1"})
    assert not SavedView.objects.exists()
    web.post("/lists/account/views/", {"name": "My own", "back": back})
    view = SavedView.objects.get()
    web.post(f"/lists/views/{view.pk}/name/", {"name": "Everybody’s", "shared": "1"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("My own", False)


# Members ----------------------------------------------------------------------------------------------------------


def test_rows_of_a_list_are_put_in_and_the_act_is_undone_and_redone(web: Client, mira: User) -> None:
    segment = made(mira, "Chosen")
    ids = [factories.account(name).pk for name in ("Alder", "Birch", "Cedar")]
    SegmentMember.objects.create(segment=segment, account_id=ids[0])
    web.post("/bulk/account/join_segment/", {"ids": ids, "confirmed": "1", "segment": segment.pk})

    assert in_it(segment) == ["Alder", "Birch", "Cedar"]
    act = Act.objects.get(kind="bulk.join_segment")
    assert (act.label, act.detail["changed"]) == ("added 3 customers to “Chosen”", 2)
    undone = undo(act, mira, NOON)
    assert undone.reverted == 2
    assert in_it(segment) == ["Alder"]
    undo(Act.objects.get(undoes=act), mira, NOON)
    assert in_it(segment) == ["Alder", "Birch", "Cedar"]


def test_rows_are_taken_out_and_come_back(web: Client, mira: User) -> None:
    segment = made(mira, "Chosen")
    ids = [factories.account(name).pk for name in ("Alder", "Birch")]
    members.add(segment, ids, mira, NOON)
    web.post("/bulk/account/leave_segment/", {"ids": ids[:1], "confirmed": "1", "segment": segment.pk})
    assert in_it(segment) == ["Birch"]
    undo(Act.objects.get(kind="bulk.leave_segment"), mira, NOON)
    assert in_it(segment) == ["Alder", "Birch"]


def test_a_new_static_segment_is_made_on_the_way(web: Client, mira: User) -> None:
    ids = [factories.account(name).pk for name in ("Alder", "Birch")]
    for chosen in ids:
        web.post("/bulk/account/join_segment/", {"ids": chosen, "confirmed": "1", "name": "Fair in June"})
    segment = Segment.objects.get()
    assert (segment.name, segment.kind, segment.owner, segment.shared) == ("Fair in June", "static", mira, False)
    assert in_it(segment) == ["Alder", "Birch"]


def test_all_that_a_segments_page_shows_are_its_members_alone(web: Client, mira: User) -> None:
    """“All that match” on the page of one segment must not be all there are."""
    large, chosen = made(mira, "Large", LARGE), made(mira, "Chosen")
    factories.account("Alder", mrr=600)
    factories.account("Birch", mrr=1)
    page = web.get(f"/segments/{large.pk}/")
    asked = page.wsgi_request.GET.urlencode()
    web.post("/bulk/account/join_segment/", {"all": "1", "asked": asked, "confirmed": "1", "segment": chosen.pk})
    assert in_it(chosen) == ["Alder"]


def test_who_may_fill_what(client: Client, mira: User, ada: User, olaf: User) -> None:
    account = factories.account("Alder", owner=mira)
    private, shared, dynamic = made(mira, "P"), made(mira, "S", shared=True), made(ada, "D", LARGE, shared=True)
    for by, segment in ((ada, private), (olaf, private), (mira, dynamic)):
        with pytest.raises(SegmentError):
            members.add(segment, [account.pk], by, NOON)
    assert not SegmentMember.objects.exists()
    client.force_login(olaf)  # who does not see Mira's customers
    client.post("/bulk/account/join_segment/", {"ids": account.pk, "confirmed": "1", "segment": shared.pk})
    assert not SegmentMember.objects.exists()
    assert members.add(shared, [account.pk], ada, NOON) == 1
    assert members.add(shared, [account.pk, 10**9], mira, NOON) == 0  # is in it, and is nobody


def test_members_are_shown_as_far_as_the_viewer_sees(client: Client, mira: User, olaf: User) -> None:
    shared = made(mira, "Shared", LARGE, shared=True)
    factories.account("Alder", mrr=600, owner=mira)
    factories.account("Birch", mrr=600)
    client.force_login(olaf)
    page = client.get(f"/segments/{shared.pk}/").content.decode()
    assert "Birch" in page
    assert "Alder" not in page
    assert "they are not shown to you" in page
