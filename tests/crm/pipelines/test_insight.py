"""Figures of a pipeline beside what one counts deal by deal, each with as many deals behind it as it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from crm.pipelines.insight import asking, behind, figures, reading, touches
from crm.pipelines.insight.period import Period, asked, last_days
from crm.pipelines.models import Deal
from crm.segments.days import DaysError
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.histories import World, middle

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PERIODS = (
    Period(date(2026, 3, 4), date(2026, 6, 1), NOON), Period(date(2026, 2, 10), date(2026, 4, 20), NOON),
    Period(date(2025, 6, 2), date(2026, 6, 1), NOON),
)  # fmt: skip


@pytest.fixture(params=[1, 2, 3])
def world(request: pytest.FixtureRequest, sales: Any, welcome: Any, mira: User, sam: User) -> World:
    return World(request.param, sales, welcome, (mira, sam))


def scope(world: World, rows: Any = None) -> asking.Scope:
    return asking.scope(world.sales.pipeline.pk, rows)


@pytest.mark.parametrize("narrowed", [False, True])
def test_figures_are_those_that_one_counts(world: World, mira: User, narrowed: bool) -> None:
    rows = Deal.objects.visible_to(mira).filter(owner=mira) if narrowed else None
    mine, ours = scope(world, rows), [one for one in world.pasts if not narrowed or one.deal.owner_id == mira.pk]
    for period in PERIODS:
        _stages_agree(world, ours, mine, period)
        _outcomes_agree(world, ours, mine, period)
        whose: Counter[Any] = Counter()
        for past in ours:
            for everywhere in (False, True):
                if stay := world.decided(past, period, everywhere=everywhere):
                    whose[world.whose(past), not everywhere, stay.stage.outcome] += 1
        found = figures.customers(mine, period)
        assert {(*key, fate): many for key, one in found.whose.items() for fate in ("won", "lost")
                if (many := getattr(one, fate))} == whose  # fmt: skip
        fates = Counter((str(past.deal.owner_id) if past.deal.owner_id else None, fate) for past in ours
                        if (fate := world.stayed(past, period)))  # fmt: skip
        assert {(seller, fate): many for seller, by in found.stayed.items() for fate, many in by.items()} == fates


def _stages_agree(world: World, ours: list[Any], mine: asking.Scope, period: Period) -> None:
    found = figures.stages(mine, period)
    for stage in (world.sales.talk, world.sales.demo, world.sales.offer):
        for before, days in ((False, period), (True, period.before)):
            one, stayed = found[before, stage.pk]
            fates = Counter(fate for past in ours if (fate := world.fate(past, stage, days)))
            assert (one.on, one.lost, one.under) == (fates["on"], fates["lost"], fates["under"])
            took = [took for past in ours if (took := world.took(past, stage, days)) is not None]
            assert (one.left, one.median) == (len(took), pytest.approx(middle(took)))
        there = [stay for past in ours if (stay := past.at(period.until)) and stay.stage_id == stage.pk]
        over = [days for past in ours if (days := world.took(past, stage, period)) is not None and days > 6]
        assert found[False, stage.pk][0].late == (len(over) if stage == world.sales.demo else 0)
        late = [stay for stay in there if stage == world.sales.demo and stay.began_at + 6 * DAY <= period.until]
        one, stayed = found[False, stage.pk]
        assert (stayed.standing, stayed.late) == (len(there), len(late))


def _outcomes_agree(world: World, ours: list[Any], mine: asking.Scope, period: Period) -> None:
    found = figures.outcomes(mine, period)
    for one, days in ((found.now, period), (found.before, period.before)):
        decided = [(past.deal, stay) for past in ours if (stay := world.decided(past, days))]
        won = [(deal, stay) for deal, stay in decided if stay.stage.outcome == "won"]
        assert (one.won, one.all) == (len(won), len(decided))
        assert one.won_sum == sum((deal.value for deal, _ in won), Decimal(0))
        assert one.days == pytest.approx(middle([(stay.began_at - deal.created_at) / DAY for deal, stay in won]))
    decided = [(past.deal, stay) for past in ours if (stay := world.decided(past, period))]
    for by, key in {
        "owner": lambda deal, stay: str(deal.owner_id) if deal.owner_id else None,
        "source": lambda deal, stay: deal.source,
        "reason": lambda deal, stay: str(deal.lost_because_id) if deal.lost_because_id else None,
        "month": lambda deal, stay: f"{stay.began_at:%Y-%m}",
    }.items():
        counted = Counter((key(deal, stay), stay.stage.outcome) for deal, stay in decided)
        assert {(name, fate): many for name, one in found.by[by].items() for fate in ("won", "lost")
                if (many := getattr(one, fate))} == counted  # fmt: skip
    opened = [past for past in ours if past.deal.pipeline == world.sales.pipeline]
    assert found.opened == sum(period.begin <= past.deal.created_at < period.until for past in opened)


def test_what_was_said_before_a_sale(world: World) -> None:
    for period in PERIODS:
        sales = list(world.touches(period))
        said = [entries for _, entries in sales if entries]
        journey = figures.customers(scope(world), period).journey
        assert (journey.deals, journey.touched) == (len(sales), len(said))
        assert journey.median == middle([len(entries) for entries in said])
        kinds = Counter((kind, channel) for entries in said
                        for kind, channel in {(entry.kind, entry.channel) for entry in entries})  # fmt: skip
        assert {(point.kind, point.channel): point.deals for point in journey.points} == kinds


def _shown(context: Any) -> Iterator[reading.Figure]:
    """All figures of the page."""
    yield from context["tiles"].values()
    for name in ("lines", "months", "apart", "reasons", "whose", "sellers"):
        for line in context[name]:
            yield from line.figures
    yield from context["together"].figures
    for line in context["before"].lines:
        yield from line.figures


@pytest.mark.parametrize("asks", ["", "&by=source&owner=me"])
def test_every_figure_opens_as_many_deals_as_it_says(world: World, mira: User, client: Client, asks: str) -> None:
    client.force_login(mira)
    page = client.get(f"/pipelines/{world.sales.pipeline.pk}/insight/?from=2026-02-10&to=2026-06-01{asks}")
    assert page.status_code == 200
    rows = Deal.objects.visible_to(mira).filter(**({"owner": mira} if asks else {}))
    shown = [figure for figure in _shown(page.context) if figure.words and figure.count]
    assert len(shown) > 40
    for figure in shown:
        values = dict(parse_qsl(urlsplit(figure.url).query, keep_blank_values=True))
        found = behind.asked(values).rows(rows, scope(world), page.context["period"])
        assert found.count() == figure.count, figure
    answer = client.get(shown[0].url)
    assert answer.context["total"] == shown[0].count
    assert answer.content.decode().count('<tr class="go">') == shown[0].count


def test_nothing_is_no_share_and_few_are_marked(sales: Any, deal: Any, ada: User, client: Client) -> None:
    client.force_login(ada)
    where = f"/pipelines/{sales.pipeline.pk}/insight/"
    assert "Nothing moved in these days" in client.get(where).content.decode()
    deal(now=NOON - DAY)
    html = client.get(where).content.decode()
    assert 'class="none">n/a' in html
    assert not any("%" in figure.words for figure in _shown(client.get(where).context))
    assert [line.figures[1].words for line in client.get(where).context["lines"]] == ["", "", ""]


def test_one_sees_figures_of_what_one_sees(world: World, olaf: User, mira: User, client: Client) -> None:
    mine = world.accounts[0]
    for account in world.accounts:
        account.owner = olaf if account == mine else mira
        account.save()
    client.force_login(olaf)
    where = f"/pipelines/{world.sales.pipeline.pk}/insight/"
    page = client.get(f"{where}?from=2025-06-02&to=2026-06-01")
    ours = [past for past in world.pasts if past.deal.account_id == mine.pk]
    decided = [stay for past in ours if (stay := world.decided(past, PERIODS[2]))]
    assert page.context["outcomes"].now.all == len(decided)
    answer = client.get(f"{where}deals/?from=2025-06-02&to=2026-06-01&what=decided")
    assert {row.account_id for row in answer.context["page"].rows} <= {mine.pk}
    assert answer.context["total"] == len(decided) < len(list(filter(None, (
        world.decided(past, PERIODS[2]) for past in world.pasts))))  # fmt: skip


@pytest.mark.parametrize(
    ("days", "because"),
    [
        ("from=2026-05-01&to=2026-04-30", "before the first one"), ("from=yesterday&to=2026-04-30", "such as"),
        ("from=2026-05-01", "such as"), ("from=2026-06-02&to=2026-06-09", "still to come"),
        ("from=2024-05-29&to=2026-06-01", "more than two years"), ("f=%7B%22field%22%3A%22shoe%22%7D", "shoe"),
    ],
)  # fmt: skip
def test_days_that_make_no_period_are_refused(sales: Any, ada: User, client: Client, days: str, because: str) -> None:
    client.force_login(ada)
    for where in ("insight/?", "insight/deals/?what=opened&"):
        answer = client.get(f"/pipelines/{sales.pipeline.pk}/{where}{days}")
        assert answer.status_code == 400
        assert because in answer.content.decode()


def test_what_is_no_figure_is_not_found(sales: Any, ada: User, client: Client) -> None:
    client.force_login(ada)
    where = f"/pipelines/{sales.pipeline.pk}/insight/"
    for asks in ("?by=shoe", "deals/?what=shoe", "deals/?what=passed&is_fate=x", "deals/?what=opened&after=x",
                 "deals/?what=decided&is_month=shoe"):  # fmt: skip
        assert client.get(where + asks).status_code == 404, asks
    assert client.get("/pipelines/99999/insight/").status_code == 404
    assert client.get(f"{where}deals/?what=passed&is_stage=shoe").context["total"] == 0


def test_a_period_ends_now_and_the_one_before_is_as_long() -> None:
    period = last_days(30, NOON)
    assert (period.first, period.last, period.until) == (date(2026, 5, 3), date(2026, 6, 1), NOON)
    assert (period.before.first, period.before.last) == (date(2026, 4, 3), date(2026, 5, 2))
    assert period.before.until == period.begin
    assert asked({}, NOON) == last_days(90, NOON)
    assert asked({"from": "2024-06-01", "to": "2026-06-09"}, NOON).last == date(2026, 6, 1)
    with pytest.raises(DaysError):
        asked({"from": "2026-06-01", "to": "2026-05-31"}, NOON)


def test_the_page_stands_within_its_queries(
    sales: SimpleNamespace, deal: Any, ada: User, olaf: User, client: Client, django_assert_max_num_queries: Any,
    kept_standing: Any,
) -> None:  # fmt: skip
    from crm.pipelines.actions.winning import Booked, win
    from crm.web import standing

    for who, at in ((ada, NOON - 9 * DAY), (olaf, NOON - 2 * DAY)):
        row = deal(account=factories.account(owner=olaf), now=at, owner_id=who.pk)
        win(row.pk, Booked("Pro", Decimal(9), date(2026, 6, 1)), who, NOON - DAY)
    for viewer in (ada, olaf):
        client.force_login(viewer)
        where = f"/pipelines/{sales.pipeline.pk}/insight/"
        client.get(where)
        standing.forget()  # who comes first asks for how the work stands, too
        with django_assert_max_num_queries(12):
            assert client.get(where).status_code == 200


@pytest.mark.parametrize(
    ("kind", "channel", "said"),
    [
        ("ticket.opened", "email", "Ticket opened by e-mail"),
        ("ticket.received", "whatsapp", "They wrote in a ticket on WhatsApp"),
        ("form.submitted", "form", "Form filled in"), ("email.sent", "email", "E-mail to them"),
        ("call.logged", "phone", "Call"), ("ticket.opened", "pigeon", "Ticket opened (pigeon)"),
    ],
)  # fmt: skip
def test_touches_are_said_in_words(kind: str, channel: str, said: str) -> None:
    assert touches.words(kind, channel) == said
