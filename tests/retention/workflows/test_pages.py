"""The workflow pages: what each role sees and may do."""

from datetime import timedelta

import pytest
from django.test import Client

from retention.workflows import actions
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)


@pytest.fixture
def browse():
    def of(user):
        client = Client()
        client.force_login(user)
        return client

    return of


def test_the_list_names_every_recipe_before_any_is_on(browse, mira):
    page = browse(mira).get("/workflows/").content.decode()
    for words in (
        "Onboarding",
        "Renewal reminder",
        "Inactivity",
        "When a customer has been silent for 14 days",
    ):
        assert words in page
    assert "Switch on" not in page


def test_what_is_on_stands_above_what_is_ready(browse, ada, mira):
    browse(ada).post("/workflows/renewal-reminder/activation/")
    groups = browse(mira).get("/workflows/").context["groups"]
    assert [label for label, _ in groups] == ["On", "Ready to switch on"]
    assert [row["workflow"].slug for row in groups[0][1]] == ["renewal-reminder"]
    assert "renewal-reminder" not in {row["workflow"].slug for row in groups[1][1]}


def test_an_admin_switches_on_pauses_resumes_and_switches_off(browse, ada):
    client = browse(ada)
    states = []
    for verb in ("activation", "pause", "resumption", "deactivation"):
        answer = client.post(f"/workflows/inactivity/{verb}/")
        assert answer.url == "/workflows/inactivity/"
        states.append(Workflow.objects.get().state)
    assert states == ["on", "paused", "on", "off"]


@pytest.mark.parametrize("verb", ["activation", "pause", "resumption", "deactivation", "settings"])
@pytest.mark.parametrize("who", ["mira", "sam", "olaf"])
def test_only_admins_change_workflows(browse, request, db, verb, who):
    actions.enable("inactivity", NOON)
    answer = browse(request.getfixturevalue(who)).post(
        f"/workflows/inactivity/{verb}/", {"days": 3, "days_until_task": 3}
    )
    assert answer.status_code == 403
    workflow = Workflow.objects.get()
    assert (workflow.state, workflow.settings) == ("on", {})


def test_nothing_changes_by_get(browse, ada):
    assert browse(ada).get("/workflows/inactivity/activation/").status_code == 405
    assert not Workflow.objects.exists()


def test_settings_are_saved_within_their_bounds(browse, ada):
    client = browse(ada)
    client.post("/workflows/inactivity/activation/")
    page = client.post("/workflows/inactivity/settings/", {"days": 0, "days_until_task": 3}, follow=True)
    assert "Days without a login: Write 1 or more." in page.content.decode()
    client.post("/workflows/inactivity/settings/", {"days": 10, "days_until_task": 3})
    assert Workflow.objects.get().settings == {"days": 10, "days_until_task": 3}


@pytest.mark.parametrize("tab", ["steps", "people", "mail", "settings", "versions"])
@pytest.mark.parametrize("on", [True, False])
def test_every_tab_answers_for_every_workflow(browse, mira, tab, on):
    if on:
        actions.enable("onboarding", NOON)
    assert browse(mira).get(f"/workflows/onboarding/?tab={tab}").status_code == 200


def test_unknown_workflows_and_tabs_are_not_found(browse, mira):
    client = browse(mira)
    assert client.get("/workflows/nothing/").status_code == 404
    assert client.get("/workflows/onboarding/?tab=nothing").status_code == 404
    assert client.get("/workflows/onboarding/?tab=people&cursor=damaged").status_code == 400


def test_people_are_behind_the_gate(browse, mira, olaf, run_at):
    actions.enable("inactivity", NOON)
    factories.account("Mine", owner=olaf, last_seen_at=NOON, lifecycle="customer")
    factories.account("Hers", owner=mira, last_seen_at=NOON, lifecycle="customer")
    run_at(NOON + 14 * DAY)
    page = browse(olaf).get("/workflows/inactivity/?tab=people").content.decode()
    assert "Mine" in page
    assert "Hers" not in page
    assert "Hers" in browse(mira).get("/workflows/inactivity/?tab=people&state=active").content.decode()
    hers = Enrollment.objects.get(account__name="Hers")
    hers.state = "parked"
    hers.save()
    assert browse(olaf).post(f"/workflows/inactivity/retry/{hers.pk}/").status_code == 403


