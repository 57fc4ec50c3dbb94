"""Admins shape pipelines in the browser: two of them at once, with deals in the stages, and back again."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from crm.fields.models import CustomField
from crm.fields.uses import uses_of
from crm.history.models import Act
from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from crm.segments import filterbar
from crm.team.models import User
from crm.tickets.models import Ticket
from crm.web.wording import money
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

type Making = Callable[..., Deal]


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("Ben", "admin")


def names(pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in pipeline.stages.in_use()]


def seen_in(answer: Any) -> str:
    """The version that the form carries."""
    found = re.search(r'name="seen"[^>]*value="(\w*)"', answer.content.decode())
    assert found
    return found[1]


def undo_latest(client: Client, **which: str) -> Any:
    """As the button of the toast does."""
    deed = Act.objects.filter(**which).latest("pk")
    return client.post(f"/history/acts/{deed.pk}/undo/", {"next": "/pipelines/all/"})


def test_from_a_template_by_a_name_of_ones_own_taken_back_and_made_again(admin: Client, db: None) -> None:
    assert "Make the first one" in admin.get("/pipelines/").content.decode()
    page = admin.get("/pipelines/new/").content.decode()
    assert "For those who cancelled a trial" in page
    assert "Reason solved" in page
    told = {"name": "Come back", "purpose": "win_back", "books": "on"}
    made = admin.post("/pipelines/new/win-back/", told)
    pipeline = Pipeline.objects.get()
    assert (made.status_code, made.url) == (302, f"/pipelines/{pipeline.pk}/shape/")
    assert (pipeline.name, names(pipeline)[:2]) == ("Come back", ["Left", "Contacted"])
    again = admin.post("/pipelines/new/empty/", told)
    assert (again.status_code, Pipeline.objects.count()) == (422, 1)
    assert "There is a pipeline “Come back” already" in again.context["form"]["name"].errors[0]
    assert again.context["form"].non_field_errors() == []
    undo_latest(admin)
    assert not Pipeline.objects.exists()
    undo_latest(admin)
    assert names(Pipeline.objects.get(pk=pipeline.pk))[:2] == ["Left", "Contacted"]
    assert Act.objects.get(kind="pipeline.added").label == "added the pipeline Come back from the template Win-back"


def test_a_copy_has_what_its_stages_ask_and_no_deals(admin: Client, sales: SimpleNamespace, deal: Making) -> None:
    Stage.objects.filter(pk=sales.demo.pk).update(checklist=[{"id": "a", "label": "Shown"}], required=["amount"])
    deal()
    told = {"name": "Sales again", "purpose": "sales"}
    assert admin.post(f"/pipelines/new/{sales.pipeline.pk}/", told).status_code == 302
    made = Pipeline.objects.get(name="Sales again")
    assert (names(made), made.books) == (["Talk", "Demo", "Offer", "Won", "Lost"], False)
    demo = made.stages.get(name="Demo")
    assert ([line["label"] for line in demo.checklist], demo.required) == (["Shown"], ["amount"])
    assert demo.checklist[0]["id"] != "a"
    assert not made.deals.exists()


def test_the_name_that_is_proposed_is_free(admin: Client, sales: SimpleNamespace) -> None:
    proposed = [admin.get(f"/pipelines/new/{origin}/").context["form"]["name"].value()
                for origin in ("sales", sales.pipeline.pk, "upsell")]  # fmt: skip
    assert proposed == ["Sales 2", "Sales 2", "Upsell"]
    assert admin.get("/pipelines/new/empty/").context["form"]["name"].value() is None


def test_a_name_that_a_stage_has_is_refused_beside_it(admin: Client, sales: SimpleNamespace) -> None:
    told = {"name": "demo", "colour": "teal", "probability": "40"}
    for url in (
        f"/pipelines/{sales.pipeline.pk}/stages/new/",
        f"/pipelines/{sales.pipeline.pk}/stages/{sales.talk.pk}/",
    ):
        answer = admin.post(url, told)
        assert answer.status_code == 422
        assert answer.context["form"].errors == {"name": ["There is a stage “demo” already. Give it another name."]}
    assert names(sales.pipeline) == ["Talk", "Demo", "Offer", "Won", "Lost"]


def test_what_a_stage_asks_and_what_became_of_it_meanwhile(admin: Client, sales: SimpleNamespace, ben: User) -> None:
    CustomField.objects.create(subject="deal", key="seats", name="Seats", type="number")
    Stage.objects.filter(pk=sales.demo.pk).update(checklist=[{"id": "a", "label": "Shown"}])
    url = f"/pipelines/{sales.pipeline.pk}/stages/{sales.demo.pk}/"
    told = {
        "name": "Show", "colour": "teal", "probability": "40", "expected_days": "7", "check_a": "Shown to them",
        "more_checks": "Liked\n\n Priced ", "required": ["amount", "custom.seats"], "seen": seen_in(admin.get(url)),
    }  # fmt: skip
    other = Client()
    other.force_login(ben)
    assert other.post(url, told | {"name": "Demo day", "more_checks": "Theirs"}).status_code == 302
    stale = admin.post(url, told)
    assert stale.status_code == 422
    assert "Ben has changed Demo day meanwhile" in stale.content.decode()
    assert Stage.objects.get(pk=sales.demo.pk).name == "Demo day"

    form = stale.content.decode()
    kept = re.search(r'name="(check_\w+)" value="Theirs"', form)
    assert kept  # what a colleague has added stays unless one takes it away
    assert admin.post(url, told | {"seen": seen_in(stale), kept[1]: "Theirs"}).status_code == 302
    demo = Stage.objects.get(pk=sales.demo.pk)
    assert (demo.name, demo.colour, demo.probability, demo.expected_days) == ("Show", "teal", 40, 7)
    assert demo.required == ["amount", "custom.seats"]
    assert [line["label"] for line in demo.checklist] == ["Shown to them", "Theirs", "Liked", "Priced"]
    assert demo.checklist[0]["id"] == "a"
    labels = [*Act.objects.filter(kind="stage.changed").order_by("pk").values_list("label", flat=True)]
    assert labels == [
        "changed name, colour, probability, expected days, checklist and required fields of the stage Demo of Sales",
        "changed name and checklist of the stage Demo day of Sales",
    ]
    assert [use.name for use in uses_of("deal", "seats")] == ["Show of Sales"]
    page = admin.get(f"/pipelines/{sales.pipeline.pk}/shape/").content.decode()
    assert "7 days · 4 checks before it is left · asks for Amount, Seats" in page


def test_an_order_that_somebody_else_has_changed_is_refused(admin: Client, sales: SimpleNamespace) -> None:
    url = f"/pipelines/{sales.pipeline.pk}/stages/order/"
    talk, demo, offer = (stage.pk for stage in (sales.talk, sales.demo, sales.offer))
    swift = {"HX-Request": "true"}
    answer = admin.post(url, {"item": [offer, talk, demo], "seen": [talk, demo, offer]}, headers=swift)
    assert (answer.status_code, names(sales.pipeline)[:3]) == (200, ["Offer", "Talk", "Demo"])
    assert "in their new order" in answer.content.decode()
    late = admin.post(url, {"item": [demo, talk, offer], "seen": [talk, demo, offer]}, headers=swift)
    assert (late.status_code, names(sales.pipeline)[:3]) == (409, ["Offer", "Talk", "Demo"])
    assert "another order meanwhile" in admin.get(f"/pipelines/{sales.pipeline.pk}/shape/").content.decode()
    admin.post(url, {"stage": demo, "way": "up"})
    assert names(sales.pipeline) == ["Offer", "Demo", "Talk", "Won", "Lost"]
    admin.post(url, {"stage": talk, "way": "down"})
    assert names(sales.pipeline) == ["Offer", "Demo", "Talk", "Won", "Lost"]  # the ends stay behind them


def test_archiving_a_stage_shows_the_effect_and_moves_its_deals(
    admin: Client, sales: SimpleNamespace, deal: Making, mira: User
) -> None:
    CustomField.objects.create(subject="deal", key="seats", name="Seats", type="number")
    asked = ["plan", "tags", "contacts", "custom.seats"]
    Stage.objects.filter(pk=sales.offer.pk).update(required=asked)
    whole = deal("Whole", stage=sales.demo, plan="Pro", tags=("a",), custom={"seats": 0})
    whole.people.create(contact=factories.contact(whole.account))
    deal("Bare", stage=sales.demo)
    url = f"/pipelines/{sales.pipeline.pk}/stages/{sales.demo.pk}/archival/"
    page = admin.get(url).content.decode()
    assert f"<b>2 open deals</b>, worth {money(Decimal(2400), 'EUR')}," in page
    assert "1 lacks Plan or Tags or Person or Seats" in page
    assert admin.post(url).status_code == 422
    assert admin.post(url, {"to": sales.won.pk}).status_code == 422
    assert names(sales.pipeline) == ["Talk", "Demo", "Offer", "Won", "Lost"]
    was = news_of(admin, sales)

    assert admin.post(url, {"to": sales.offer.pk}).status_code == 302
    assert board(sales.offer) == ["Bare", "Whole"]
    archived = Act.objects.get(kind="stage.archived")
    assert archived.label == "archived the stage Demo of Sales and moved 2 open deals to Offer"
    assert news_of(admin, sales, was) == 205  # boards that are open draw themselves anew

    late = admin.post(
        f"/deals/{whole.pk}/place/?board={sales.pipeline.pk}", {"stage": sales.demo.pk},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert (late.status_code, board(sales.offer)) == (409, ["Bare", "Whole"])
    assert "is no longer in use. Reload the page and choose another one." in late.content.decode()

    undo_latest(admin)
    assert (board(sales.demo), board(sales.offer)) == (["Bare", "Whole"], [])
    deal("Came since", stage=sales.demo)
    undo_latest(admin, kind="undo")  # do it again: what is in it by now goes too
    assert (board(sales.demo), board(sales.offer)) == ([], ["Came since", "Bare", "Whole"])
    assert_whole()
    undo_latest(admin)
    assert board(sales.demo) == ["Came since", "Bare", "Whole"]
    assert_whole()


def news_of(client: Client, sales: SimpleNamespace, shape: str = "") -> Any:
    """The shape that a board is drawn in; with one, what its next look answers."""
    here = f"/pipelines/{sales.pipeline.pk}/"
    if shape:
        return client.get(f"{here}news/", {"after": "2026-06-01T13:00:00Z", "shape": shape}).status_code
    found = re.search(r"shape=(\w+)", client.get(here).content.decode())
    assert found
    assert news_of(client, sales, found[1]) == 204
    return found[1]


def test_a_pipeline_goes_to_the_archive_and_comes_back(
    admin: Client, sales: SimpleNamespace, welcome: SimpleNamespace, deal: Making
) -> None:
    deal()
    url = f"/pipelines/{sales.pipeline.pk}/archival/"
    assert "Begin" in admin.get(url).content.decode()
    assert admin.post(url, {"to": sales.demo.pk}).status_code == 422
    assert admin.post(url, {"to": welcome.begin.pk}).status_code == 302
    assert board(welcome.begin) == ["Kelp: Pro"]
    shaping = f"/pipelines/{sales.pipeline.pk}/shape/"
    assert admin.get(shaping).url == "/pipelines/all/"
    assert "Sales" in admin.get("/pipelines/all/").content.decode()
    assert admin.post(f"/pipelines/{sales.pipeline.pk}/restoration/").url == shaping
    assert board(welcome.begin) == ["Kelp: Pro"]
    deal("New", stage=sales.talk)
    undo_latest(admin, kind="pipeline.restored")  # with a deal in it by now
    assert "Archive it, and say where they go" in admin.get("/pipelines/all/").content.decode()
    assert Pipeline.objects.get(pk=sales.pipeline.pk).archived_at is None


def test_its_name_is_refused_where_somebody_was_quicker(admin: Client, sales: SimpleNamespace, ben: User) -> None:
    url = f"/pipelines/{sales.pipeline.pk}/shape/"
    told = {"name": "New business", "purpose": "sales", "books": "on", "seen": seen_in(admin.get(url))}
    other = Client()
    other.force_login(ben)
    assert other.post(url, told | {"name": "Growth"}).status_code == 302
    stale = admin.post(url, told)
    assert (stale.status_code, Pipeline.objects.get().name) == (422, "Growth")
    assert "Ben has changed Growth meanwhile" in stale.content.decode()
    assert admin.post(url, told | {"seen": seen_in(stale)}).status_code == 302
    assert Pipeline.objects.get().name == "New business"
    assert Act.objects.latest("pk").label == "renamed the pipeline Growth to New business"


def test_reasons_stand_on_the_page(admin: Client, sales: SimpleNamespace) -> None:
    here = f"/pipelines/{sales.pipeline.pk}/shape/"
    for name in ("Price", "Timing", "price"):
        assert admin.post("/pipelines/reasons/", {"name": name, "next": here}).url == here
    price, timing = LossReason.objects.order_by("pk")
    assert "There is a reason “Price” already." in admin.get(here).content.decode()
    admin.post("/pipelines/reasons/order/", {"reason": timing.pk, "way": "up"})
    taken = admin.post(f"/pipelines/reasons/{timing.pk}/", {"name": "PRICE", "next": here})
    assert (taken.status_code, [one.name for one in LossReason.objects.all()]) == (422, ["Timing", "Price"])
    admin.post(f"/pipelines/reasons/{price.pk}/archival/", {"next": here})
    admin.post(f"/pipelines/reasons/{timing.pk}/archival/", {"next": here})
    assert "this is the last one" in admin.get(here).content.decode()
    assert [one.name for one in LossReason.objects.filter(archived_at=None)] == ["Timing"]


def test_who_may_not_shape_is_not_offered_it(client: Client, mira: User, ada: User, sales: SimpleNamespace) -> None:
    here = f"/pipelines/{sales.pipeline.pk}/"
    for user, offered in ((ada, True), (mira, False)):
        client.force_login(user)
        assert (f'href="{here}shape/"' in client.get(here).content.decode()) == offered
    Pipeline.objects.all().update(archived_at=NOON)
    assert "An admin makes the first one" in client.get("/pipelines/").content.decode()


@pytest.mark.parametrize("subject", ["deal", "ticket"])
def test_fields_of_ones_own_stand_on_the_page_in_the_list_and_in_filters(
    admin: Client, deal: Making, subject: str
) -> None:
    CustomField.objects.create(subject=subject, key="region", name="Region", type="text")
    north, south = deal("North", custom={"region": "up"}), deal("South", custom={"region": "down"})
    here, there = "/deals/", "/pipelines/deals/"
    if subject == "ticket":
        here = there = "/tickets/"
        given = {"channel": "email", "reply_channel": "email", "created_at": NOON, "updated_at": NOON}
        north, south = (
            Ticket.objects.create(subject=name, account=row.account, token=name, custom=row.custom, **given)
            for name, row in (("North", north), ("South", south))
        )
    assert "Region" in admin.get(f"{here}{north.pk}/").content.decode()
    f = filterbar.write([{"field": "custom.region", "op": "is", "value": "up"}])
    listed = admin.get(there, {"cols": "custom.region", "view": "all", "f": f}).content.decode()
    assert ("North" in listed, "South" in listed) == (True, False)
    assert re.search(r"<td[^>]*>\s*up\s*</td>", listed)
