"""Turns the story into rows: colleagues, customers, people, contracts, and the past up to the engine's own days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from psycopg.types.json import Jsonb

from crm.accounts.models import Account, Contact
from crm.ledger.actions import PROJECTED, project
from crm.ledger.models import Contract, ContractTerm
from crm.team.models import Membership, Organisation, Team, User
from crm.timeline.actions import Fact, record
from crm.web import clock
from crm.web.models import Pulse
from crm.web.rules import local_moment
from retention.demo import desk, story
from retention.demo.chronicle import Chronicle, Event, Visit
from retention.demo.story import Customer

#: What everybody of the demo signs in with.
PASSWORD = "calm-harbour"  # noqa: S105  (printed at every start, and good for invented data only)
_AT = "holdfast.example"
#: key → name, role, zone, whose customers they see
COLLEAGUES = {
    "ada": ("Ada Novak", "admin", "", "all"),
    "mira": ("Mira Okafor", "manager", "", "all"),
    "ben": ("Ben Adeyemi", "manager", "Europe/London", "team"),
    "tomas": ("Tomás Ruiz", "manager", "Europe/Madrid", "own"),
    "ines": ("Ines Duarte", "agent", "Europe/Lisbon", "all"),
    "sam": ("Sam Whitlock", "agent", "", "all"),
}
#: Their teams; somebody may be in several.
TEAMS = {"North": ("mira", "ben"), "South": ("tomas", "ines")}
ORGANISATION = "Northwind Software"
#: To euros. With another reporting currency all contracts are in that one.
RATES = {"EUR": Decimal(1), "GBP": Decimal("1.2"), "USD": Decimal("0.9")}


@dataclass
class Told:
    """A customer with its rows."""

    customer: Customer
    chronicle: Chronicle
    account_id: int
    contact_ids: list[int]
    contract_ids: list[int]
    visits: list[Visit]
    events: list[Event]


def email_of(key: str) -> str:
    return f"{key}@{_AT}"


def colleagues(now: datetime) -> dict[str, int]:
    """Make them; ids by key. One password for all of them, hashed once: a hash takes longer than all other rows."""
    password, since = make_password(PASSWORD), now - timedelta(days=story.LONGEST)
    rows = [
        User(email=email_of(key), name=name, role=role, time_zone=zone, sees=sees, password=password, created_at=since,
             last_seen_at=now - timedelta(hours=hours))
        for hours, (key, (name, role, zone, sees)) in enumerate(COLLEAGUES.items(), 1)
    ]  # fmt: skip
    ours = dict(zip(COLLEAGUES, (user.pk for user in User.objects.bulk_create(rows)), strict=True))
    for name, members in TEAMS.items():
        team = Team.objects.create(name=name, created_at=since)
        Membership.objects.bulk_create([Membership(team=team, user_id=ours[key]) for key in members])
    Organisation.objects.create(pk=Organisation.ONLY, name=ORGANISATION)
    return ours


def customers(ours: dict[str, int], now: datetime) -> list[Told]:
    """Accounts, people, contracts and terms; nothing has happened to them yet."""
    words = story.read("words.yaml")
    plots = story.customers(clock.today(now))
    if settings.CURRENCY != "EUR":
        for plot in plots:
            plot.currency = settings.CURRENCY
    accounts = Account.objects.bulk_create([_account(plot, ours, now) for plot in plots])
    contacts = Contact.objects.bulk_create(
        [row for plot, account in zip(plots, accounts, strict=True) for row in _contacts(plot, account, now)]
    )
    contracts = Contract.objects.bulk_create(
        [row for plot, account in zip(plots, accounts, strict=True) for row in _contracts(plot, account)]
    )
    told = []
    for plot, account in zip(plots, accounts, strict=True):
        chronicle = Chronicle(plot, words, now)
        visits = chronicle.visits()
        mine = [contact.pk for contact in contacts if contact.account_id == account.pk]
        theirs = [contract.pk for contract in contracts if contract.account_id == account.pk]
        told.append(Told(plot, chronicle, account.pk, mine, theirs, visits, chronicle.events(visits)))
    ContractTerm.objects.bulk_create([row for one in told for row in _terms(one)])
    return told


def _account(plot: Customer, ours: dict[str, int], now: datetime) -> Account:
    created = local_moment(plot.signed_up_on, time(9), clock.zone(plot.zone))
    return Account(
        external_id=f"demo-{story.slug(plot.name)}", name=plot.name, domain=plot.domain, industry=plot.industry,
        country=plot.country, timezone=plot.zone, owner_id=ours[plot.owner] if plot.owner else None, tags=plot.tags,
        signed_up_on=plot.signed_up_on, primary_use_case=plot.use_case, created_at=created, updated_at=created,
        **desk.of_account(plot, now),
    )  # fmt: skip


def _contacts(plot: Customer, account: Account, now: datetime) -> list[Contact]:
    return [
        Contact(
            account=account, first_name=person.first, last_name=person.last, email=person.email, title=person.title,
            timezone=person.zone, email_consent=person.consent, is_primary=place == 0, created_at=account.created_at,
            updated_at=account.created_at, **desk.of_person(plot, place, now),
        )
        for place, person in enumerate(plot.people)
    ]  # fmt: skip


def _contracts(plot: Customer, account: Account) -> list[Contract]:
    return [
        Contract(
            account=account, external_id=f"demo-{story.slug(plot.name)}-{number}", plan=one.plan, status=one.status,
            auto_renew=one.auto_renew, currency=plot.currency, cancelled_on=one.left_on,
            created_at=_noon(one.terms[0].known_on), updated_at=_noon(one.terms[0].known_on),
        )
        for number, one in enumerate(plot.agreements, 1)
    ]  # fmt: skip


def _terms(told: Told) -> list[ContractTerm]:
    rate = RATES.get(told.customer.currency, Decimal(1))
    return [
        ContractTerm(contract_id=contract, starts_on=term.starts_on, ends_on=term.ends_on, mrr=term.mrr, rate=rate,
                     known_at=_noon(term.known_on))
        for contract, one in zip(told.contract_ids, told.customer.agreements, strict=True)
        for term in one.terms
    ]  # fmt: skip


def _noon(day: object) -> datetime:
    return datetime.combine(day, time(12), UTC)  # type: ignore[arg-type]


def facts(pairs: Iterable[tuple[Told, Event]], ours: dict[str, int]) -> list[Fact]:
    """Events as the timeline takes them."""
    return [
        Fact(
            told.account_id, event.kind, event.text, event.at, source=event.source, channel=event.channel,
            contact_id=told.contact_ids[event.person] if event.person is not None else None,
            actor_id=ours[event.actor] if event.actor else None, payload=event.payload,
            key=event.once.format(account=told.account_id) or None,
        )
        for told, event in pairs
    ]  # fmt: skip


def history(everybody: Sequence[Told], ours: dict[str, int], until: datetime) -> None:
    """What happened before the engine was switched on: it fires nothing. Kept week by week, as it was noted down."""
    pairs = sorted(
        ((told, event) for told in everybody for event in told.events if event.at < until),
        key=lambda pair: pair[1].at,
    )
    for _, week in groupby(pairs, key=lambda pair: pair[1].at.date().isocalendar()[:2]):
        noted = list(week)
        record(facts(noted, ours), react=False, now=noted[-1][1].at)
    use(((told, visit) for told in everybody for visit in told.visits if visit.at < until), until)
    project([told.account_id for told in everybody], until)
    # All earlier beginnings and ends are in: the ledger goes on from here.
    Pulse.objects.create(name=PROJECTED, ran_at=datetime.combine(clock.today(until), time(0), clock.zone()))


_USE = """
    INSERT INTO retention_usageday AS u (account_id, contact_id, feature, day, count)
    SELECT account_id, contact_id, feature, day, sum(count)
    FROM jsonb_to_recordset(%s) AS v(account_id bigint, contact_id bigint, feature text, day date, count int)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (account_id, feature, day, contact_id) DO UPDATE SET count = u.count + excluded.count
