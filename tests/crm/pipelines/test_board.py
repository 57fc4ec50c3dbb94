"""The board: true totals, windows that never cut silently, and what others have changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from crm.pipelines import board
from crm.pipelines.actions.losing import lose
from crm.pipelines.actions.moving import move
from crm.pipelines.models import Deal, LossReason
from crm.segments.models import SavedView
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

type Making = Callable[..., Deal]


@pytest.fixture
def visitor(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def shown(html: str) -> dict[str, tuple[int, str, list[int]]]:
    """Of each column: how many, what they come to, the ids of its cards."""
    found = {}
    for part in html.split('<section class="column"')[1:]:
        name = re.search(r'data-name="([^"]+)"', part)
        total, money = re.search(r'data-total="(\d+)"', part), re.search(r'num muted end">([^<]+)<', part)
        assert name
        assert total
        assert money
        cards = [int(pk) for pk in re.findall(r'data-deal="(\d+)"', part)]
        found[name[1]] = int(total[1]), money[1].replace("\N{NARROW NO-BREAK SPACE}", " "), cards
    return found


def columns(client: Client, sales: SimpleNamespace, **asked: Any) -> dict[str, tuple[int, str, list[int]]]:
    return shown(client.get(f"/pipelines/{sales.pipeline.pk}/?{urlencode(asked)}").content.decode())


def test_totals_count_what_one_may_see_and_what_the_filter_lets_through(
    visitor: Client, sales: SimpleNamespace, deal: Making, mira: User, olaf: User
) -> None:
    theirs = factories.account("Kelp", owner=mira)
    first = deal("A", account=theirs, amount=Decimal(1000), owner_id=mira.pk)
    second = deal("B", account=factories.account("Reed", owner=olaf), amount=Decimal("250.50"), owner_id=olaf.pk)
    third = deal("C", sales.demo, account=theirs, amount=None)

    assert columns(visitor, sales) == {
        "Talk": (2, "€ 1,250.50", [second.pk, first.pk]), "Demo": (1, "€ 0", [third.pk]), "Offer": (0, "€ 0", []),
        "Won": (0, "€ 0", []), "Lost": (0, "€ 0", []),
    }  # fmt: skip
    assert columns(visitor, sales, owner="me")["Talk"] == (1, "€ 1,000", [first.pk])
    asked = '{"all":[{"field":"value","op":"<","value":500}]}'
    assert columns(visitor, sales, f=asked)["Talk"] == (1, "€ 250.50", [second.pk])
    visitor.force_login(olaf)
    assert columns(visitor, sales) == columns(visitor, sales, owner="me")
    assert columns(visitor, sales)["Talk"] == (1, "€ 250.50", [second.pk])
    assert visitor.get(f"/pipelines/{sales.pipeline.pk}/", {"f": "{"}).status_code == 400


def test_a_column_shows_its_first_cards_and_says_how_many_more(
    visitor: Client, sales: SimpleNamespace, deal: Making
) -> None:
    account = factories.account()
    made = [deal(f"D{n}", account=account).pk for n in range(2 * board.SHOWN + 3)][::-1]
    answer = visitor.get(f"/pipelines/{sales.pipeline.pk}/").content.decode()
    total, _, cards = shown(answer)["Talk"]
    assert (total, cards) == (43, made[:20])
    assert "<span data-number>23</span> more" in answer

    deal("On top since", account=account)  # which moves no edge
    below, seen = f"{Deal.objects.get(pk=cards[-1]).rank}:{cards[-1]}", list(cards)
    for expected in (made[20:40], made[40:], []):
        url = f"/pipelines/{sales.pipeline.pk}/stages/{sales.talk.pk}/cards/"
        html = visitor.get(url, {"below": below}).content.decode()
        come = [int(pk) for pk in re.findall(r'data-deal="(\d+)"', html)]
        assert come == expected
        seen += come
        below = f"{Deal.objects.get(pk=seen[-1]).rank}:{seen[-1]}"
    assert seen == made
    assert visitor.get(url, {"below": "nowhere"}).status_code == 400
    assert visitor.get(url, {"below": "9" * 18 + ":1"}).status_code == 200


def test_closed_columns_go_back_thirty_days_the_latest_first(
    visitor: Client, sales: SimpleNamespace, deal: Making, mira: User
) -> None:
    begins = datetime(2026, 5, 2, tzinfo=UTC)
    reason = LossReason.objects.create(name="Too expensive")
    made = {}
    for at in (begins - timedelta(microseconds=1), begins, NOON - timedelta(days=1)):
        made[at] = deal(f"{at}", now=begins - timedelta(days=9)).pk
        lose(made[at], reason.pk, "", mira, at)
    assert columns(visitor, sales)["Lost"] == (2, "€ 2,400", [made[NOON - timedelta(days=1)], made[begins]])
    answer = visitor.get(f"/pipelines/{sales.pipeline.pk}/").content.decode()
    assert "since 2 May" in answer
    assert "Too expensive" in answer

    closed = Deal.objects.get(pk=made[begins])
    place = -(closed.closed_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    url = f"/pipelines/{sales.pipeline.pk}/stages/{sales.lost.pk}/cards/"
    top = visitor.get(url, {"below": f"{place + 1}:{closed.pk}"}).content.decode()
    assert "data-deal" not in top
    top = visitor.get(url, {"below": f"{place}:{closed.pk + 1}"}).content.decode()
    assert f'data-deal="{closed.pk}"' in top


def test_stuck_is_said_in_words_too(visitor: Client, sales: SimpleNamespace, deal: Making) -> None:
    sales.talk.expected_days = 7
    sales.talk.save()
    deal("Late", now=NOON - timedelta(days=7))
    deal("Nearly", now=NOON - timedelta(days=7) + timedelta(microseconds=1))
    answer = visitor.get(f"/pipelines/{sales.pipeline.pk}/").content.decode()
    assert re.findall(r'class="age (\w+)">([^<]+)<', answer) == [("muted", "6 days"), ("bad", "7 days, stuck")]
    assert "2 open deals" in answer
    assert "1 stuck" in answer
    assert columns(visitor, sales, state="stuck")["Talk"][0] == 1


def news(client: Client, sales: SimpleNamespace, mark: datetime, **asked: Any) -> tuple[int, list[int], list[int]]:
    """Status, cards and what is gone."""
    answer = client.get(f"/pipelines/{sales.pipeline.pk}/news/", {"after": mark.isoformat(), **asked})
    html = answer.content.decode()
    cards, gone = re.findall(r'data-deal="(\d+)"', html), re.findall(r'data-gone="(\d+)"', html)
    return answer.status_code, [int(pk) for pk in cards], [int(pk) for pk in gone]


def test_others_moves_are_told_and_nothing_is_an_empty_answer(
    visitor: Client, sales: SimpleNamespace, deal: Making, mira: User, olaf: User
) -> None:
    long_ago = NOON - timedelta(days=3)
    one = deal("One", now=long_ago, account=factories.account(owner=mira), owner_id=mira.pk)
    two = deal("Two", now=long_ago, account=factories.account(owner=mira), owner_id=olaf.pk)
    mark = NOON - timedelta(minutes=5)
    assert news(visitor, sales, mark) == (204, [], [])
    move(one.pk, sales.demo.pk, None, olaf, mark + timedelta(seconds=1))
    move(two.pk, sales.demo.pk, None, olaf, mark - board.LATE + timedelta(microseconds=1))  # committed after the look
    status, cards, gone = news(visitor, sales, mark)
    assert (status, sorted(cards), gone) == (200, [one.pk, two.pk], [])
    assert news(visitor, sales, mark, owner="me") == (200, [one.pk], [two.pk])
    assert news(visitor, sales, mark + board.LATE + timedelta(seconds=1)) == (204, [], [])
    visitor.force_login(olaf)
    assert news(visitor, sales, mark) == (204, [], [])
    assert visitor.get(f"/pipelines/{sales.pipeline.pk}/news/", {"after": "yesterday"}).status_code == 400


def test_a_saved_view_leads_back_to_its_board(
    visitor: Client, sales: SimpleNamespace, deal: Making, mira: User
) -> None:
    mine = deal("Mine", owner_id=mira.pk)
    deal("Others")
    back = f"layout=board&pipeline={sales.pipeline.pk}&owner=me"
    answer = visitor.post("/lists/deal/views/", {"name": "My own", "back": back})
    view = SavedView.objects.get()
    assert (view.parameters, answer["Location"]) == (
        {"owner": "me", "pipeline": str(sales.pipeline.pk)}, f"/pipelines/{sales.pipeline.pk}/?view={view.pk}",
    )  # fmt: skip
    answer = visitor.get(answer["Location"])
    assert "My own" in answer.content.decode()
    assert shown(answer.content.decode())["Talk"][2] == [mine.pk]


def test_one_is_led_to_the_board_that_one_has_looked_at_last(
    visitor: Client, sales: SimpleNamespace, welcome: SimpleNamespace
) -> None:
    assert visitor.get("/pipelines/")["Location"] == f"/pipelines/{sales.pipeline.pk}/"
    visitor.get(f"/pipelines/{welcome.pipeline.pk}/")
    assert visitor.get("/pipelines/")["Location"] == f"/pipelines/{welcome.pipeline.pk}/"
