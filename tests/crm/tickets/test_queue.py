"""The queue: what stands in it, in which order, and the way from one ticket to the next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.segments.filters import parse
from crm.segments.models import Segment
from crm.team.models import Team, User
from crm.templatetags.ui import money
from crm.tickets import delivering, seeing
from crm.tickets.actions import following
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import Ticket, TicketCategory
from crm.tickets.walking import around
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def web(mira: User, client: Client) -> Client:
    client.force_login(mira)
    return client


@pytest.fixture
def asked(says: Callable[..., Said]) -> Callable[..., Ticket]:
    """A ticket of Sofia's; columns that other verbs derive can be said."""

    def made(subject: str, due: datetime | None = None, **columns: Any) -> Ticket:
        row = begin(NewTicket(subject, says()), NOON)
        Ticket.objects.filter(pk=row.pk).update(answer_by=due, solve_by=None, **columns)
        row.refresh_from_db()
        return row

    return made


def subjects(page: Any) -> list[str]:
    return [unescape(one) for one in re.findall(r'class="cover clip"[^>]*>(?:<i.*?</i>)?<b>(.*?)</b>', _text(page))]


def _text(page: Any) -> str:
    assert page.status_code == 200, page
    return str(page.content.decode())


def test_what_is_open_stands_in_it_the_first_due_first(web: Client, asked: Any) -> None:
    asked("Never due")
    asked("Later", NOON + HOUR)
    asked("Late", NOON - 12 * MINUTE)
    asked("Solved", status="solved", solved_at=NOON)
    asked("Junk", is_spam=True)
    merged = asked("Twin")
    Ticket.objects.filter(pk=merged.pk).update(merged_into=asked("Stays", NOON + 38 * MINUTE))
    page = web.get("/tickets/")
    assert subjects(page) == ["Late", "Stays", "Later", "Never due"]
    for words in ("overdue 12 min", "in 38 min", "Sofia Lindqvist · Nordwind Logistics"):
        assert words in _text(page)


def test_views_that_come_along(web: Client, asked: Any, mira: User, sam: User) -> None:
    asked("Mine", NOON + DAY, assignee=mira)
    asked("Sam’s", NOON + 5 * HOUR, assignee=sam)
    asked("Nobody’s", NOON + 4 * HOUR)
    asked("Waits", status="pending", assignee=sam)
    asked("Done", status="solved", solved_at=NOON - 7 * DAY)
    asked("Done long ago", status="closed", solved_at=NOON - 8 * DAY)
    asked("Junk", is_spam=True)
    shown = {name: subjects(web.get(f"/tickets/?view={name}")) for name in (
        "mine", "unassigned", "open", "due", "waiting", "solved", "spam", "all")}  # fmt: skip
    assert shown == {
        "mine": ["Mine"], "unassigned": ["Nobody’s"], "open": ["Nobody’s", "Sam’s", "Mine", "Waits"],
        "due": ["Nobody’s"], "waiting": ["Waits"], "solved": ["Done"], "spam": ["Junk"],
        "all": ["Nobody’s", "Sam’s", "Mine", "Waits", "Done", "Done long ago"],
    }  # fmt: skip
    assert web.get("/tickets/?view=nonsense").status_code == 404


def test_a_view_is_changed_kept_and_opened_first(web: Client, asked: Any, mira: User) -> None:
    asked("Urgent", priority=4)
    asked("Calm", priority=1)
    changed = "/tickets/?view=open&edited=1&status=unsolved&priority=urgent"
    assert subjects(web.get(changed)) == ["Urgent"]
    assert "Reset" in _text(web.get(changed))
    assert "Reset" not in _text(web.get("/tickets/?view=open"))
    web.post("/lists/ticket/views/", {"name": "Fires", "back": changed.partition("?")[2]})
    view = mira.views.get(subject="ticket")
    assert subjects(web.get(f"/tickets/?view={view.pk}")) == ["Urgent"]
    web.post(f"/lists/views/{view.pk}/default/")
    assert subjects(web.get("/tickets/")) == ["Urgent"]
    assert subjects(web.get("/tickets/?view=open")) == ["Urgent", "Calm"]


