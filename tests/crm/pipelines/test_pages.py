"""What people do with deals in the browser: moving, gates, winning, losing, facts, new ones, the forecast."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.history.actions import undo
from crm.history.models import Act
from crm.pipelines.models import Deal, LossReason
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

type Making = Callable[..., Deal]


@pytest.fixture
def visitor(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def place(client: Client, row: Deal, **told: Any) -> Any:
    return client.post(f"/deals/{row.pk}/place/?board={row.pipeline_id}", told, headers={"HX-Request": "true"})


def said(answer: Any) -> str:
    """The toast."""
    found = re.search(r"data-toast>\s*<p>(.*?)</p>", answer.content.decode(), re.S)
    return found[1] if found else ""


def test_a_move_answers_the_card_the_figures_and_its_undo(
    visitor: Client, sales: SimpleNamespace, deal: Making, mira: User
) -> None:
    under, over = deal("Under", sales.demo), deal("Over", sales.demo)
    row = deal("Kelp", account=factories.account("Kelp"))
    answer = place(visitor, row, stage=sales.demo.pk, after=over.pk, seen=sales.talk.pk)
    html = answer.content.decode()
    assert (answer.status_code, board(sales.demo)) == (200, ["Over", "Kelp", "Under"])
    assert f'data-deal="{row.pk}" data-stage="{sales.demo.pk}"' in html
    assert re.findall(r'data-total="(\d+)"', html) == ["0", "3", "0", "0", "0"]
    assert said(answer) == "Kelp is in Demo."
    assert f"/history/acts/{Act.objects.latest('pk').pk}/undo/" in html
    place(visitor, under, stage=sales.demo.pk, after="", seen=sales.demo.pk)
    assert board(sales.demo) == ["Under", "Over", "Kelp"]
    undo(Act.objects.get(kind="deal.moved"), mira, NOON)
    assert (board(sales.talk), board(sales.demo)) == (["Kelp"], ["Under", "Over"])
    assert_whole()


def test_what_somebody_else_has_moved_goes_where_it_stands(
    visitor: Client, sales: SimpleNamespace, deal: Making
) -> None:
    row = deal()
    answer = place(visitor, row, stage=sales.offer.pk, seen=sales.demo.pk)
    assert answer.status_code == 409
    assert "meanwhile" in said(answer)
    assert f'data-deal="{row.pk}" data-stage="{sales.talk.pk}"' in answer.content.decode()
    assert board(sales.talk) == ["Kelp: Pro"]


def test_agents_read_and_do_not_move(client: Client, sales: SimpleNamespace, deal: Making, sam: User) -> None:
    row = deal()
    client.force_login(sam)
    assert place(client, row, stage=sales.demo.pk, seen=sales.talk.pk).status_code == 403
    assert board(sales.talk) == ["Kelp: Pro"]
    answer = client.get(f"/pipelines/{row.pipeline_id}/").content.decode()
    assert f'data-deal="{row.pk}"' in answer
    assert "data-may" not in answer
    assert "data-asks" not in answer
    assert "data-edits" not in client.get(f"/deals/{row.pk}/").content.decode()


def test_a_stage_asks_first_and_its_form_finishes_the_move(
    visitor: Client, sales: SimpleNamespace, deal: Making
) -> None:
    sales.talk.checklist = [{"id": "a", "label": "Budget is known"}]
    sales.talk.save()
    sales.offer.required = ["expected_on", "next_step"]
    sales.offer.save()
    top, row = deal("Top", sales.offer, expected_on=date(2026, 7, 1), next_step="Call"), deal()
    told = {"stage": sales.offer.pk, "after": top.pk, "seen": sales.talk.pk}
    answer = place(visitor, row, **told)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Budget is known" in html
    assert re.findall(r'name="(stage|after|seen)" value="(\d+)"', html) == [
        ("stage", str(sales.offer.pk)), ("after", str(top.pk)), ("seen", str(sales.talk.pk))
    ]  # fmt: skip
    assert board(sales.talk) == ["Kelp: Pro"]
    answer = place(visitor, row, **told, asked=1, expected_on="2026-07-01", next_step="")
    assert answer.status_code == 422
    assert "Tick what is done." in answer.content.decode()
    row.refresh_from_db()
    assert (row.stage_id, row.expected_on) == (sales.talk.pk, None)
    answer = place(visitor, row, **told, asked=1, expected_on="2026-07-01", next_step="Call", checked="a")
    row.refresh_from_db()
    assert (answer.status_code, row.expected_on, row.next_step) == (200, date(2026, 7, 1), "Call")
    assert board(sales.offer) == ["Top", "Kelp: Pro"]


def test_winning_asks_what_was_sold_and_books_it_once(visitor: Client, sales: SimpleNamespace, deal: Making) -> None:
    row = deal(plan="Pro", mrr=Decimal(100))
    answer = place(visitor, row, stage=sales.won.pk, seen=sales.talk.pk)
    assert answer.status_code == 422
    assert f'action="/deals/{row.pk}/winning/?board={row.pipeline_id}"' in answer.content.decode()
    told = {"asked": 1, "plan": "Pro", "mrr": "120", "starts_on": "2026-07-01", "months": "", "auto_renew": "on"}
    url = f"/deals/{row.pk}/winning/?board={row.pipeline_id}"
    answer = visitor.post(url, told)
    assert answer.status_code == 422
    assert "Say how many months a term has" in answer.content.decode()
    assert Deal.objects.get().contract is None
    answer = visitor.post(url, told | {"months": "12"})
    row.refresh_from_db()
    assert (answer.status_code, row.outcome, row.contract and row.contract.status) == (200, "won", "expected")
    assert visitor.post(url, told | {"months": "12"}).status_code == 200
    assert row.account.contracts.count() == 1
    assert "Confirm it" in visitor.get(f"/deals/{row.pk}/").content.decode()
    answer = visitor.post(reverse("ledger:confirmation", args=[row.contract_id]), {"next": f"/deals/{row.pk}/"})
    assert answer["Location"] == f"/deals/{row.pk}/"
    assert row.account.contracts.get().status == "paid"


def test_losing_asks_the_reason(visitor: Client, sales: SimpleNamespace, deal: Making) -> None:
    reason, row = LossReason.objects.create(name="Too expensive"), deal()
    assert place(visitor, row, stage=sales.lost.pk, seen=sales.talk.pk).status_code == 422
    url = f"/deals/{row.pk}/loss/?board={row.pipeline_id}"
    answer = visitor.post(url, {"asked": 1, "note": "By half."})
    assert answer.status_code == 422
    assert "Choose a reason" in answer.content.decode()
    assert Deal.objects.get().is_open
    answer = visitor.post(url, {"asked": 1, "reason": reason.pk, "note": "By half."})
    row.refresh_from_db()
    assert (answer.status_code, row.outcome, row.lost_because, row.lost_note) == (200, "lost", reason, "By half.")


def test_a_pipeline_that_books_nothing_asks_nothing(visitor: Client, welcome: SimpleNamespace, deal: Making) -> None:
    row = deal("In", welcome.begin)
    assert place(visitor, row, stage=welcome.won.pk, seen=welcome.begin.pk).status_code == 200
    assert Deal.objects.get().outcome == "won"


def test_a_fact_is_changed_in_its_place_and_two_people_both_see_theirs(
    visitor: Client, deal: Making, ada: User
) -> None:
    row, htmx = deal(), {"HX-Request": "true"}

    def change(name: str, value: str, meanwhile: Callable[[], object] = lambda: None) -> Any:
        url = f"/deals/{row.pk}/facts/{name}/"
        version = re.search(r'name="version" value="([^"]+)"', visitor.get(url, headers=htmx).content.decode())
        assert version
        meanwhile()
        return visitor.post(url, {name: value, "version": version[1]}, headers=htmx)

    answer = change("amount", "1500", lambda: Deal.objects.filter(pk=row.pk).update(amount=900))
    assert answer.status_code == 422
    assert "900" in answer.content.decode()
    assert Deal.objects.get().amount == 900
    assert change("tags", "vip, vip, reference").status_code == 200
    assert change("currency", "XXX").status_code == 422  # which has no rate
    row.refresh_from_db()
    assert (row.tags, row.currency) == (["vip", "reference"], "EUR")
    assert visitor.get(f"/deals/{row.pk}/facts/stage/").status_code == 404


def test_a_new_deal_is_opened_once_for_whom_one_comes_from(
    visitor: Client, sales: SimpleNamespace, mira: User, olaf: User
) -> None:
    account = factories.account("Kelp", owner=mira)
    person = factories.contact(account)
    form = visitor.get(f"/deals/new/?contact={person.pk}&pipeline={sales.pipeline.pk}").content.decode()
    bundle = re.search(r'name="bundle" value="([^"]+)"', form)
    assert bundle
    told = {
        "bundle": bundle[1], "title": "Pro for two", "stage": sales.demo.pk, "amount": "1200", "currency": "eur",
        "contact": person.pk, "owner": mira.pk,
    }  # fmt: skip
    for _ in range(2):
        answer = visitor.post("/deals/new/", told)
        row = Deal.objects.get()
        assert answer["Location"] == f"/deals/{row.pk}/"
    assert (row.account, row.stage, row.amount, row.currency, row.created_by) == (
        account, sales.demo, Decimal(1200), "EUR", mira,
    )  # fmt: skip
    assert [one.contact for one in row.people.all()] == [person]
    assert visitor.post("/deals/new/", told | {"bundle": "", "title": ""}).status_code == 422
    visitor.force_login(olaf)
    assert visitor.get(f"/deals/new/?contact={person.pk}").status_code == 404
    assert Deal.objects.count() == 1


def test_the_page_of_a_deal_tells_its_way(visitor: Client, sales: SimpleNamespace, deal: Making) -> None:
    row = deal()
    place(visitor, row, stage=sales.demo.pk, seen=sales.talk.pk)
    html = visitor.get(f"/deals/{row.pk}/").content.decode()
    for words in ("Kelp: Pro", "Stages it was in", "Deal moved to Demo", "by Mira"):
        assert words in html
    beside = visitor.get(f"/deals/beside/account/{row.account_id}/").content.decode()
    assert f'href="/deals/{row.pk}/"' in beside


def figures(html: str) -> dict[str, list[tuple[str, str]]]:
    """Of each line the figures with the addresses of their deals; blank where there are none."""
    found = {}
    for line in html.split("<tr")[2:]:
        label = re.search(r'scope="row"[^>]*>([^<]+)<', line)
        cells = [re.search(r'href="([^"]+)"[^>]*>([^<]+)<', cell) for cell in line.split("<td")[1:]]
        assert label
        found[label[1]] = [(cell[2].replace("\N{NARROW NO-BREAK SPACE}", " "), cell[1]) if cell else ("", "")
                           for cell in cells]  # fmt: skip
    return found


def test_each_figure_of_the_forecast_opens_its_deals(visitor: Client, sales: SimpleNamespace, deal: Making) -> None:
    sales.demo.probability = 25
    sales.demo.save()
    for title, stage, day, amount in (
        ("A", sales.talk, date(2026, 5, 31), 100), ("B", sales.demo, date(2026, 6, 1), 200),
        ("C", sales.demo, date(2026, 6, 30), 400), ("D", sales.offer, date(2026, 11, 30), 800),
        ("E", sales.offer, date(2026, 12, 1), 1600), ("F", sales.talk, None, 3200),
    ):  # fmt: skip
        deal(title, stage, expected_on=day, amount=Decimal(amount), source="Fair" if title < "D" else "")
    html = visitor.get(f"/pipelines/{sales.pipeline.pk}/forecast/").content.decode()
    found = figures(html)
    assert {line: [money for money, _ in cells] for line, cells in found.items()} == {
        "Overdue": ["€ 100", "", "", "€ 100"], "June": ["", "€ 600", "", "€ 600"],
        **{month: ["", "", "", ""] for month in ("July", "August", "September", "October")},
        "November": ["", "", "€ 800", "€ 800"], "Later": ["", "", "€ 1,600", "€ 1,600"],
        "No day yet": ["€ 3,200", "", "", "€ 3,200"], "All": ["€ 3,300", "€ 600", "€ 2,400", "€ 6,300"],
    }  # fmt: skip
    assert "€\N{NARROW NO-BREAK SPACE}150<" in html  # 600 at a quarter
    for line, titles in {"Overdue": "A", "June": "BC", "November": "D", "Later": "E", "No day yet": "F"}.items():
        listed = visitor.get(found[line][-1][1].replace("&amp;", "&")).content.decode()
        assert sorted(re.findall(r"<b>([A-F])</b>", listed)) == list(titles), line
    by_source = figures(visitor.get(f"/pipelines/{sales.pipeline.pk}/forecast/?by=source").content.decode())
    listed = visitor.get(by_source["All"][0][1].replace("&amp;", "&")).content.decode()
    assert (by_source["All"][0][0], sorted(re.findall(r"<b>([A-F])</b>", listed))) == ("€ 5,600", list("DEF"))


@pytest.mark.parametrize("form", ["winning", "loss", "place", "people", "tickets"])
def test_a_form_on_a_page_of_its_own_sends_itself_as_a_page(
    visitor: Client, sales: SimpleNamespace, deal: Making, form: str
) -> None:
    """There is no dialog there that an answer could go into."""
    url = f"/deals/{deal().pk}/{form}/"
    assert 'hx-target="#dialog"' in visitor.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-target="#dialog"' not in visitor.get(url).content.decode()
