"""The demo's support desk: how it is set up, two years of tickets, and what lies on it now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any

from django.db import connection

from crm.accounts.models import Account
from crm.correspondence.filing import file
from crm.correspondence.models import Mail
from crm.history.actions import through
from crm.history.models import Door
from crm.slots import tell as ring
from crm.team.models import Membership, Team, User
from crm.tickets import clocks, overload
from crm.tickets.actions.merging import merge
from crm.tickets.models import (
    Macro,
    ServiceLevel,
    Ticket,
    TicketCategory,
    TicketFollower,
    TicketMessage,
    TicketSettings,
)
from crm.touches.actions import colleagues_named
from crm.web import clock
from crm.web.rules import local_moment
from retention.demo import courses, story
from retention.demo.courses import Case, Line
from retention.demo.filling import Told, email_of
from retention.demo.ticket_rows import Rows

#: Tickets of the past, beside those that lie open now, and the number before the first.
TICKETS, NUMBERED_FROM = 880, 3900
#: Works that the walk through the last weeks leaves out: the desk's past is told when that is over.
LATER = "ticket"
_TEAMS = {"Support": ("sam", "ines"), "Billing": ("ben", "sam")}


@cache
def _said() -> dict[str, Any]:
    said: dict[str, Any] = story.read("support.yaml")
    return said


def tell(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> None:
    """All of it. What is told of the past fires nothing; many tickets about one thing are found as on any day."""
    categories = _set_up(everybody, ours, now)
    desk = clocks.Desk()
    cases = [*_past(everybody, desk, now), *_lying_open({one.customer.name: one for one in everybody}, now)]
    cases.sort(key=lambda case: case.lines[0].at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('crm_ticket', 'id'), %s)", [NUMBERED_FROM])
    rows = Rows(cases, categories, ours, desk, now)
    rows.write()
    users = User.objects.in_bulk(list(ours.values()))
    _mention(rows, users, now)
    _merge(rows, users[ours["sam"]], now)
    _mail(everybody, ours, now)
    overload.look(now)


# How it is set up -----------------------------------------------------------------------------------------------------


def _set_up(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> dict[str, TicketCategory]:
    said, since = _said(), now - timedelta(days=story.LONGEST)
    TicketSettings.objects.create(pk=TicketSettings.ONLY, addresses=[email_of("support")])
    teams = {name: Team.objects.create(name=name, created_at=since) for name in _TEAMS}
    Membership.objects.bulk_create(
        [Membership(team=teams[name], user_id=ours[key]) for name, keys in _TEAMS.items() for key in keys]
    )
    made = TicketCategory.objects.bulk_create(
        [TicketCategory(name=name, team=teams[one["team"]], order=place)
         for place, (name, one) in enumerate(said["categories"].items(), 1)]
    )  # fmt: skip
    categories = {one.name: one for one in made}
    ServiceLevel.objects.bulk_create([ServiceLevel(order=place, **one) for place, one in enumerate(said["levels"], 1)])
    for told in said["macros"]:
        sets = told["sets"] | ({"category": categories[told["category"]].pk} if "category" in told else {})
        owner = ours[told["owner"]] if "owner" in told else None
        Macro.objects.create(name=told["name"], body=told["body"], sets=sets, owner_id=owner, created_at=since)
    gold = [told.account_id for told in everybody if courses.is_gold(told)]
    Account.objects.filter(pk__in=gold).update(tier="gold")
    return categories


# What was asked -------------------------------------------------------------------------------------------------------


def _past(everybody: Sequence[Told], desk: clocks.Desk, now: datetime) -> list[Case]:
    """More of them from month to month, on working days, of those who were customers then."""
    teller, rng, today = courses.Desk(_said(), desk.hours(None), now), Random(57), clock.today(now)
    asking = [(told, _spans(told)) for told in everybody if told.customer.people]
    cases: list[Case] = []
    while len(cases) < TICKETS:
        day = today - timedelta(days=3 + int((story.LONGEST - 20) * rng.random() ** 1.2))
        there = [told for told, spans in asking if any(begin <= day < end for begin, end in spans)]
        if not there or (day.weekday() > 4 and rng.random() < 0.85):
            continue
        told = rng.choice(there)
        minute = rng.randrange(8 * 60, 18 * 60)
        at = local_moment(day, time(minute // 60, minute % 60, rng.randrange(60)), clock.zone(told.customer.zone))
        cases.append(teller.case(told, at))
    return cases


def _spans(told: Told) -> list[tuple[date, date]]:
    """The days on which they were customers."""
    return [
        (term.starts_on, term.ends_on or date.max) for one in told.customer.agreements for term in one.terms
    ]  # fmt: skip


def _lying_open(by_name: dict[str, Told], now: datetime) -> list[Case]:
    said = story.read("queue.yaml")
    return [*(_open(one, by_name, now) for one in said["open"]), *_wave(said["wave"], by_name, now)]


def _open(one: dict[str, Any], by_name: dict[str, Told], now: datetime) -> Case:
    told = by_name.get(one.get("customer", ""))
    names = {"first": told.customer.people[0].first if told else one["name"].split()[0]}
    lines = []
    for line in one["lines"]:
        kind = next((kind for kind in ("in", "out", "note", "auto") if kind in line), "")
        at = now - timedelta(minutes=line["ago"])
        lines.append(Line(at, kind, line.get(kind, "").format(**names), line.get("by"), line.get("then", "")))
    return Case(
        one["subject"], one["category"], lines, told, 0, one.get("priority", 2), one.get("channel", "email"),
        one.get("assignee"), one.get("tags", []), one.get("name", ""), one.get("handle", ""),
        one.get("html", "").format(**names), logged_by=one.get("by"), file=one.get("file"),
        merged="merged_into" in one,
    )  # fmt: skip


def _wave(said: dict[str, Any], by_name: dict[str, Told], now: datetime) -> list[Case]:
    """The same from everywhere, within three days."""
    cases, number = [], 0
    for name, hours in said["customers"].items():
        told = by_name[name]
        names = {"first": told.customer.people[0].first, "name": name, "use": told.customer.use_case}
        for ago in hours:
            at = now - timedelta(hours=ago, minutes=7 * number % 50)
            asked = said["asked"][number % len(said["asked"])].format(**names)
            lines = [Line(at, "in", asked)]
            agent = ("sam", "ines")[number % 2]
            if ago > 8:
                answered = at + timedelta(minutes=20 + 11 * number % 45)
                then = "solved" if ago > 24 else "pending"
                lines.append(Line(answered, "out", said["answer"].format(**names), agent, then))
            subject = said["subjects"][number % len(said["subjects"])]
            owner = agent if ago > 8 else None
            cases.append(Case(subject, said["category"], lines, told, 0, 2, "email", owner, ["export limit"]))
            number += 1
    return cases


# What is done about it ------------------------------------------------------------------------------------------------


def _mention(rows: Rows, users: dict[int, User], now: datetime) -> None:
    """Whoever is named in a note of the last days follows the ticket, and their bell says so."""
    for case, ticket in rows.told:
        for line in case.lines:
            if line.kind != TicketMessage.Kind.NOTE or "@" not in line.text:
                continue
            named = [user for _, user in colleagues_named(line.text, lambda user: True)]
            TicketFollower.objects.bulk_create([TicketFollower(ticket=ticket, user=user) for user in named])
            by = users[rows.ours[line.by or "ada"]]
            ring(named, "note.mention", f"{by} mentioned you in {ticket}", ticket.get_absolute_url(), line.at,
                 account_id=ticket.account_id, by=by)  # fmt: skip


def _merge(rows: Rows, by: User, now: datetime) -> None:
    """Two of one customer wrote about the same."""
    for case, ticket in rows.told:
        if case.merged and case.told:
            same = Ticket.objects.filter(account=ticket.account_id, assignee=ticket.assignee_id, merged_into=None)
            into = same.exclude(pk=ticket.pk).open().latest("created_at")
            at = now - timedelta(minutes=190)
            with through(Door.PAGE, lambda: by.pk):
                merge(ticket, into, by, at)


def _mail(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> None:
    """One of the correspondence, in HTML."""
    said = story.read("queue.yaml")["mail"]
    told = next(one for one in everybody if one.customer.name == said["customer"])
    person, at = told.customer.people[0], now - timedelta(minutes=said["ago"])
    reader = User.objects.get(pk=ours[said["by"]])
    contact = Account.objects.get(pk=told.account_id).contacts.get(pk=told.contact_ids[0])
    mail = Mail(
        direction=Mail.Direction.IN, user=reader, message_id=f"board.{told.account_id}@{told.customer.domain}",
        sender_name=person.name, sender_address=person.email, recipients=[[reader.name, reader.email]],
        subject=said["subject"], text=said["text"].format(first=person.first),
        html=said["html"].format(first=person.first), occurred_at=at, created_at=at,
    )  # fmt: skip
    file(mail, [contact], [], at)
