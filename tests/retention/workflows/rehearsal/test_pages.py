"""The tab of a rehearsal: asking, waiting, reading, and the names behind each figure."""

import re
from datetime import timedelta

import pytest

from retention.workflows.rehearsal import actions
from retention.workflows.rehearsal.models import Rehearsal, RehearsalLine
from retention.workflows.rehearsal.outcome import MOST_LINES
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import MAIL, TASK

DAY = timedelta(days=1)
PAGE = "/workflows/test/"
PLAN = {"trigger": {"when": "silence", "days": 14}, "steps": [MAIL, TASK]}


@pytest.fixture
def workflow(publish):
    return publish(PLAN)


@pytest.fixture
def played(workflow, mira):
    """One that was played: two mails, of which one is held back, and eleven tasks on one day for Mira."""
    made = Rehearsal.objects.create(
        slug="test", name="Test", definition=workflow.version.definition,
        digest=actions.digest(workflow.version.definition), source="version 1", span="ahead",
        state="done", begins_at=NOON, ends_at=NOON + 30 * DAY, asked_at=NOON,
        result={
            "days": [["2026-06-03", "sent", "message", "", 1, 1], ["2026-06-04", "later", "message", "cap", 1, 1],
                     ["2026-06-04", "task", "task", "", 11, 2], ["2026-06-03", "entered", "", "", 2, 2]],
            "reached_people": 2, "team": [[mira.pk, "2026-06-04", 11]], "due_already": [[mira.pk, "2026-06-04", 2]],
            "under_way": 1,
        },
    )  # fmt: skip
    own, other = factories.account("Nadel", owner=mira), factories.account("Fremd")
    for account, day, outcome, guard in ((own, 3, "sent", ""), (other, 4, "later", "cap")):
        at = NOON.replace(day=day)
        RehearsalLine.objects.create(
            rehearsal=made, account=account, contact=factories.contact(account), at=at, day=at.date(), kind="message",
            step_id="hello", outcome=outcome, guard=guard, reason="Anna got 3 messages" if guard else "",
        )  # fmt: skip
    return made


def read(client, viewer, **asked):
    client.force_login(viewer)
    answer = client.get(PAGE, {"tab": "rehearsal", **asked})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_admin_asks_for_one_and_sees_it_wait(client, ada, workflow):
    assert "Not rehearsed yet" in read(client, ada)
    client.post("/workflows/test/rehearsals/", {"span": "back"})
    asked = Rehearsal.objects.get()
    assert (asked.slug, asked.span, asked.state, asked.source, asked.asked_by) == (
        "test", "back", "waiting", "version 1", ada,
    )  # fmt: skip
    assert "Waits for its turn" in read(client, ada)
    client.post(f"/workflows/test/rehearsals/{asked.pk}/cancellation/")
    assert Rehearsal.objects.get().state == "cancelled"


@pytest.mark.parametrize(("sent", "said"), [({"span": "ever"}, "Choose the next 30 days"), ({}, "Choose the next")])
def test_what_cannot_be_rehearsed_is_refused(client, ada, workflow, sent, said):
    client.force_login(ada)
    answer = client.post("/workflows/test/rehearsals/", sent, follow=True)
    assert said in answer.content.decode()
    assert not Rehearsal.objects.exists()


def test_only_admins_ask(client, mira, workflow):
    assert "Rehearse it" not in read(client, mira)
    assert client.post("/workflows/test/rehearsals/", {"span": "ahead"}).status_code == 403
    assert not Rehearsal.objects.exists()


def test_a_recipe_that_was_never_switched_on_can_be_rehearsed(client, ada):
    client.force_login(ada)
    client.post("/workflows/inactivity/rehearsals/", {"span": "ahead", "include_current": "on"})
    asked = Rehearsal.objects.get()
    assert (asked.slug, asked.source, asked.include_current) == ("inactivity", "the recipe", True)


def test_figures_and_who_has_more_than_fits(client, ada, played):
    page = read(client, ada)
    assert (
        "2 messages would be sent to 2 people, 1 of them later than planned, by the cap on how many one person gets. "
        "11 tasks. Nothing was sent." in page
    )
    assert "for 1 colleague<" in page
    assert "too much on 1 day" in page
    assert "Nobody knows who will be seen" in page
    assert "changed since" not in page
    played.digest = "another"
    played.save()
    assert "The workflow has changed since." in read(client, ada)


def test_mail_that_is_not_sent_is_no_message_to_anybody(client, ada, played):
    played.result |= {
        "days": [["2026-06-03", "sent", "message", "", 5, 5], ["2026-06-03", "skipped", "message", "consent", 3, 3],
                 ["2026-06-04", "waiting", "message", "cap", 1, 1]],
        "reached_people": 4,
    }  # fmt: skip
    played.save()
    page = read(client, ada)
    assert "5 messages would be sent to 4 people. 4 more would not be sent in this time: 3 for want of consent" in page
    played.result["days"] = played.result["days"][1:2]
    played.save()
    page = read(client, ada)
    assert "3 messages would not be sent in this time, for want of consent. Nothing was sent." in page
    assert "to 4 people" not in page


def test_a_rehearsal_from_before_people_were_counted_names_no_number_of_them(client, ada, played):
    del played.result["reached_people"]
    played.save()
    assert "2 messages would be sent, 1 of them later" in read(client, ada)


