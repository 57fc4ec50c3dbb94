"""What an account manager's desk shows of the demo's customers: goals, fit, roles, hand-offs, files and a mention."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile

from crm.accounts.actions import files
from crm.accounts.models import Account, HandOff
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.touches.actions import log
from retention.demo import own, story
from retention.demo.house import on_a_page
from retention.demo.plots import NAMED
from retention.demo.story import Customer
from retention.workflows import actions as workflows

if TYPE_CHECKING:
    from retention.demo.filling import Told

#: The part that everybody of a customer's people plays, by their place; who comes later just uses it.
_ROLES = (["decides", "pays"], ["champion", "uses"], ["uses"], ["blocks"])
_STATES = (["reached", "good"], ["partly", "good"], ["partly", "fair"], ["missed", "poor"], ["", "fair"])
_PRICES = b"plan,seats,price\nLarge,40,3200\nLarge,60,4400\n"


@cache
def _said() -> dict[str, Any]:
    said: dict[str, Any] = story.read("desk.yaml")
    return said


def _rng(customer: Customer) -> Random:
    """Of the customer's own, so that nothing else of the story moves."""
    return Random(f"desk {customer.name}")


def of_account(customer: Customer, now: datetime) -> dict[str, Any]:
    """Further columns of the customer's row."""
    said, rng = _said(), _rng(customer)
    columns: dict[str, Any] = {
        "language": said["languages"].get(customer.country, "en"), "custom": own.of_account(customer),
    }  # fmt: skip
    if not customer.first_day:
        return columns
    state, fit = rng.choice(_STATES)
    told = said["named"].get(customer.name, {})
    goal = told.get("goal") or rng.choice(said["goals"]).format(use=customer.use_case)
    asked = now.date() - timedelta(days=told.get("asked", rng.randint(3, 150)))
    state = told.get("state", state if asked > customer.first_day else "")
    due = now.date() + timedelta(days=told.get("due", rng.randint(-60, 200)))
    return columns | {
        "goal": f"{goal[0].upper()}{goal[1:]}", "goal_due_on": due,
        "goal_state": state, "goal_checked_on": asked if state else None, "suitability": fit,
        "expected_benefit": rng.choice(said["benefits"]),
    }  # fmt: skip


def of_person(customer: Customer, place: int, now: datetime) -> dict[str, Any]:
    """Further columns of a person's row. Somebody at the best known customers has a birthday soon."""
    rng = Random(f"{customer.name} {place}")
    born = now.date().replace(year=rng.randint(1962, 1998), day=min(now.day, 28)) + timedelta(days=rng.randint(20, 350))
    if customer.name in NAMED and place == 1:
        born = born.replace(month=now.month, day=min(now.day, 28)) + timedelta(days=rng.randint(0, 9))
    return {
        "roles": _ROLES[min(place, 3)], "birthday": born if place < 2 or rng.random() < 0.4 else None,
        "phone": _phone(customer, rng) if place < 2 else "",
    }  # fmt: skip


def _phone(customer: Customer, rng: Random) -> str:
    """Of the numbers that a country keeps for films; where it keeps none, nobody has told us theirs."""
    pattern: str = _said()["phones"].get(customer.country, "")
    return pattern.format(rng.randint(100, 999))


def papers(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> None:
    """The hand-offs, as sales wrote them two days after the first contract began."""
    own.make(now)
    rows, facts = [], []
    for told in everybody:
        customer, rng = told.customer, _rng(told.customer)
        if not customer.first_day or not customer.people or not (customer.name in NAMED or rng.random() < 0.6):
            continue
        at = min(datetime.combine(customer.first_day, time(15, 20), UTC) + timedelta(days=2), now)
        rows.append(_hand_off(told, rng, at, ours["ben"]))
        facts.append(Fact(told.account_id, "hand_off.written", "Hand-off written", at, source="person",
                          actor_id=ours["ben"], payload={"version": 1}))  # fmt: skip
    HandOff.objects.bulk_create(rows)
    record(sorted(facts, key=lambda fact: fact.occurred_at or now), react=False, now=now)


def _hand_off(told: Told, rng: Random, at: datetime, by: int) -> HandOff:
    said, customer = _said(), told.customer
    own = said["named"].get(customer.name, {})

    def part(name: str, pool: str) -> str:
        words: str = own.get(name) or rng.choice(said[pool])
        return words.format(use=customer.use_case, name=customer.name, first=customer.people[0].first)

    goals = part("goals", "goals")
    return HandOff(
        account_id=told.account_id, version=1, goals=f"{goals[0].upper()}{goals[1:]}", written_at=at, written_by_id=by,
        roadblocks=part("roadblocks", "roadblocks"), decision_makers=part("decision_makers", "decisions"),
        promised=part("promised", "promised"),
    )  # fmt: skip


def last_days(everybody: Sequence[Told], ours: dict[str, int], now: datetime) -> None:
    """Files, an interview, a colleague who is asked for help, and customers that belong together."""
    accounts = {account.name: account for account in Account.objects.filter(pk__in=[t.account_id for t in everybody])}
    ben, mira = (User.objects.get(pk=ours[key]) for key in ("ben", "mira"))
    nordwind = accounts["Nordwind Logistics"]
    person = next(told.contact_ids[0] for told in everybody if told.account_id == nordwind.pk)
    for name, content, ago in (
        ("Seats and prices.csv", _PRICES, 3),
        ("Site visit.txt", b"Three desks, one login.", 40),
    ):
        files.put(nordwind, ContentFile(content, name), mira, now - timedelta(days=ago))
    interview = Fact(
        nordwind.pk, "interview.logged", "Interviewed the managing director · 45 min", now - timedelta(days=9),
        contact_id=person, source="person", actor_id=mira.pk,
        payload={"minutes": 45, "note": "What would they miss most? The daily report. And not at all? Dashboards."},
    )  # fmt: skip
    record(interview, react=False, now=now)
    asking = "@Mira Okafor they asked me at the fair whether large exports come before the renewal. Can you call?"
    note = Fact(nordwind.pk, "note.written", "Note about Nordwind Logistics", now - timedelta(hours=3), source="person",
                actor_id=ben.pk, payload={"note": asking})  # fmt: skip
    log(note, nordwind, ben, now - timedelta(hours=3))
    for parent, children in _said()["groups"].items():
        with on_a_page(ben, now - timedelta(days=12)):
            Account.objects.filter(name__in=children).update(parent=accounts[parent])
    while workflows.work(now):  # no fact waits to be read when the demo begins
        pass
