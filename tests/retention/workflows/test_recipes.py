"""Recipe files and their settings; the command; refusals with place and remedy."""

import json

import pytest
from django.core.management import CommandError, call_command

from retention.workflows import actions, recipes
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError
from tests.conftest import NOON

GOOD = """
name: Test
settings: {days: {label: Days, default: 14, min: 1, max: 30}}
trigger: {when: silence, days: "${days}"}
steps:
  - {id: call, do: task, title: Call}
"""


@pytest.mark.parametrize("slug", recipes.names())
def test_every_recipe_is_sound(slug):
    plan = recipes.load(slug).with_settings({}, to_run=False)
    assert plan.steps
    assert plan.why.endswith(".")


def test_settings_stand_in_the_definition():
    plan = recipes.load("inactivity").with_settings({"days": "10"})
    assert plan.trigger.days == 10
    assert plan.exits[0].where == {"field": "days_silent", "op": "<", "value": 10}
    assert recipes.load("renewal-reminder").with_settings({}).trigger.offset_days == -30


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("days: \"${days}\"}", "days: x}"), "trigger.days: Input should be a valid integer"),
        (("do: task", "do: dance"), "steps[0]: there is no step “dance”; there are"),
        (("title: Call", "titel: Call"), "steps[0].titel: Extra inputs are not permitted"),
        (("title: Call", "title: '{% if %}'"), "steps[0]: subject, line 1: missing expression"),
        (("${days}", "${dys}"), "${dys} names no setting; there are days"),
        (("when: silence", "when: silence, where: {field: lifecicle, op: is, value: lead}"), "lifecicle"),
        (("trigger:", "\ttrigger:"), "not readable as YAML"),
        (("when: silence, days: \"${days}\"", "when: date, field: nothing"), "there are contract.starts_on"),
    ],
)  # fmt: skip
def test_a_bad_recipe_is_refused_with_the_place(db, change, place):
    with pytest.raises(RecipeError) as refused:
        recipes.read("bad", GOOD.replace(*change))
    assert "recipe bad" in str(refused.value)
    assert place in str(refused.value)


def test_two_steps_cannot_share_an_id():
    with pytest.raises(RecipeError, match="two steps are called 'call'"):
        recipes.read("bad", GOOD + "  - {id: call, do: task, title: Again}\n")


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"days": "many"}, "inactivity.days must be a whole number, not 'many'"),
        ({"days": 0}, "inactivity.days must lie between 1 and 365, not 0"),
        ({"day": 3}, "inactivity has no setting 'day'; it has: days, days_until_task"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_changes(db, chosen, reason):
    actions.enable("inactivity", NOON)
    with pytest.raises(RecipeError, match=reason):
        actions.configure("inactivity", chosen, NOON)
    workflow = Workflow.objects.get()
    assert (workflow.settings, workflow.version.number) == ({}, 1)


def test_days_keep_their_order(db):
    with pytest.raises(RecipeError, match=r"check_in_day must come after the day of the case study \(9\), not 7"):
        actions.configure("onboarding", {"case_study_day": 9}, NOON)
    assert not Workflow.objects.exists()


def test_new_settings_publish_a_version_and_the_same_ones_do_not(db):
    actions.enable("inactivity", NOON)
    actions.configure("inactivity", {"days": "10"}, NOON)
    actions.configure("inactivity", {"days": 10}, NOON)
    workflow = Workflow.objects.get()
    assert (workflow.version.number, workflow.version.definition["trigger"]["days"]) == (2, 10)
    assert workflow.state == "on"


def test_switching_on_twice_keeps_the_first_moment(db):
    actions.enable("inactivity", NOON)
    again = actions.enable("inactivity", NOON.replace(day=2))
    assert again.enabled_at == NOON


def test_the_command_does_all_or_nothing(db, capsys):
    with pytest.raises(CommandError, match="There is no recipe 'inactivty'") as refused:
        call_command("recipes", "--enable", "onboarding", "inactivty")
    assert refused.value.returncode == 2
    assert not Workflow.objects.exists()
    call_command("recipes", "--enable", "onboarding", "--set", "inactivity.days=10", "--json")
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["onboarding"]["state"], rows["inactivity"]["state"]) == ("on", "off")
    assert rows["inactivity"]["settings"] == {"days": 10, "days_until_task": 3}


@pytest.mark.parametrize("assignment", ["inactivity.days", "days=3", "inactivity.=3"])
def test_a_setting_must_be_written_in_full(db, assignment):
    with pytest.raises(CommandError, match="is not of the form NAME"):
        call_command("recipes", "--set", assignment)