@pytest.mark.parametrize(
    ("team", "said"), [([], "nobody gets one"), ([None], "for the admins’ pool"),
                       (["mira", None], "for 1 colleague and for the admins’ pool"),
                       (["mira", "ada"], "for 2 colleagues")]
)  # fmt: skip
def test_whose_the_tasks_are(client, ada, mira, played, team, said):
    users = {"mira": mira.pk, "ada": ada.pk, None: None}
    played.result["team"] = [[users[name], "2026-06-04", 1] for name in team]
    played.save()
    assert f"<small>{said}</small>" in read(client, ada)


def test_it_says_what_it_leaves_out(client, ada, played):
    page = read(client, ada)
    assert "At most 500 texts are written out" in page
    assert "What its own steps do starts no other workflow." in page
    assert "Names are kept" not in page
    played.result["lines"] = MOST_LINES
    played.save()
    assert "Names are kept" not in read(client, ada)
    played.result["lines"] = MOST_LINES + 1
    played.span = "back"
    played.save()
    page = read(client, ada)
    assert "Names are kept for the first 400,000 of 400,001 events" in page
    assert "What its own steps do starts no other workflow." in page


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 second."), (1.5, "2 seconds."), (89.4, "89 seconds."), (90, "2 minutes."),
                          (None, "")]
)  # fmt: skip
def test_how_long_it_may_take(client, ada, played, seconds, said):
    if seconds is not None:
        played.result["seconds"] = seconds
        played.save()
    page = read(client, ada)
    assert (f"The last one took {said}" if said else "it takes some minutes") in page
    assert "after 15 minutes it is stopped" in page


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"show": "messages"}, {"Nadel", "Fremd"}), ({"show": "sent"}, {"Nadel", "Fremd"}),
        ({"show": "held"}, {"Fremd"}),
        ({"show": "unsent"}, set()), ({"guard": "cap"}, {"Fremd"}), ({"guard": "none"}, set()),
        ({"day": "2026-06-03"}, {"Nadel"}), ({"show": "tasks"}, set()), ({"user": "0"}, set()),
    ],
)  # fmt: skip
def test_every_figure_opens_its_names(client, ada, played, asked, names):
    page = read(client, ada, run=played.pk, **asked)
    assert {name for name in ("Nadel", "Fremd") if f"<b>{name}</b>" in page} == names


def test_one_customer_alone(client, ada, played):
    line = RehearsalLine.objects.get(outcome="later")
    page = read(client, ada, run=played.pk, who=line.account_id)
    assert "Anna got 3 messages" in page
    assert f'href="/accounts/{line.account_id}/"' in page
    assert "<b>Nadel</b>" not in page


def test_names_stand_behind_the_gate(client, olaf, played, mira):
    played.lines.filter(account__name="Nadel").update(user=mira)
    page = read(client, olaf, run=played.pk, show="messages")
    assert "<b>Fremd</b>" in page  # nobody owns it
    assert "Nadel" not in page
    nadel = RehearsalLine.objects.get(account__name="Nadel")
    assert "Nadel" not in read(client, olaf, run=played.pk, who=nadel.account_id)


def test_nonsense_in_the_address_is_passed_over(client, ada, played):
    page = read(client, ada, run="x", show="all", day="32.13.", user="-1", who="9" * 30)
    assert "2 messages would be sent to 2 people" in page
    assert (
        client.get(PAGE, {"tab": "rehearsal", "run": played.pk, "show": "sent", "cursor": "broken"}).status_code == 400
    )


def test_names_come_page_by_page(client, ada, played):
    line = RehearsalLine.objects.get(outcome="sent")
    RehearsalLine.objects.bulk_create([
        RehearsalLine(rehearsal=played, account=line.account, at=line.at, day=line.day, kind="message", outcome="sent")
        for _ in range(60)
    ])  # fmt: skip
    client.force_login(ada)
    page = client.get(PAGE, {"tab": "rehearsal", "run": played.pk, "show": "sent"}).content.decode()
    assert page.count("<b>Nadel</b>") + page.count("<b>Fremd</b>") == 50
    cursor = page.split("cursor=")[1].split('"')[0]
    more = client.get(
        f"{PAGE}?tab=rehearsal&run={played.pk}&show=sent&cursor={cursor}", headers={"HX-Request": "true"}
    ).content.decode()
    assert more.count("<b>Nadel</b>") + more.count("<b>Fremd</b>") == 12
    assert "<html" not in more


def test_beside_the_steps_stands_what_the_next_days_bring(client, ada, played):
    client.force_login(ada)
    card = "Next 30 days, rehearsed"
    assert card in client.get("/workflows/test/").content.decode()
    played.digest = "of something else"
    played.save()
    assert card not in client.get("/workflows/test/").content.decode()


def test_a_page_asks_little(client, ada, played, django_assert_max_num_queries):
    client.force_login(ada)
    client.get(PAGE, {"tab": "rehearsal"})
    with django_assert_max_num_queries(14):  # with who is signed in
        client.get(PAGE, {"tab": "rehearsal", "run": played.pk, "show": "messages"})


@pytest.mark.parametrize("count", [9, 900, 9_000, 900_000])
def test_the_numbers_beside_the_bars_have_room(client, ada, played, count):
    played.result["days"] = [["2026-06-03", "sent", "message", "", count, count]]
    played.save()
    page = read(client, ada)
    chart = page.split('class="chart rehearsed"')[1].split("</svg>")[0]
    ends = {
        (float(x), len(words)) for x, words in re.findall(r'<text x="(\d+)"[^>]*text-anchor="end">([\d,]+)<', chart)
    }
    assert ends
    assert all(x >= 6 * length for x, length in ends)