def test_a_parked_enrollment_can_be_tried_again(browse, ada, run_at):
    actions.enable("inactivity", NOON)
    factories.account(last_seen_at=NOON, lifecycle="customer")
    run_at(NOON + 14 * DAY)
    Enrollment.objects.update(state="parked", attempts=5, ended_because="Broken")
    browse(ada).post(f"/workflows/inactivity/retry/{Enrollment.objects.get().pk}/")
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.attempts, enrollment.ended_because) == ("active", 0, "")


def test_a_form_leads_back_only_to_this_site(browse, ada):
    answer = browse(ada).post("/workflows/inactivity/activation/", {"next": "https://elsewhere.example/"})
    assert answer.url == "/workflows/inactivity/"


def test_the_list_asks_no_more_with_more_rows(browse, mira, django_assert_max_num_queries, run_at):
    actions.enable("inactivity", NOON)
    for _ in range(30):
        factories.account(last_seen_at=NOON, lifecycle="customer")
    run_at(NOON + 14 * DAY)
    client = browse(mira)
    for address in ("/workflows/inactivity/", "/workflows/inactivity/?tab=people", "/workflows/inactivity/?tab=mail"):
        with django_assert_max_num_queries(12):
            client.get(address)


def test_switching_off_asks_first_and_names_who_is_under_way(browse, ada, mira, run_at):
    actions.enable("inactivity", NOON)
    factories.account(last_seen_at=NOON, lifecycle="customer", customer_since=(NOON - 400 * DAY).date())
    run_at(NOON + 14 * DAY)
    client = browse(ada)
    assert "/workflows/inactivity/deactivation/" in client.get("/workflows/inactivity/").content.decode()
    page = client.get("/workflows/inactivity/deactivation/").content.decode()
    assert "<b>1 customer</b> is under way" in page
    assert Workflow.objects.get().state == "on"
    assert "deactivation" not in browse(mira).get("/workflows/inactivity/").content.decode()


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("inactivity", "also for customers already silent"),
        ("renewal-reminder", "also for customers already in the 30 days before"),
        ("onboarding", ""),
    ],
)
def test_whom_else_switching_on_lets_in_is_said_for_the_trigger(browse, ada, slug, words):
    page = browse(ada).get(f"/workflows/{slug}/")
    assert page.context["already"] == words
    assert ("include_current" in page.content.decode()) is bool(words)


def test_versions_mark_what_changed(browse, ada):
    client = browse(ada)
    client.post("/workflows/inactivity/activation/")
    client.post("/workflows/inactivity/settings/", {"days": 10, "days_until_task": 3})
    lines = client.get("/workflows/inactivity/?tab=versions").context["lines"]
    assert [[(s["label"], s["value"], s["was"], s["changed"]) for s in line["settings"]] for line in lines] == [
        [("Days without a login", 10, 14, True), ("Days from the mail to the task", 3, 3, False)],
        [("Days without a login", 14, 14, False), ("Days from the mail to the task", 3, 3, False)],
    ]


def test_who_sees_a_part_is_told_that_figures_count_everything(browse, mira, olaf):
    actions.enable("inactivity", NOON)
    for address in ("/workflows/", "/workflows/inactivity/"):
        assert "Figures count the whole installation" in browse(olaf).get(address).content.decode()
        assert "Figures count the whole installation" not in browse(mira).get(address).content.decode()


def test_figures_of_a_workflow_with_a_goal_show_who_finished_without_it(browse, mira):
    workflow = actions.enable("onboarding", NOON)
    for state in ("reached", "done", "done"):
        account = factories.account()
        Enrollment.objects.create(
            workflow=workflow, version=workflow.version, account=account, state=state, due_at=NOON, trigger_key="once"
        )
    assert "2 finished without it · 0 left early" in browse(mira).get("/workflows/onboarding/").content.decode()
