"""Drafts: unfinished and kept, undone and redone, discarded and published; two people do not overwrite each other."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm.history.models import Act
from retention.workflows import actions
from retention.workflows.building import checking, drafts, making
from retention.workflows.building.drafts import Conflict, DraftError
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError
from tests.conftest import NOON
from tests.retention.workflows.building.conftest import FINISHED


def name(text):
    def change(data):
        data["name"] = text
        return f"called it {text}"

    return change


def test_a_draft_may_be_unfinished_but_is_not_published_so(own, ada):
    places = {(one.panel, one.words) for one in checking.problems(drafts.current(own))}
    assert places == {("trigger", "Choose what makes customers enter."), ("steps", "Add a first step.")}
    with pytest.raises(DraftError, match="When it starts: Choose"):
        drafts.publish("silent", own.draft_edition, ada, NOON)
    assert not WorkflowVersion.objects.exists()


def test_publishing_makes_a_version_that_can_be_switched_on(built, ada):
    with pytest.raises(RecipeError, match="Nothing of Silent is published"):
        actions.enable("silent", NOON)
    drafts.publish("silent", built.draft_edition, ada, NOON, "first")
    version = WorkflowVersion.objects.get()
    assert (version.number, version.published_by, version.note) == (1, ada, "first")
    workflow = actions.enable("silent", NOON)
    assert (workflow.state, workflow.draft, workflow.recipe) == ("on", None, "")
    kinds = Act.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["workflow.made", "workflow.published", "workflow.enabled"]


def test_publishing_twice_changes_nothing(built, ada):
    drafts.publish("silent", built.draft_edition, ada, NOON)
    with pytest.raises(DraftError, match="published already"):
        drafts.publish("silent", Workflow.objects.get().draft_edition, ada, NOON)
    assert WorkflowVersion.objects.count() == 1


def test_undo_and_redo_walk_the_changes(own, ada):
    for second, text in enumerate("AB", 1):
        drafts.edit("silent", 10**6, name(text), "", ada, NOON + timedelta(seconds=second))
    assert drafts.step_back("silent", 10**6, ada, NOON) == "called it B"
    assert Workflow.objects.get().draft["name"] == "A"
    assert drafts.step_back("silent", 10**6, ada, NOON, forward=True) == "called it B"
    assert Workflow.objects.get().draft["name"] == "B"
    with pytest.raises(DraftError, match="nothing to do again"):
        drafts.step_back("silent", 10**6, ada, NOON, forward=True)
    for _ in range(2):
        drafts.step_back("silent", 10**6, ada, NOON)
    with pytest.raises(DraftError, match="nothing to undo"):
        drafts.step_back("silent", 10**6, ada, NOON)
    assert Workflow.objects.get().draft["name"] == "Silent"


@pytest.mark.parametrize(("later", "changes"), [(59, 1), (60, 2)])
def test_typing_in_one_place_is_one_change(own, ada, later, changes):
    drafts.edit("silent", 10**6, name("A"), "whole", ada, NOON)
    drafts.edit("silent", 10**6, name("AB"), "whole", ada, NOON + timedelta(seconds=later))
    assert Workflow.objects.get().draft_place == changes


def test_who_was_overtaken_sees_what_others_did(own, ada, mira):
    drafts.edit("silent", own.draft_edition, name("Mira’s"), "", mira, NOON)
    with pytest.raises(Conflict) as refused:
        drafts.edit("silent", own.draft_edition, name("Ada’s"), "", ada, NOON)
    assert [(edit.by, edit.words) for edit in refused.value.edits] == [(mira, "called it Mira’s")]
    assert Workflow.objects.get().draft["name"] == "Mira’s"
    drafts.edit("silent", Workflow.objects.get().draft_edition, name("Ada’s"), "", ada, NOON)
    assert Workflow.objects.get().draft["name"] == "Ada’s"


def test_one_s_own_changes_are_no_surprise(own, ada):
    drafts.edit("silent", own.draft_edition, name("A"), "", ada, NOON)
    drafts.edit("silent", own.draft_edition, name("B"), "", ada, NOON)
    assert Workflow.objects.get().draft["name"] == "B"


def test_discarding_goes_back_to_what_runs(built, ada):
    with pytest.raises(DraftError, match="nothing to go back to"):
        drafts.discard("silent", built.draft_edition, ada, NOON)
    drafts.publish("silent", built.draft_edition, ada, NOON)
    drafts.edit("silent", 10**6, name("Other"), "", ada, NOON)
    drafts.discard("silent", 10**6, ada, NOON)
    workflow = Workflow.objects.get()
    assert (workflow.draft, workflow.name, workflow.draft_edits.count()) == (None, "Silent", 0)


def test_recipes_and_archived_ones_are_not_edited(built, ada):
    actions.enable("inactivity", NOON)
    with pytest.raises(DraftError, match="Recipes are not changed here"):
        drafts.edit("inactivity", 10**6, name("x"), "", ada, NOON)
    making.archive("silent", ada, NOON)
    with pytest.raises(DraftError, match="archived"):
        drafts.edit("silent", 10**6, name("x"), "", ada, NOON)
    making.bring_back("silent", ada, NOON)
    drafts.edit("silent", 10**6, name("x"), "", ada, NOON)


def test_names_in_addresses_are_unique_and_stay(ada, db):
    slugs = [making.begin(words, ada, NOON).slug for words in ("New", "Inactivity", "Hello!", "Hello", "¿?")]
    assert slugs == ["new-2", "inactivity-2", "hello", "hello-2", "workflow"]
    drafts.edit("hello", 10**6, name("Renamed"), "", ada, NOON)
    assert Workflow.objects.get(slug="hello").name == "Renamed"


def test_a_copy_of_a_recipe_is_free(ada, db):
    made = making.copy_of("inactivity", "", ada, NOON)
    assert (made.slug, made.recipe, made.name) == ("inactivity-own", "", "Inactivity (own)")
    assert checking.problems(made.draft) == []
    assert FINISHED["name"] == "Silent"


def test_a_name_that_stands_for_nothing_is_told_at_its_step(built):
    data = dict(drafts.current(built))
    wrong = {"id": "wrong", "do": "message", "subject": "Hello", "body": "Hello\n\n{{ account.nonsense }}"}
    data["steps"] = [*data["steps"], wrong]
    (problem,) = checking.problems(data)
    assert (problem.panel, problem.where, problem.field) == ("step:wrong", "Send a mail", "body")
    assert problem.words.startswith("Line 3: there is no “account.nonsense”; there are account.name")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [0, 1])
def test_words_that_arrive_while_it_is_published_go_into_what_is_published(transactional_db, built, ada, before):
    """They wait for whoever publishes, and then find the new version rather than the one before, or none."""
    for _ in range(before):
        drafts.publish("silent", 10**6, ada, NOON)
        drafts.edit("silent", 10**6, name("Newer"), "", ada, NOON)
    found, refused = [], []

    def late():
        try:
            drafts.edit("silent", 10**6, lambda data: found.append((data["name"], len(data["steps"]))), "", ada, NOON)
        except Exception as error:
            refused.append(error)
        connection.close()

    def waits():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0]

    thread = threading.Thread(target=late)
    with transaction.atomic():
        drafts.publish("silent", 10**6, ada, NOON)
        thread.start()
        patience = time.monotonic() + 10
        while not waits():
            assert time.monotonic() < patience
    thread.join(10)
    assert (found, refused) == ([("Newer" if before else "Silent", 3)], [])


def test_a_group_that_was_held_out_meanwhile_outlives_the_draft(built, ada):
    drafts.publish(built.slug, built.draft_edition, ada, NOON)
    for text in ("Quieter", "Quietest"):
        drafts.edit("silent", 10**6, name(text), "", ada, NOON)
    actions.hold_out("silent", 10, NOON)
    drafts.step_back("silent", 10**6, ada, NOON)
    published = drafts.publish("silent", 10**6, ada, NOON)
    assert (published.version.definition["name"], published.version.definition["holdout_percent"]) == ("Quieter", 10)
