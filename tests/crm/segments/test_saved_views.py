"""Saved views: kept, changed, shared, opened first, deleted and brought back; and whose they are."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from crm.segments import actions, filterbar
from crm.segments.models import ListChoice, SavedView, Segment
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.conftest import NOON

LARGE = [{"field": "mrr", "op": ">=", "value": 500}]


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    factories.account("Alder", mrr=100, lifecycle="customer", owner=mira)
    factories.account("Birch", mrr=600, lifecycle="customer", owner=mira)
    factories.account("Cedar", mrr=900, lifecycle="trial")
    return client


def names(page: Any) -> list[str]:
    return re.findall(r'<a class="cover clip" href="[^"]*"><b>([^<]*)</b>', page.content.decode())


def view(owner: User, name: str = "Large", **more: Any) -> SavedView:
    told = {"tree": {"all": LARGE}, "parameters": {}, "columns": [], "sort": "-mrr"} | more
    shared = told.pop("shared", False)
    return actions.keep(owner, "account", name, shared, told, NOON)


def tabs(page: Any) -> list[tuple[str, bool]]:
    return [(tab["label"], tab["here"]) for tab in page.context["tabs"]]


def test_what_is_shown_is_kept_and_opens_again(web: Client, mira: User) -> None:
    state = QueryDict(mutable=True)
    state.update(
        {"f": filterbar.write(LARGE), "lifecycle": "customer", "sort": "-mrr", "cols": "mrr,industry,nonsense"}
    )
    page = web.get("/accounts/", state.dict())
    assert page.context["state"].changed

    answer = web.post("/lists/account/views/", {"name": "  Large   ones ", "back": state.urlencode()})

    kept = SavedView.objects.get()
    assert answer["Location"] == f"/accounts/?view={kept.pk}"
    assert (kept.owner, kept.name, kept.shared, kept.position) == (mira, "Large ones", False, 1)
    assert (kept.tree, kept.parameters) == ({"all": LARGE}, {"lifecycle": "customer"})
    assert (kept.columns, kept.sort) == (["mrr", "industry"], "-mrr")
    page = web.get(answer["Location"])
    assert names(page) == ["Birch"]
    assert [head["label"] for head in page.context["heads"]] == ["Account", "MRR", "Industry"]
    assert tabs(page) == [("All accounts", False), ("Large ones", True)]
    assert not page.context["state"].changed


def test_a_view_that_is_changed_says_so_and_is_saved_or_left(web: Client, mira: User) -> None:
    kept = view(mira)
    page = web.get(f"/accounts/?view={kept.pk}")
    assert names(page) == ["Cedar", "Birch"]
    sorted_otherwise = QueryDict(page.context["heads"][0]["url"][1:])
    assert (sorted_otherwise["view"], sorted_otherwise["sort"]) == (str(kept.pk), "name")

    page = web.get("/accounts/", sorted_otherwise.dict())

    assert names(page) == ["Birch", "Cedar"]
    assert page.context["state"].changed
    assert "Save as…" in page.content.decode()
    web.post(f"/lists/views/{kept.pk}/state/", {"back": page.context["back"]})
    kept.refresh_from_db()
    assert (kept.sort, kept.tree) == ("", {"all": LARGE})
    assert names(web.get(f"/accounts/?view={kept.pk}")) == ["Birch", "Cedar"]


def test_taking_the_last_condition_away_shows_everything(web: Client, mira: User) -> None:
    kept = view(mira)
    (chip,) = web.get(f"/accounts/?view={kept.pk}").context["chips"]

    page = web.get(f"/accounts/{chip['without']}")

    assert len(names(page)) == 3
    assert page.context["state"].changed


def test_views_are_private_unless_shared(web: Client, sam: User, client: Client) -> None:
    private, shared = view(sam, "Sams"), view(sam, "Everybodys", shared=True)

    assert tabs(web.get("/accounts/")) == [("All accounts", True), ("Everybodys", False)]
    assert web.get(f"/accounts/?view={private.pk}").status_code == 404
    assert names(web.get(f"/accounts/?view={shared.pk}")) == ["Cedar", "Birch"]
    for verb in ("state", "name", "default", "position", "deletion", "restoration"):
        assert web.post(f"/lists/views/{private.pk}/{verb}/", {"name": "Mine"}).status_code == 404, verb
    for verb in ("state", "name", "position", "deletion"):
        assert web.post(f"/lists/views/{shared.pk}/{verb}/", {"name": "Mine"}).status_code == 403, verb
    assert sorted(SavedView.objects.filter(deleted_at=None).values_list("name", flat=True)) == ["Everybodys", "Sams"]


def test_an_admin_changes_what_is_shared_and_nothing_private(client: Client, ada: User, sam: User) -> None:
    client.force_login(ada)
    private, shared = view(sam, "Sams"), view(sam, "Everybodys", shared=True)
    client.post(f"/lists/views/{shared.pk}/name/", {"name": "Ours", "shared": "1"})
    client.post(f"/lists/views/{private.pk}/name/", {"name": "Hers"})
    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["Ours", "Sams"]


def test_an_admin_who_takes_a_view_from_all_but_its_owner_lands_on_the_list(
    client: Client, ada: User, sam: User
) -> None:
    client.force_login(ada)
    shared = view(sam, "Everybodys", shared=True)
    page = client.post(f"/lists/views/{shared.pk}/name/", {"name": "Everybodys"}, follow=True)
    assert page.status_code == 200
    assert "alone now" in page.content.decode()
    shared.refresh_from_db()
    assert not shared.shared


def test_one_name_once_whatever_its_case(web: Client, mira: User, sam: User) -> None:
    view(sam, "Large", shared=True)
    kept, other = view(mira, "Large"), view(mira, "Small")

    page = web.post(f"/lists/views/{other.pk}/name/", {"name": "large"}, follow=True)

    other.refresh_from_db()
    assert other.name == "Small"
    assert "There is a view called “large” already" in page.content.decode()
    web.post("/lists/account/views/", {"name": "LARGE", "back": ""})
    web.post("/lists/account/views/", {"name": "   ", "back": ""})
    assert SavedView.objects.count() == 3
    assert kept.position == 1


def test_deleting_can_be_undone(web: Client, mira: User) -> None:
    kept = view(mira)
    actions.open_first(mira, "account", kept)

    page = web.post(f"/lists/views/{kept.pk}/deletion/", follow=True)

    assert f'action="/lists/views/{kept.pk}/restoration/"' in page.content.decode()
    assert web.get(f"/accounts/?view={kept.pk}").status_code == 404
    assert len(names(web.get("/accounts/"))) == 3
    view(mira, "Large")  # the name is free
    web.post(f"/lists/views/{kept.pk}/restoration/")
    kept.refresh_from_db()
    assert (kept.deleted_at, kept.name) == (None, f"Large (restored {kept.pk})")
    assert names(web.get("/accounts/")) == ["Cedar", "Birch"]  # still opened first


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ({"archived_at": NOON}, "“Late” is archived"), ({"shared": False}, "“Late” is not shared"),
        (None, "names no segment that is there"),
    ],
)  # fmt: skip
def test_a_view_does_not_come_back_without_the_segment_that_it_names(
    web: Client, mira: User, since: dict[str, Any] | None, why: str
) -> None:
    late = Segment.objects.create(name="Late", subject="account", owner=mira, shared=True)
    kept = view(mira, tree={"field": "segment", "op": "is_in", "value": late.pk}, shared=True)
    actions.delete(kept, NOON)
    named = Segment.objects.filter(pk=late.pk)
    named.update(**since) if since else named.delete()
    page = web.post(f"/lists/views/{kept.pk}/restoration/", follow=True)
    assert f"The view cannot come back. {'' if 'shared' in why else 'value: '}{why}" in unescape(page.content.decode())
    kept.refresh_from_db()
    assert kept.deleted_at == NOON


def test_a_view_opens_first_and_the_whole_list_stays_near(web: Client, mira: User) -> None:
    kept = view(mira)
    web.post(f"/lists/views/{kept.pk}/default/", {"lift": ""})
    page = web.get("/accounts/")
    assert names(page) == ["Cedar", "Birch"]
    assert page.context["tabs"][0]["url"] == "?view=all"
    assert len(names(web.get("/accounts/?view=all"))) == 3
    assert names(web.get("/accounts/?q=ald")) == ["Alder"]  # who asks for something gets it, among all
    assert names(web.get("/accounts/?cursor=")) == ["Cedar", "Birch"]
    web.post(f"/lists/views/{kept.pk}/default/", {"lift": "1"})
    assert len(names(web.get("/accounts/"))) == 3


def test_tabs_move(web: Client, mira: User) -> None:
    for name in ("A", "B", "C"):
        view(mira, name)
    last = SavedView.objects.get(name="C")
    web.post(f"/lists/views/{last.pk}/position/", {"to": "earlier"})
    assert [label for label, _ in tabs(web.get("/accounts/"))] == ["All accounts", "A", "C", "B"]
    for _ in range(3):
        web.post(f"/lists/views/{last.pk}/position/", {"to": "later"})
    assert [label for label, _ in tabs(web.get("/accounts/"))] == ["All accounts", "A", "B", "C"]


@pytest.mark.parametrize(
    "back",
    ["f={", 'f={"field":"nope","op":"is","value":1}', "f=" + "[" * 3000, 'f={"field":"mrr","op":">=","value":"x"}'],
)
def test_what_cannot_be_asked_is_not_kept(web: Client, mira: User, back: str) -> None:
    kept = view(mira)
    web.post("/lists/account/views/", {"name": "Odd", "back": back})
    web.post(f"/lists/views/{kept.pk}/state/", {"back": back})
    kept.refresh_from_db()
    assert (SavedView.objects.count(), kept.tree) == (1, {"all": LARGE})
    assert web.post("/lists/account/views/", {"name": "Odd", "back": "sort=nope"}).status_code == 404
    assert web.post("/lists/nothing/views/", {"name": "Odd", "back": ""}).status_code == 404


def test_sharing_needs_the_right_to(web: Client, mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.team.permissions.allows", lambda user, permission: permission != "share_views")
    answer = web.post("/lists/account/views/", {"name": "Ours", "shared": "1", "back": ""})
    assert answer.status_code == 403
    assert not SavedView.objects.exists()


def test_columns_are_this_persons_or_the_views(web: Client, mira: User, sam: User) -> None:
    heads = lambda page: [head["label"] for head in page.context["heads"]]  # noqa: E731
    usual = ["Account", "Owner", "Lifecycle", "MRR", "Renews", "Last seen"]
    assert heads(web.get("/accounts/")) == usual

    answer = web.post("/lists/account/columns/?sort=-mrr", {"cols": ["mrr", "days_silent", "mrr", "nonsense", "tags"]})

    assert answer["Location"] == "/accounts/?sort=-mrr"
    assert ListChoice.objects.get().columns == ["mrr", "days_silent", "tags"]
    assert heads(web.get("/accounts/")) == ["Account", "MRR", "Silence", "Tags"]
    kept = view(mira)
    answer = web.post(f"/lists/account/columns/?view={kept.pk}", {"cols": ["industry"]})
    page = web.get(answer["Location"])
    assert heads(page) == ["Account", "Industry"]
    assert page.context["state"].changed
    assert heads(web.get("/accounts/")) == ["Account", "MRR", "Silence", "Tags"]
    web.post("/lists/account/columns/", {"cols": ["mrr"], "do": "usual"})
    assert heads(web.get("/accounts/")) == usual
    other = Client()
    other.force_login(sam)
    assert heads(other.get("/accounts/")) == usual


def test_columns_move_before_they_are_shown(web: Client) -> None:
    page = web.post("/lists/account/columns/", {"cols": ["mrr", "owner", "tags"], "do": "up:tags"})
    assert [name for name, _ in page.context["chosen"]] == ["mrr", "tags", "owner"]
    assert not ListChoice.objects.exists()


def test_a_column_of_every_kind_reads_well(web: Client) -> None:
    factories.account(
        "Zeder",
        tags=["vip", "<b>"],
        kind="person",
        lifetime_spend=1200,
        last_seen_at=clock.now(),
        signed_up_on="2026-01-05",
    )
    cols = "kind,tags,lifetime_spend,days_silent,has_owner,signed_up_on,last_seen_at,contacts,primary_use_case"
    page = web.get("/accounts/", {"q": "zeder", "cols": cols}).content.decode()
    row = re.search(r'<tr class="go".*?</tr>', page, re.S)
    assert row
    cells = [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row[0], re.S)][2:]
    assert cells == [
        "Person", "vip &lt;b&gt;", "€\u202f1,200", "0 days", "no", "5 Jan 2026", "just now", "0", "–",
    ]  # fmt: skip
