"""An admin makes fields, changes them, takes options away and puts fields into the archive: no value is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.fields import actions, known
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.history import rules, runs
from crm.history.actions import undo
from crm.history.models import Act
from crm.segments.models import SavedView, Segment
from crm.team.models import User
from retention.workflows.models import Workflow, WorkflowVersion
from tests import factories
from tests.conftest import NOON
from tests.crm.fields.conftest import HTMX, TIERS

pytestmark = pytest.mark.django_db

Field = Callable[..., Definition]


def made(admin: Client, **form: Any) -> Any:
    return admin.post("/settings/fields/new/?of=account", {"name": "Tier", "type": "choice"} | form)


def test_a_choice_is_made_with_a_key_of_its_name_and_codes_of_its_options(admin: Client, ada: User) -> None:
    answer = made(admin, more_options="Gold\n  Silver  plus \n\nGöld", group="Contract", default="gold")

    assert answer["Location"] == "/settings/fields/?of=account"
    row = CustomField.objects.get()
    assert (row.key, row.type, row.group, row.default, row.order) == ("tier", "choice", "Contract", "gold", 1)
    assert row.options == [
        {"code": "gold", "label": "Gold"}, {"code": "silver_plus", "label": "Silver plus"},
        {"code": "gold_2", "label": "Göld"},
    ]  # fmt: skip
    deed = Act.objects.get()
    assert (deed.kind, deed.label, deed.by) == ("field.made", "made the field “Tier”", ada)
    page = admin.get("/settings/fields/?of=account").content.decode()
    assert "Gold, Silver plus, Göld" in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": ""}, "Fill this in."),
        ({"more_options": ""}, "Name at least one option."),
        ({"more_options": "Gold\ngold"}, ""),
        ({"more_options": "Gold, silver"}, "no comma, semicolon or bar"),
        ({"more_options": "Gold", "default": "Lead"}, "“Lead” is not one of the choices"),
        ({"type": "number", "decimals": "7"}, "Write 6 or less."),
        ({"type": "text", "key": "9x"}, "A key begins with a letter"),
        ({"type": "nonsense"}, "“nonsense” is not in the list"),
    ],
)
def test_what_makes_no_field_is_refused(admin: Client, form: dict[str, str], said: str) -> None:
    answer = made(admin, **form)
    if said:
        assert answer.status_code == 422
        assert said in answer.content.decode().replace("&#x27;", "'")
    assert CustomField.objects.count() == (0 if said else 1)


def test_a_key_keeps_its_meaning_in_the_archive_too(admin: Client, field: Field) -> None:
    field("tier", "number", archived_at=NOON)
    page = made(admin, more_options="Gold", name="Level", key="tier").content.decode()
    assert "“Tier” (number) has this key, in the archive: it can be brought back." in page
    assert CustomField.objects.count() == 1


def test_only_admins_make_fields(web: Client, field: Field) -> None:
    of = field("tier", "choice")
    for path in ("", "new/?of=account", f"{of.id}/", f"{of.id}/archival/", f"{of.id}/options/gold/removal/"):
        assert web.post(f"/settings/fields/{path}", {"name": "Mine"}).status_code in (403, 405)
    assert web.get("/settings/fields/").status_code == 403
    assert CustomField.objects.get().archived_at is None


def test_renaming_an_option_changes_no_data_and_can_be_undone(admin: Client, ada: User, field: Field) -> None:
    of = field("tier", "choice", default="gold")
    kelp = factories.account("Kelp", custom={"tier": "gold"})
    form = {"name": "Level", "option_gold": "Premium", "option_silver": "Silver", "option_bronze": "Bronze",
            "default": "Premium", "more_options": "Steel"}  # fmt: skip
    assert admin.post(f"/settings/fields/{of.id}/", form).status_code == 302

    of = known.every("account")[0]
    assert (of.name, of.key, of.said("gold"), of.default) == ("Level", "tier", "Premium", "gold")
    assert [option.code for option in of.options] == ["gold", "silver", "bronze", "steel"]
    kelp.refresh_from_db()
    assert kelp.custom == {"tier": "gold"}

    undo(Act.objects.get(kind="field.changed"), ada, NOON)
    of = known.every("account")[0]
    assert (of.name, of.said("gold"), len(of.options)) == ("Tier", "Gold", 3)


def test_removing_an_option_says_how_many_hold_it_and_gives_them_another(
    admin: Client, ada: User, field: Field
) -> None:
    of = field("tier", "choice", default="gold")
    rows = [factories.account(custom={"tier": code, "other": "stays"}) for code in ("gold", "gold", "silver")]
    page = admin.get(f"/settings/fields/{of.id}/options/gold/removal/", headers=HTMX).content.decode()
    assert "<b>2 accounts</b> have “Gold” in “Tier”." in page
    assert Act.objects.count() == 0

    admin.post(f"/settings/fields/{of.id}/options/gold/removal/", {"instead": "bronze"}, headers=HTMX)

    assert [Account.objects.get(pk=row.pk).custom for row in rows] == [
        {"tier": "bronze", "other": "stays"},
        {"tier": "bronze", "other": "stays"},
        {"tier": "silver", "other": "stays"},
    ]
    row = CustomField.objects.get()
    assert (row.options[0], row.default) == ({"code": "gold", "label": "Gold", "gone": True}, None)
    deed = Act.objects.get()
    assert (deed.kind, deed.label) == ("field.option_removed", "removed “Gold” from “Tier”")

    undo(deed, ada, NOON)
    assert [Account.objects.get(pk=row.pk).custom["tier"] for row in rows] == ["gold", "gold", "silver"]
    assert CustomField.objects.get().options == TIERS


def test_of_several_choices_only_the_removed_one_goes(admin: Client, field: Field) -> None:
    of = field("tier", "choices")
    both = factories.account(custom={"tier": ["gold", "silver"]})
    alone = factories.account(custom={"tier": ["gold"]})
    other = factories.account(custom={"tier": ["silver"]})
    admin.post(f"/settings/fields/{of.id}/options/gold/removal/", {"instead": ""})
    assert [Account.objects.get(pk=row.pk).custom for row in (both, alone, other)] == [
        {"tier": ["silver"]}, {}, {"tier": ["silver"]},
    ]  # fmt: skip


def test_an_option_of_many_records_is_taken_away_by_a_worker(
    admin: Client, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "AT_ONCE", 2)
    of = field("tier", "choice")
    Account.objects.bulk_create(Account(name=f"Kelp {n}", custom={"tier": "gold"}) for n in range(3))
    answer = admin.post(f"/settings/fields/{of.id}/options/gold/removal/", {"instead": "silver"})
    assert answer["Location"] == f"/history/acts/{Act.objects.get().pk}/"
    assert Account.objects.filter(custom__tier="gold").count() == 3
    while runs.work(NOON):
        pass
    assert Account.objects.filter(custom__tier="silver").count() == 3


def test_an_archived_field_is_nowhere_and_comes_back_with_its_values(
    admin: Client, web: Client, ada: User, field: Field
) -> None:
    of = field("seats", "number")
    kelp = factories.account("Kelp", custom={"seats": "12"})
    assert "Seats" in web.get(f"/accounts/{kelp.pk}/").content.decode()

    assert "1 account has a value, which is kept" in admin.get(f"/settings/fields/{of.id}/archival/").content.decode()
    admin.post(f"/settings/fields/{of.id}/archival/")

    assert "Seats" not in web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert web.get(f"/accounts/{kelp.pk}/facts/custom_seats/").status_code == 404
    assert known.fields("account") == ()
    admin.post(f"/settings/fields/{of.id}/restoration/")
    assert "Seats" in web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert Account.objects.get().custom == {"seats": "12"}


def test_what_was_made_is_archived_when_it_is_undone(ada: User) -> None:
    row, deed = actions.make({"subject": "account", "name": "Seats", "key": "seats", "type": "number"}, ada, NOON)
    factories.account(custom={"seats": "12"})
    undo(deed, ada, NOON)
    row.refresh_from_db()
    assert row.archived_at == NOON
    assert Account.objects.get().custom == {"seats": "12"}


def test_what_an_undo_of_a_change_kept_is_shown(admin: Client, ada: User, field: Field) -> None:
    row = CustomField.objects.get(pk=field("seats").id)
    first = actions.change(row, {"name": "Places"}, ada, NOON)
    actions.change(row, {"name": "Chairs"}, ada, NOON)
    undo(first, ada, NOON)

    page = admin.get(f"/history/acts/{Act.objects.get(kind=Act.UNDO).pk}/")

    assert page.status_code == 200
    assert "Chairs" in page.content.decode()


def test_fields_move_inside_their_heading(admin: Client, field: Field) -> None:
    first, second = field("a", order=1), field("b", order=2)
    other = field("c", order=1, group="Contract")
    admin.post(f"/settings/fields/{second.id}/place/")
    assert [of.key for of in known.fields("account")] == ["b", "a", "c"]
    admin.post(f"/settings/fields/{second.id}/place/")
    for way in ("up", "down"):
        admin.post(f"/settings/fields/{other.id}/place/", {"way": way})
    admin.post(f"/settings/fields/{first.id}/place/", {"way": "down"})  # the last already
    assert [of.key for of in known.fields("account")] == ["b", "a", "c"]
    there = admin.post(f"/settings/fields/{second.id}/place/", {"way": "down"})["Location"]
    assert [of.key for of in known.fields("account")] == ["a", "b", "c"]
    assert 'aria-label="Move B up" autofocus' in admin.get(there).content.decode()  # it cannot go further down
    assert admin.post(f"/settings/fields/{second.id}/place/", {"way": "out"}).status_code == 400


def test_a_change_is_known_at_once_and_costs_one_question_for_a_request(
    field: Field, django_assert_num_queries: Any
) -> None:
    of = field("seats", "number")
    with django_assert_num_queries(2):  # the versions, and the fields of a version that is new
        assert [one.name for one in known.fields("account")] == ["Seats"]
    with django_assert_num_queries(1), known.asking_once():
        known.fields("account"), known.fields("contact"), known.every("account")
    CustomField.objects.filter(pk=of.id).update(name="Places", updated_at=NOON + timedelta(days=1))
    assert [one.name for one in known.fields("account")] == ["Places"]


def test_an_option_moves_and_what_was_typed_is_kept(admin: Client, field: Field) -> None:
    of = field("tier", "choice", options=[*TIERS[:1], {"code": "old", "label": "Old", "gone": True}, *TIERS[1:]])
    form = {"name": "Tier", "option_gold": "Gold", "option_silver": "Silver", "option_bronze": "Copper"}
    answer = admin.post(f"/settings/fields/{of.id}/", form | {"move": "up:bronze"})
    assert answer["Location"] == f"/settings/fields/{of.id}/?moved=up%3Abronze"
    assert 'aria-label="Move Copper up" autofocus' in admin.get(answer["Location"]).content.decode()
    for move in ("down:gold", "up:gold", "up:gold", "up:silver", "down:bronze", "down:bronze", "up:nothing"):
        admin.post(f"/settings/fields/{of.id}/", form | {"move": move})
    options = CustomField.objects.get().options
    assert [one["label"] for one in options if not one.get("gone")] == ["Gold", "Silver", "Copper"]
    admin.post(f"/settings/fields/{of.id}/", form | {"move": "up:silver"})
    assert [one["code"] for one in CustomField.objects.get().options] == ["silver", "old", "gold", "bronze"]
    assert "Copper, Gold" not in admin.get("/settings/fields/?of=account").content.decode()
    assert admin.get("/settings/audit/").status_code == 200
    told = admin.get(f"/history/acts/{Act.objects.latest('pk').pk}/").content.decode()
    assert "Silver, Old (removed), Gold, Copper" in told


def test_whoever_archives_a_field_is_told_what_asks_for_it(admin: Client, ada: User, mira: User, field: Field) -> None:
    of = field("seats", "number")
    asks = {"all": [{"not": {"field": "custom.seats", "op": ">", "value": 3}}]}
    SavedView.objects.create(subject="account", name="Large ones", owner=ada, tree=asks)
    SavedView.objects.create(subject="account", name="Sorted", owner=ada, shared=True, sort="-custom.seats")
    SavedView.objects.create(subject="account", name="Secret", owner=mira, columns=["custom.seats"])
    SavedView.objects.create(subject="account", name="Gone", owner=ada, tree=asks, deleted_at=NOON)
    SavedView.objects.create(subject="contact", name="Same key", owner=ada, columns=["custom.seats"])
    through = {"all": [{"field": "account.custom.seats", "op": ">", "value": 3}]}
    Segment.objects.create(subject="contact", name="At large ones", owner=ada, shared=True, tree=through)
    workflow = Workflow.objects.create(slug="w", name="Upgrade", state="on")
    text = {"trigger": {"when": "fact", "kind": "x", "where": asks}, "steps": []}
    workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=1, definition=text)
    workflow.save()
    here = f"/settings/fields/{of.id}/archival/"
    page = " ".join(unescape(admin.get(here).content.decode()).split())
    for named in ("the segment “At large ones”", "the view “Large ones”", "the view “Sorted”", "a private view of Mira",
                  "the workflow “Upgrade”"):  # fmt: skip
        assert named in page
    for unnamed in ("Secret", "Gone", "Same key"):
        assert unnamed not in page
    assert CustomField.objects.get().archived_at is None
    other = field("seats_2", "number")
    assert (
        "No view, segment or workflow asks for it."
        in admin.get(here.replace(str(of.id), str(other.id))).content.decode()
    )