def test_who_wrote_last_is_marked(web: Client, asked: Any, mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one = asked("Answered", NOON + HOUR)
    asked("Waits", NOON + 2 * HOUR)
    monkeypatch.setitem(delivering.ways._entries, "email", delivering.Way("email", "mail", lambda ticket, now: ""))
    write(one, Written(uuid4(), "Done."), mira, NOON)
    asked("Over", status="closed")
    page = _text(web.get("/tickets/?view=all&sort=created"))
    assert re.findall(r"Unanswered: </span></i><b>(\w+)", page) == ["Waits"]


def test_a_number_leads_to_its_ticket(web: Client, asked: Any) -> None:
    row = asked("Export times out")
    asked("Invoice")
    assert web.get(f"/tickets/?q=%23{row.pk}").headers["Location"] == f"/tickets/{row.pk}/"
    assert web.get("/tickets/?q=%23999999").status_code == 200
    live = web.get(f"/tickets/?q=%23{row.pk}", headers={"HX-Request": "true"})
    assert subjects(live) == ["Export times out"]
    assert subjects(web.get("/tickets/?q=export")) == ["Export times out"]
    assert subjects(web.get("/tickets/?q=exprot times")) == ["Export times out"]


@pytest.mark.parametrize("sort", ["due", "-updated", "updated", "-created", "created", "-priority", "priority"])
def test_one_walks_through_the_queue_as_it_was(web: Client, asked: Any, sort: str) -> None:
    """Past what became of a ticket meanwhile: its own place is in the address."""
    dues = [NOON + HOUR, None, NOON, NOON + HOUR, None]
    for number, due in enumerate(dues):
        asked(f"T{number}", due, priority=1 + number % 3, updated_at=NOON + number * HOUR)
    page = web.get(f"/tickets/?view=open&edited=1&status=unsolved&sort={sort}")
    links = [unescape(one) for one in re.findall(r'class="cover clip" href="([^"]+)"', _text(page))]
    order = subjects(page)
    assert len(order) == 5
    viewer = User.objects.get(email="mira@example.com")
    Ticket.objects.filter(subject=order[1]).update(status="solved", answer_by=None, solved_at=NOON)
    found = [around(parse_qs(urlsplit(link).query)["from"][0], viewer, NOON) for link in links]
    ids = {row.subject: row.pk for row in Ticket.objects.all()}
    seen = [(_pk(one.previous), _pk(one.next)) for one in found]  # type: ignore[union-attr]
    left = [name for name in order if name != order[1]]
    for name, link, (before, behind) in zip(order, links, seen, strict=True):
        assert link.startswith(f"/tickets/{ids[name]}/?from=")
        at = order.index(name)
        earlier = [ids[other] for other in order[:at] if other in left]
        later = [ids[other] for other in order[at + 1 :] if other in left]
        assert (before, behind) == (earlier[-1] if earlier else None, later[0] if later else None), name
    assert found[0].back.startswith("/tickets/?view=open")  # type: ignore[union-attr]
    for nonsense in ("", "cursor=x", "sort=nothing&cursor=x", "view=open&cursor=W10", "\0"):
        assert around(nonsense, viewer, NOON) is None


def _pk(url: str) -> int | None:
    return int(url.split("/")[2]) if url else None


def test_filters_ask_about_tickets_and_their_customers(asked: Any, sam: User, sofia: Contact) -> None:
    sofia.account.mrr = 900
    sofia.account.save()
    late = asked(
        "Late", NOON - MINUTE, category=TicketCategory.objects.create(name="Billing"), assignee=sam, reopened=2
    )
    asked("Solved", status="solved", answered_at=NOON, solved_at=NOON, tags=["vip"], priority=4)
    stranger = begin(NewTicket("Who", Said("?", "telegram", NOON, name="Reception", handle="@bright")), NOON)
    team = Team.objects.create(name="North")
    Ticket.objects.filter(pk=stranger.pk).update(team=team, follows=late)
    for leaf, names in {
        ("overdue", "is", True): ["Late"], ("minutes_to_due", "<", 0): ["Late"], ("reopened", ">=", 2): ["Late"],
        ("category", "is", "billing"): ["Late"], ("assignee", "is", sam.email): ["Late"],
        ("unanswered", "is", False): ["Solved"], ("priority", "is", "urgent"): ["Solved"],
        ("tags", "has", "vip"): ["Solved"],
        ("open", "is", False): ["Solved"], ("waiting_since", "is_not_set", None): ["Solved"],
        ("requester", "contains", "lindq"): ["Late", "Solved"], ("account.mrr", ">", 500): ["Late", "Solved"],
        ("requester", "is", "reception"): ["Who"], ("channel", "is", "telegram"): ["Who"],
        ("team", "is", "North"): ["Who"],
        ("has_account", "is", False): ["Who"], ("follows", "is", True): ["Who"], ("address", "is", "@bright"): ["Who"],
        ("spam", "is", True): [], ("merged", "is", True): [],
    }.items():  # fmt: skip
        field, op, value = leaf
        chosen = parse({"field": field, "op": op} | ({} if value is None else {"value": value}), "ticket")
        rows = chosen.apply(Ticket.objects.order_by("pk"), NOON)
        assert list(rows.values_list("subject", flat=True)) == names, leaf


def test_whoever_may_not_see_a_customer_does_not_see_their_tickets(
    client: Client, asked: Any, olaf: User, mira: User, sofia: Contact
) -> None:  # fmt: skip
    sofia.account.owner = mira
    sofia.account.save()
    asked("Secret")
    client.force_login(olaf)
    assert subjects(client.get("/tickets/?view=all")) == []
    assert subjects(client.get("/tickets/?view=all&q=secret")) == []


@pytest.mark.parametrize("few", [2000, 2])
def test_the_queue_of_whoever_sees_some_is_what_they_see(
    client: Client, asked: Any, olaf: User, mira: User, sam: User, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """By each way to see a ticket, whether they see few or many."""
    monkeypatch.setattr(seeing, "FEW", few)
    team, others = Team.objects.create(name="His"), Team.objects.create(name="Not his")
    team.members.add(olaf)
    own, foreign, free = (factories.account(name, owner=of) for name, of in (("A", olaf), ("B", mira), ("C", None)))
    held: list[dict[str, Any]] = [
        {"account": own, "assignee": mira}, {"account": foreign, "assignee": olaf}, {"account": foreign, "team": team},
        {"account": free}, {"account": None}, {"account": foreign, "assignee": sam}, {"account": free, "team": others},
        {"account": free, "assignee": sam}, {"account": foreign},
    ]  # fmt: skip
    for number, columns in enumerate(held):
        asked(f"T{number}", NOON + number * MINUTE, contact=None, **columns)
    following.follow(Ticket.objects.get(subject="T5"), olaf)
    client.force_login(olaf)
    assert subjects(client.get("/tickets/?view=all")) == ["T0", "T1", "T2", "T3", "T4", "T5"]
    assert set(seeing.seen(olaf)) == set(Ticket.objects.visible_to(olaf))
    olaf.is_active = False
    assert list(seeing.seen(olaf)) == []


def test_people_are_found_by_what_is_known_of_them(
    client: Client, asked: Any, sofia: Contact, olaf: User, mira: User
) -> None:
    Contact.objects.filter(pk=sofia.pk).update(phone="+49 151 1234567")
    asked("Hers", assignee=olaf, requester_name="", requester_handle="")
    asked("A stranger's", contact=None, account=None, requester_name="Tomé Ruiz", requester_handle="4917099887766")
    client.force_login(mira)
    for text, name in (
        ("lindqvist", "Hers"), ("sofia@nordw", "Hers"), ("0151 1234567", "Hers"), ("tomé", "A stranger's"),
        ("0170 998877", "A stranger's"), ("hers", "Hers"),
    ):  # fmt: skip
        found = "+49 " + text[1:] if text == "0170 998877" else text
        assert subjects(client.get(f"/tickets/?{urlencode({'view': 'all', 'q': found})}")) == [name], text
    Account.objects.update(owner=mira)
    client.force_login(olaf)  # he sees the ticket, which is his, and not the customer
    assert subjects(client.get("/tickets/?view=all&q=hers")) == ["Hers"]
    assert subjects(client.get("/tickets/?view=all&q=0151+1234567")) == []


def test_of_a_customer_that_one_may_not_see_the_queue_tells_nothing(
    client: Client, asked: Any, olaf: User, mira: User, sofia: Contact
) -> None:
    Account.objects.update(owner=mira, mrr=900, tags=["vip"])
    large = Segment.objects.create(
        subject="account", name="Large", owner=mira, shared=True, tree={"field": "mrr", "op": ">", "value": 500}
    )
    asked("Theirs", assignee=olaf)
    own = factories.account("Own", owner=olaf, mrr=700, tags=["vip"])
    Ticket.objects.filter(pk=asked("Own").pk).update(account=own)
    client.force_login(olaf)
    rich = {"field": "account.mrr", "op": ">", "value": 500}
    within = {"field": "account.segment", "op": "is_in", "value": large.pk}
    for leaf, names in (
        (rich, ["Own"]), ({"not": rich}, ["Theirs"]), ({"field": "account.mrr", "op": "is_not_set"}, ["Theirs"]),
        ({"field": "account.tags", "op": "has", "value": "vip"}, ["Own"]),
        ({"field": "account.days_untouched", "op": ">=", "value": 0}, ["Own"]),
        (within, ["Own"]), (within | {"op": "is_not_in"}, ["Theirs"]), ({"not": within}, ["Theirs"]),
    ):  # fmt: skip
        address = f"/tickets/?{urlencode({'view': 'all', 'f': json.dumps(leaf)})}"
        assert subjects(client.get(address)) == names, leaf
    shown = client.get("/tickets/?view=all&cols=account.mrr").content.decode()
    assert (money(700) in shown, money(900) in shown) == (True, False)

    client.force_login(mira)  # she sees all
    address = f"/tickets/?{urlencode({'view': 'all', 'f': json.dumps(rich)})}"
    assert sorted(subjects(client.get(address))) == ["Own", "Theirs"]


@pytest.mark.parametrize("who", ["mira", "olaf"])
def test_a_page_asks_no_more_than_twelve_questions(
    client: Client,
    asked: Any,
    request: pytest.FixtureRequest,
    django_assert_max_num_queries: Any,
    kept_standing: None,
    who: str,
) -> None:
    for number in range(60):
        asked(f"T{number}", NOON + number * MINUTE)
    client.force_login(request.getfixturevalue(who))
    client.get("/tickets/")  # what is kept for the process is fetched once
    for view in ("", "?view=mine", "?view=all&cols=due_by,account.mrr,account.renews_on,mood,requester&q=T1"):
        with django_assert_max_num_queries(12):
            page = client.get(f"/tickets/{view}")
        assert len(subjects(page)) == {"": 50, "?view=mine": 0}.get(view, 11), view


def test_no_segments_are_made_of_tickets(web: Client) -> None:
    assert "segments/new" not in _text(web.get("/tickets/?status=open"))
    assert web.get("/segments/new/?subject=ticket").status_code == 404


def test_a_view_in_which_nothing_stands_says_what_would(sam: User) -> None:
    client = Client()
    client.force_login(sam)
    assert "What one of you has marked as spam lies here" in client.get("/tickets/?view=spam").content.decode()
    assert "Tickets come by themselves from mail" in client.get("/tickets/?view=unassigned").content.decode()
