"""A page asks as many questions of a thousand rows as of ten, and never more than twelve (T25).

The addresses come from the access matrix, so that a new page cannot be forgotten.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.ledger.models import Contract, ContractTerm
from crm.outbox.actions import Draft, enqueue
from crm.outbox.models import OutboundMessage
from crm.pipelines.models import Deal, DealContact, DealSpell
from crm.team.models import ApiToken, User
from crm.tickets.models import Ticket, TicketFile, TicketMessage, TicketSpell
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from retention.workflows.models import Enrollment
from tests import factories
from tests.architecture.access import ROWS, World
from tests.architecture.test_access_matrix import KNOWN
from tests.conftest import NOON

MOST = 12
#: Each asks every rule or room once, however many rows there are: all rooms that hold something of a person; and all
#: that decides whether somebody gets a workflow, each guard of its mail too.
EACH_ROOM = {"privacy:export": 24, "api-workflow-why": 13}
#: Marks within a transaction ask nothing.
MARKS = ("SAVEPOINT", "RELEASE SAVEPOINT")
#: Probes and pages for machines, which ask what they watch.
WATCHING = {"web:readyz", "web:metrics"}
#: What a page shows besides its first view.
VIEWS = {
    "accounts:list": ["sort=mrr", "sort=renewal", "owner=me", "q=Kelp", "cols=tags,contacts,days_silent", "q=Kelb"],
    "contacts:list": ["sort=-seen", "consent=unknown", "q=Anna", "cols=account.mrr,account.contacts"],
    "accounts:detail": ["show=people"],
    "tickets:list": ["view=all", "view=mine", "sort=-priority", "q=Ticket", "view=all&cols=account.mrr,team"],
    "todos:list": ["tab=team", "section=done", "section=snoozed"],
    "pipelines:board": ["owner=me", "state=stuck", "q=Deal"],
    "pipelines:forecast": ["by=owner", "by=source"],
    "pipelines:list": ["view=all", "view=mine", "sort=-value", "q=Deal"],
    "outbox:list": ["tab=sent", "tab=held-back", "tab=attention"],
    "workflows:detail": ["tab=people", "tab=mail", "tab=versions", "tab=settings"],
    "api-account-list": ["limit=200"],
    "api-contract-list": ["limit=200"],
    "api-task-list": ["limit=200&state=open"],
    "api-ticket-list": ["limit=200&status=unsolved"],
    "api-entry-list": ["limit=200"],
}  # fmt: skip


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


def more(world: World, count: int) -> None:
    """`count` further rows of every kind: half of them hang on the one customer, half on customers of their own."""
    kept = range(count)
    accounts = Account.objects.bulk_create(
        Account(name=f"Kelp {n}", owner=world.mira, mrr=n, lifecycle="customer", renews_on=date(2026, 6, 20),
                tags=["vip"])
        for n in kept
    )  # fmt: skip
    factories.seen(NOON - timedelta(days=30), account__in=accounts)
    about = [world.account if n % 2 else accounts[n] for n in kept]
    contacts = Contact.objects.bulk_create(
        Contact(account=about[n], first_name="Anna", last_name=f"Nr {count}-{n}", email=f"a{count}-{n}@kelp.example")
        for n in kept
    )
    contracts = Contract.objects.bulk_create(Contract(account=about[n], plan="Pro", currency="EUR") for n in kept)
    for year in (2025, 2026):
        ContractTerm.objects.bulk_create(
            ContractTerm(contract=row, starts_on=date(year, 1, 1), ends_on=date(year + 1, 1, 1), mrr=9)
            for row in contracts
        )
    record(
        [Fact(about[n].pk, "call.logged", f"Called {n}", NOON - timedelta(minutes=n), contact_id=contacts[n].pk,
              actor_id=world.mira.pk, source="person") for n in kept], now=NOON, react=False,
    )  # fmt: skip
    done = [{}, {"done_at": NOON, "done_by": world.mira}, {"snoozed_until": NOON + timedelta(days=1)}]
    Task.objects.bulk_create(
        Task(title=f"Task {n}", account=about[n], contact=contacts[n], owner=world.mira, due_at=NOON, **done[n % 3])
        for n in kept
    )
    enqueue([
        Draft(f"more:{count}:{n}", "service", world.message.template_id, NOON, about[n].pk, contacts[n].pk,
              series=world.workflow.slug) for n in kept
    ], now=NOON)  # fmt: skip
    for number, state in enumerate(("sent", "skipped", "uncertain", "failed")):
        rows = OutboundMessage.objects.filter(key__regex=rf":{count}:\d*{number}$")
        rows.update(state=state, settled_at=NOON, sending_at=NOON, guard="consent" if state == "skipped" else "")
    Enrollment.objects.bulk_create(
        Enrollment(workflow=world.workflow, version_id=world.workflow.version_id, account=about[n],
                   trigger_key=f"{count}-{n}", step_id="x", due_at=NOON + timedelta(days=1)) for n in kept
    )  # fmt: skip
    tickets(world, contacts, count)
    deals(world, contacts, count)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does after so many rows; a planner that knows of none goes astray


def tickets(world: World, contacts: list[Contact], count: int) -> None:
    """One for each person, and as many messages in the one of the world, each with a file."""
    common: dict[str, Any] = {"channel": "email", "reply_channel": "email", "asked_at": NOON}
    Ticket.objects.bulk_create(
        Ticket(subject=f"Ticket {n}", account_id=contact.account_id, contact=contact, token=f"{count}-{n}",
               assignee=world.mira, **common)
        for n, contact in enumerate(contacts)
    )  # fmt: skip
    said = TicketMessage.objects.bulk_create(
        TicketMessage(ticket=world.ticket, kind=("in", "out", "note")[n % 3], channel="email", text=f"Line {n}",
                      user=world.mira if n % 3 else None, occurred_at=NOON - timedelta(minutes=n))
        for n in range(count)
    )  # fmt: skip
    TicketFile.objects.bulk_create(
        TicketFile(message=one, name="a.txt", content_type="text/plain", size=1, stored_as=f"x/{one.pk}")
        for one in said
    )
    TicketSpell.objects.filter(ticket=world.ticket, ended_at=None).update(ended_at=NOON)
    TicketSpell.objects.create(ticket=world.ticket, status="open", began_at=NOON)


def deals(world: World, contacts: list[Contact], count: int) -> None:
    """One for each person's customer; and the deal of the world has been in its stage as often."""
    common: dict[str, Any] = {"pipeline": world.pipeline, "stage": world.stage, "owner": world.mira, "currency": "EUR"}
    made = Deal.objects.bulk_create(
        Deal(title=f"Deal {n}", account_id=contact.account_id, rank=count * 10_000 + n, amount=n, stuck_at=NOON,
             expected_on=date(2026, 6 + n % 3, 1), source=f"Fair {n % 20}", updated_at=NOON - timedelta(days=1),
             **common)
        for n, contact in enumerate(contacts)
    )  # fmt: skip
    DealSpell.objects.bulk_create(DealSpell(deal=row, stage=world.stage, began_at=NOON) for row in made)
    DealContact.objects.bulk_create(DealContact(deal=world.deal, contact=contact) for contact in contacts)