"""
_SEEN = """
    UPDATE crm_{table}seen t SET at = greatest(t.at, v.at)
    FROM (SELECT {table}_id AS id, max(at) AS at
        FROM jsonb_to_recordset(%s) AS v(account_id bigint, contact_id bigint, at timestamptz) GROUP BY 1) v
    WHERE t.{table}_id = v.id
"""


def use(pairs: Iterable[tuple[Told, Visit]], now: datetime) -> None:
    """Count visits into days and move when account and contact were last seen, in three statements."""
    rows: list[dict[str, Any]] = [
        {"account_id": told.account_id, "contact_id": told.contact_ids[visit.person], "at": visit.at.isoformat(),
         "day": clock.today(visit.at).isoformat(), "feature": feature, "count": count}
        for told, visit in pairs
        for feature, count in visit.uses.items()
    ]  # fmt: skip
    with connection.cursor() as cursor:
        for sql in (_USE, _SEEN.format(table="account"), _SEEN.format(table="contact")):
            values: list[Any] = [Jsonb(rows)]
            cursor.execute(sql, values)


_SPENT = """
    UPDATE crm_account a SET lifetime_spend = s.spent FROM (
        SELECT c.account_id, sum(t.mrr * t.rate * (1 + date_part('year', span.age) * 12 + date_part('month', span.age)))
            AS spent
        FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id,
            LATERAL (SELECT age(least(coalesce(t.ends_on - 1, %(day)s), %(day)s), t.starts_on)) AS span(age)
        WHERE c.status IN ('paid', 'paused') AND t.starts_on <= %(day)s GROUP BY 1
    ) s WHERE a.id = s.account_id
"""


def spending(now: datetime) -> None:
    """What each customer has paid so far: the price of every month begun of every paid term, in advance."""
    with connection.cursor() as cursor:
        cursor.execute(_SPENT, {"day": clock.today(now)})


def analyse() -> None:
    """So that plans fit the rows at once, and lists can say how many there are."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
