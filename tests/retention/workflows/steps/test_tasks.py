"""Tasks for a team: in turn, or to whoever has least; nobody who is away."""

from collections import Counter
from types import SimpleNamespace

import pytest

from crm import slots
from crm.team.models import Membership, Team
from crm.todos.actions import NewTask, create
from crm.todos.models import Task
from retention.workflows import engine
from retention.workflows.models import Enrollment, Turn
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK
from tests.retention.workflows.steps.conftest import DUE, again


@pytest.fixture
def team(mira, sam, ada):
    found = Team.objects.create(name="Success")
    Membership.objects.bulk_create([Membership(team=found, user=user) for user in (mira, sam, ada)])
    return SimpleNamespace(group=f"team:{found.pk}", mira=mira, sam=sam, ada=ada)


def customers(count, **more):
    return [factories.account(f"No. {number}", last_seen_at=NOON, **more) for number in range(count)]


def given():
    return Counter(Task.objects.values_list("owner__name", flat=True))


def test_a_team_gets_them_in_turn_also_from_batch_to_batch(walk, team, monkeypatch):
    monkeypatch.setattr(engine, "FULL_BATCH", 2)
    customers(9)
    walk({**TASK, "to": "turn", "group": team.group})
    assert given() == {"Mira": 3, "Sam": 3, "Ada": 3}
    in_order = list(Task.objects.order_by("id").values_list("owner_id", flat=True))
    assert in_order == sorted(set(in_order)) * 3


def test_whoever_is_away_gets_none_unless_all_are(walk, team):
    customers(4)
    with slots.absences.temporarily("ill", lambda ids, now: {team.mira.pk}):
        walk({**TASK, "to": "turn", "group": team.group})
    assert given() == {"Sam": 2, "Ada": 2}


def test_if_all_are_away_somebody_gets_it(walk, team):
    customers(1)
    with slots.absences.temporarily("ill", lambda ids, now: set(ids)):
        walk({**TASK, "to": "turn", "group": team.group})
    assert sum(given().values()) == 1
    assert None not in given()


def test_whoever_has_least_gets_it(walk, team):
    create([NewTask("Old", NOON, owner_id=team.mira.pk)] * 3 + [NewTask("Old", NOON, owner_id=team.sam.pk)], now=NOON)
    customers(5)
    walk({**TASK, "to": "least", "group": team.group})
    assert given() == {"Mira": 3, "Sam": 3, "Ada": 3}


def test_a_named_person_gets_it_and_if_they_have_left_the_owner(walk, team):
    customers(1, owner=team.mira)
    walk({**TASK, "to": "person", "person": team.sam.pk})
    assert given() == {"Sam": 1}
    team.sam.is_active = False
    team.sam.save()
    Task.objects.all().delete()
    again()
    assert given() == {"Mira": 1}


def test_a_batch_that_is_run_twice_asks_once(walk, team):
    customers(3)
    walk({**TASK, "to": "turn", "group": team.group})
    before = given()
    again()
    assert given() == before


def test_a_role_and_no_owner(walk, team):
    customers(2)
    walk({**TASK, "to": "turn", "group": "role:agent"}, {**TASK, "id": "pool"})
    assert given() == {"Sam": 2, None: 2}


def test_the_row_of_turns_is_one_for_a_workflow_and_who_was_last_may_leave(walk, team):
    customers(2)
    walk({**TASK, "to": "turn", "group": team.group}, {**TASK, "id": "more", "to": "least", "group": team.group})
    assert set(Turn.objects.get().last) == {"call", "more"}
    assert Enrollment.objects.filter(state="done", due_at__lte=DUE + DAY).count() == 2
