"""Pages of colleagues who see their own customers only, or those of their team, each beside its bare view.

The two look after the fewest customers of all; with those of nobody, whom everybody sees, they see about one in nine
and one in six.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode

from crm.accounts.models import Account
from crm.team.models import Membership, Team, User
from crm.web.pagination import cursor_at
from tests.bench import rows
from tests.bench.asking import ASKED, Asked, beside_floor, deep_edge
from tests.bench.figures import Figure
from tests.bench.population import Population, say
from tests.bench.server import Site, cookie_of, signed_in

#: Numbers of the colleagues, by what they see. A team has four more members.
OWN, TEAM = rows.TEAM, rows.TEAM - 1
MATES = range(TEAM - 4, TEAM + 1)
_SEEN = {
    "own": "(a.owner_id = %(viewer)s OR a.owner_id IS NULL)",
    "team": f"(a.owner_id BETWEEN {MATES[0]} AND {MATES[-1]} OR a.owner_id IS NULL)",
}
WORDS = {"own": "own customers", "team": "a team’s customers"}
VIEWERS = {"own": OWN, "team": TEAM}


def measure(population: Population, site: Site, requests: int = ASKED) -> Iterator[Figure]:
    """Of a population that is entered and served."""
    with confined():
        for sight, viewer in VIEWERS.items():
            theirs, client = replace(site, cookie=cookie_of(viewer)), signed_in(viewer)
            for page in _pages(sight, population):
                made = beside_floor(theirs, page, requests, population, client)
                say(f"  {made.what}: {made.ours:.1f} ms, bare {made.floor:.1f} ms")
                yield made


@contextmanager
def confined() -> Iterator[None]:
    """Two colleagues see less than all inside the block."""
    team, _ = Team.objects.get_or_create(name="Bench")
    Membership.objects.bulk_create([Membership(team=team, user_id=pk) for pk in MATES], ignore_conflicts=True)
    try:
        for sight, pk in VIEWERS.items():
            User.objects.filter(pk=pk).update(sees=sight)
        yield
    finally:
        User.objects.filter(pk__in=VIEWERS.values()).update(sees=User.Sees.ALL)
        team.delete()


def _pages(sight: str, population: Population) -> Iterator[Asked]:
    """Only lists have bare views of their own; the others stand beside those of whoever sees everything."""

    def asked(key: str, what: str, ours: str, bare: str) -> Asked:
        return Asked(f"pages.sight.{sight}.{key}", f"{what}, seeing {WORDS[sight]}", ours, bare)

    lists = f"/bare/sight/{sight}"
    for sort, label in (("name", "name"), ("-mrr", "highest mrr"), ("silence", "silent longest")):
        yield asked(f"accounts.{sort}", f"accounts, {label}", f"/accounts/?sort={sort}", f"{lists}/accounts/{sort}/")
    name, last, number = _edge(sight, population)
    ours, bare = urlencode({"sort": "name", "cursor": cursor_at(name, last)}), urlencode({"value": name, "id": last})
    yield asked(
        "accounts.name.deep", f"accounts, name, page {number:,}",
        f"/accounts/?{ours}", f"{lists}/accounts/name/?{bare}",
    )  # fmt: skip
    yield asked("contacts.name", "contacts, name", "/contacts/?sort=name", f"{lists}/contacts/name/")
    yield asked("tasks", "tasks", "/tasks/", "/bare/tasks/")
    account = f"/account/{_somebodys(sight, population)}/"
    yield asked("account", "account", account.replace("account", "accounts"), f"/bare{account}")
    yield asked("today.kept", "Today, figures kept", "/", "/bare/today/?kept=1")


def _said(sight: str) -> str:
    return _SEEN[sight].replace("%(viewer)s", str(VIEWERS[sight]))


def _edge(sight: str, population: Population) -> tuple[str, int, int]:
    """As `deep_edge`; one in ten is nobody’s, and so seen by everybody."""
    seen = f"SELECT lower(a.name), a.id FROM crm_account a WHERE {_said(sight)} ORDER BY lower(a.name), a.id"
    return deep_edge(seen, population.accounts // 10)


def _somebodys(sight: str, population: Population) -> int:
    """One about as ordinary as any, that they see and that is not nobody's."""
    owners = (OWN,) if sight == "own" else MATES
    found = Account.objects.filter(owner__in=owners, pk__gte=population.ordinary).order_by("pk").first()
    assert found
    return int(found.pk)
