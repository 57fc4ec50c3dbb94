"""Ratings and service levels in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.team.models import Team, User
from crm.tickets.channels import matching
from crm.tickets.models import Macro, Rota, ServiceLevel, Ticket, TicketCategory, TicketRating
from crm.web.models import Walk
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
LEVELS, RATINGS, MACROS = "/api/v1/service-levels/", "/api/v1/ratings/", "/api/v1/macros/"
INSIGHT = "/api/v1/ticket-insight/"
CATEGORIES, ROTAS, BLOCKED = "/api/v1/ticket-categories/", "/api/v1/rotas/", "/api/v1/blocked-senders/"
GOLD = {"name": "Gold", "tiers": ["gold", "gold"], "targets": {"urgent": {"answer": 60, "solve": 480}, "low": {}}}


@pytest.fixture
def admins(calling: Any, ada: User) -> Any:
    return calling(ada)


def test_a_level_is_made_and_archived_and_open_tickets_follow(admins: Any) -> None:
    made = admins.post(LEVELS, GOLD)
    assert made.status_code == 201, made.content
    assert made.json() | {
        "tiers": ["gold"], "targets": {"urgent": {"answer": 60, "solve": 480}}, "always": False, "archived_at": None,
    } == made.json()  # fmt: skip
    assert Walk.objects.filter(name="tickets.clocks", day=None).exists()
    changed = admins.patch(made["Location"], {"archived_at": NOON.isoformat()}, headers={"If-Match": made["ETag"]})
    assert changed.status_code == 200
    assert ServiceLevel.objects.get().archived_at == NOON
    assert admins.patch(made["Location"], {"always": True}, headers={"If-Match": made["ETag"]}).status_code == 412
    again = admins.post(LEVELS, GOLD | {"name": "gold"})
    assert (again.status_code, again.json()["errors"].keys()) == (409, {"name"})
    assert admins.delete(made["Location"]).status_code == 405


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"urgent": {"answer": 60, "solve": 59}}, "urgent: it cannot be solved before it is answered."),
        ({"urgent": {"answer": 0}}, "urgent: whole minutes"), ({"urgent": {"answer": True}}, "urgent: whole minutes"),
        ({"urgent": {"answer": 527_041}}, "urgent: whole minutes"), ({"urgent": {"close": 1}}, "urgent: say answer"),
        ({"vip": {"answer": 1}}, "vip: say answer"), ({"urgent": 60}, "Write minutes by priority"),
        ([], "Write minutes by priority"), (None, "may not be null"),
    ],
)  # fmt: skip
def test_targets_that_make_no_sense_are_refused(admins: Any, targets: Any, words: str) -> None:
    answer = admins.post(LEVELS, GOLD | {"targets": targets}, format="json")
    assert answer.status_code == 400
    assert words in str(answer.json()["errors"]["targets"])
    assert not ServiceLevel.objects.exists()


def test_whoever_is_no_admin_reads_levels_only(api: Any) -> None:
    ServiceLevel.objects.create(name="Standard")
    assert [one["name"] for one in api.get(LEVELS).json()["results"]] == ["Standard"]
    assert api.post(LEVELS, GOLD).status_code == 403
    assert ServiceLevel.objects.count() == 1


def test_macros_of_ones_own_and_of_everybody(api: Any, admins: Any, calling: Any, sam: User) -> None:
    assert admins.post("/api/v1/ticket-categories/", {"name": "Export"}).status_code == 201
    given = {"name": "Lifted", "body": "Hello {{ contact.first_name }}", "sets": {
        "status": "solved", "priority": "high", "category": "Export", "tags": ["limits"],
    }}  # fmt: skip
    assert api.post(MACROS, given).status_code == 403
    assert not Macro.objects.exists()
    shared = admins.post(MACROS, given)
    assert (shared.status_code, shared.json()["sets"], shared.json()["own"]) == (201, given["sets"], False)
    own = api.post(MACROS, given | {"own": True})
    assert (own.status_code, own.json()["own"]) == (201, True)
    assert api.post(MACROS, given | {"name": "Bad", "own": True, "body": "{{ x"}).json()["errors"].keys() == {"body"}
    assert len(api.get(MACROS).json()["results"]) == 2
    others = calling(sam)
    assert [one["own"] for one in others.get(MACROS).json()["results"]] == [False]
    assert others.patch(own["Location"], {"name": "Mine"}).status_code == 404
    assert others.patch(shared["Location"], {"name": "Mine"}).status_code == 403
    assert api.patch(own["Location"], {"name": "Mine", "sets": {}}).json()["sets"] == {}
    assert sorted(Macro.objects.values_list("name", flat=True)) == ["Lifted", "Mine"]


def test_how_the_desk_does(api: Any, calling: Any, mira: User, olaf: User) -> None:
    theirs = factories.account("Theirs", owner=mira)
    facts: dict[str, Any] = {"channel": "email", "reply_channel": "email", "subject": "x", "account": theirs}
    for minutes in (10, 20):
        answered = NOON + timedelta(minutes=minutes)
        Ticket.objects.create(token=str(minutes), created_at=NOON, answered_at=answered, assignee=mira, **facts)
    read = api.get(f"{INSIGHT}?from=2026-06-01&to=2026-06-01&by=assignee").json()
    (line,) = read["lines"]
    assert (line["name"], line["opened"], read["total"]["opened"]) == ("Mira", 2, 2)
    assert (line["answered"]["count"], line["answered"]["median"], line["solved"]["median"]) == (2, 15.0, None)
    assert calling(olaf).get(INSIGHT).json()["lines"] == []
    for wrong in ("from=2026-06-01", "by=mood", "from=2026-06-02&to=2026-06-01", "from=x&to=y"):
        assert api.get(f"{INSIGHT}?{wrong}").status_code == 400, wrong


def test_ratings_are_read_and_narrowed(api: Any, calling: Any, mira: User, olaf: User, sam: User) -> None:
    account = factories.account("Nordwind", owner=mira)
    made = []
    for n, score in enumerate((5, None)):
        row = Ticket.objects.create(
            subject=f"T{n}", account=account, channel="email", reply_channel="email", token=str(n)
        )
        spell = row.spells.create(status="solved", began_at=NOON)
        answered = NOON if score else None
        made.append(TicketRating.objects.create(
            ticket=row, spell=spell, account=account, agent=sam, score=score, comment="Quick", answered_at=answered,
            asked_at=NOON,
        ))  # fmt: skip
    one = api.get(f"{RATINGS}{made[0].pk}/").json()
    assert one | {"ticket": made[0].ticket_id, "agent": "sam@example.com", "score": 5, "comment": "Quick"} == one
    assert "token" not in one

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"{RATINGS}?{query}").json()["results"]]

    assert ids("answered=yes") == [made[0].pk]
    assert ids("answered=no") == [made[1].pk]
    assert ids(f"ticket={made[1].ticket_id}&account={account.pk}") == [made[1].pk]
    assert api.get(f"{RATINGS}?answered=maybe").status_code == 400
    assert calling(olaf).get(RATINGS).json()["results"] == []
    assert api.post(RATINGS, {"score": 5}).status_code == 405


def test_a_category_sends_its_tickets_to_a_team(admins: Any, api: Any) -> None:
    Team.objects.create(name="Data")
    made = admins.post(CATEGORIES, {"name": "Export", "team": "Data", "assigns_by": "least"})
    assert (made.status_code, made.json()["team"], made.json()["assigns_by"]) == (201, "Data", "least")
    assert api.patch(made["Location"], {"team": None}).status_code == 403
    assert admins.patch(made["Location"], {"team": "Nobody"}).json()["errors"].keys() == {"team"}
    assert TicketCategory.objects.get().team.name == "Data"
    changed = admins.patch(made["Location"], {"team": None, "assigns_by": ""}).json()
    assert (changed["team"], changed["assigns_by"]) == (None, "")


def test_rotas_are_made_once_for_each_team_and_keep_whose_turn_it_is(admins: Any, api: Any, sam: User) -> None:
    team = Team.objects.create(name="Data")
    assert api.post(ROTAS, {"team": "Data", "assigns_by": "turn"}).status_code == 403
    made = admins.post(ROTAS, {"team": "Data", "assigns_by": "turn"})
    assert (made.status_code, made.json()) == (201, {"id": made.json()["id"], "team": "Data", "assigns_by": "turn"})
    again = admins.post(ROTAS, {"team": "Data", "assigns_by": "least"})
    assert (again.status_code, again.json()["errors"].keys()) == (409, {"team"})
    Rota.objects.filter(team=team).update(last=sam)
    assert admins.patch(made["Location"], {"assigns_by": "least"}).json()["assigns_by"] == "least"
    assert admins.patch(made["Location"], {"team": None}).json()["errors"].keys() == {"team"}
    row = Rota.objects.get()
    assert (row.team, row.assigns_by, row.last) == (team, "least", sam)
    assert admins.post(ROTAS, {"team": None, "assigns_by": "owner"}).status_code == 201
    assert admins.post(ROTAS, {"team": None, "assigns_by": "turn"}).status_code == 409
    assert len(api.get(ROTAS).json()["results"]) == 2


def test_senders_are_blocked_and_heard_again(admins: Any, api: Any) -> None:
    assert api.post(BLOCKED, {"handle": "spam@x.example"}).status_code == 403
    made = admins.post(BLOCKED, {"handle": "Spam@X.example"})
    assert (made.status_code, made.json()["handle"], made.json()["channel"]) == (201, "spam@x.example", "email")
    assert admins.post(BLOCKED, {"handle": "spam@x.example"}).json()["id"] == made.json()["id"]
    assert admins.post(BLOCKED, {"handle": "4242", "channel": "telegram"}).status_code == 201
    assert admins.post(BLOCKED, {"handle": "4242"}).json()["errors"].keys() == {"handle"}
    assert matching.is_blocked("spam@x.example")
    assert api.post(f"{made['Location']}removal/").status_code == 403
    assert matching.is_blocked("spam@x.example")
    assert admins.post(f"{made['Location']}removal/").status_code == 204
    assert not matching.is_blocked("spam@x.example")
    assert admins.post(f"{made['Location']}removal/").status_code == 404