def addresses(world: World) -> list[tuple[str, str]]:
    found = []
    for name in KNOWN:
        if "GET" in ROWS[name].methods.split() and name not in WATCHING:
            url = reverse(name, kwargs=ROWS[name].at(world))
            if name == "api-workflow-why":  # it answers about somebody alone
                url += f"?account={world.account.pk}"
            found += [(name, url)] + [(f"{name}?{view}", f"{url}?{view}") for view in VIEWS.get(name, [])]
    return found


def counted(world: World, clients: dict[bool, Client]) -> dict[str, list[str]]:
    found = {}
    for name, url in addresses(world):
        with CaptureQueriesContext(connection) as asked:
            answer: Any = clients[name.startswith("api-")].get(url)
        assert answer.status_code in {200, 204, 302, 404}, f"{name}: {answer.status_code}"
        found[name] = [query["sql"] for query in asked.captured_queries if not query["sql"].startswith(MARKS)]
    return found


@pytest.mark.parametrize("who", ["admin", pytest.param("confined", marks=pytest.mark.long)])
def test_the_number_of_questions_does_not_grow(
    world: World, ada: User, olaf: User, who: str, kept_standing: None
) -> None:
    user = {"admin": ada, "confined": olaf}[who]
    if who == "confined":
        world.account.owner = olaf
        world.account.save()
        Task.objects.update(owner=olaf)
        world.mira = olaf
    page = Client(headers={"Authorization": ""})
    page.force_login(user)
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(user, 'read')[1]}"})
    clients = {False: page, True: program}
    more(world, 120)  # more than a page of each: a list that fits its page needs no total
    counted(world, clients)  # what is kept for the process is fetched once
    few = counted(world, clients)
    more(world, 870)  # with the others just short of a thousand, above which the list estimates its total
    many = counted(world, clients)
    grown = [
        f"{name}: {len(few[name])} → {len(asked)}: {set(asked) - set(few[name])}"
        for name, asked in many.items()
        if len(asked) > len(few[name])
    ]
    assert grown == []
    over = [f"{name}: {len(asked)}" for name, asked in many.items() if len(asked) > EACH_ROOM.get(name, MOST)]
    assert ", ".join(over) == ""


def test_lists_show_what_was_made(world: World, ada: User) -> None:
    """So that the count above is one of full pages."""
    page = Client()
    page.force_login(ada)
    more(world, 100)
    for url, words in {
        "/accounts/?q=Kelp": "Kelp 1", "/tasks/?tab=team": "Task 1", f"/accounts/{world.account.pk}/": "Called 1",
        "/mail/?tab=sent": "Nr 100-", "/workflows/renewal-reminder/?tab=people": "Kelp",
    }.items():  # fmt: skip
        assert words in page.get(url).content.decode(), url
