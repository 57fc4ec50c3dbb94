"""The builder's pages: every edit is a small POST that works as a plain form, for admins alone."""

from __future__ import annotations

import pytest

from crm.outbox.models import OutboundMessage
from crm.team.models import User
from retention.workflows.building import drafts
from retention.workflows.kinds import step_kinds, trigger_kinds
from retention.workflows.models import Workflow, WorkflowVersion
from tests import factories
from tests.conftest import NOON

BASE = "/workflows/silent/"
HTMX = {"HX-Request": "true"}


def edition():
    return Workflow.objects.get(slug="silent").draft_edition


def draft():
    return Workflow.objects.get(slug="silent").draft


def test_an_empty_page_becomes_a_published_workflow_by_plain_forms(browse, ada):
    client = browse(ada)
    assert client.post("/workflows/new/", {"how": "empty", "name": "Silent"}).url == f"{BASE}building/?at=starts"
    assert client.post(f"{BASE}draft/start/", {"when": "silence", "edition": edition()}).status_code == 302
    client.post(f"{BASE}draft/trigger/", {"v.days": "14", "edition": edition(), "typed": "1"})
    answer = client.post(f"{BASE}draft/steps/", {"do": "message", "place": "::0", "edition": edition()})
    assert "at=step%3Amessage" in answer.url
    words = {"v.subject": "Hello", "v.body": "How are you?", "v.category": "service", "v.late_after_days": "3"}
    client.post(f"{BASE}draft/steps/message/", words | {"edition": edition(), "typed": "1"})
    client.post(f"{BASE}draft/steps/", {"do": "wait", "place": "::1", "edition": edition()})
    fields = {"v.one_of": "v.for", "v.for.days": "3", "v.for.at": "09:00", "edition": edition(), "typed": "1"}
    client.post(f"{BASE}draft/steps/wait/", fields)
    client.post(f"{BASE}draft/publication/", {"edition": edition(), "note": "first"})
    version = WorkflowVersion.objects.get()
    steps = version.definition["steps"]
    assert [step["do"] for step in steps] == ["message", "wait"]
    assert steps[1]["for"]["days"] == 3
    assert steps[1]["for"]["at"] == "09:00:00"
    assert version.definition["trigger"]["days"] == 14
    assert client.post(f"{BASE}activation/").status_code == 302
    assert Workflow.objects.get(slug="silent").state == "on"


@pytest.mark.parametrize("who", ["mira", "sam", "olaf"])
@pytest.mark.parametrize("address", ["steps/", "steps/mail/", "steps/mail/removal/", "start/", "undo/", "publication/"])
def test_only_admins_build(browse, built, request, who, address):
    client, before = browse(request.getfixturevalue(who)), draft()
    assert client.post(f"{BASE}draft/{address}", {"do": "task", "place": "::0"}).status_code == 403
    assert client.get(f"{BASE}building/").status_code == 403
    assert client.post("/workflows/new/", {"name": "x"}).status_code == 403
    assert draft() == before


def test_others_read_what_is_published_and_no_draft(browse, built, ada, mira):
    assert "still building it" in browse(mira).get(BASE).content.decode()
    drafts.publish("silent", edition(), ada, NOON)
    assert "Hello" in browse(mira).get(BASE).content.decode()
    assert "name: Silent" in browse(mira).get(f"{BASE}file/").content.decode()
    assert browse(mira).get(f"{BASE}file/?draft=1").status_code == 403


@pytest.mark.parametrize("do", [name for name, kind in step_kinds.items() if not kind.room])
def test_every_kind_of_step_has_a_form(browse, built, ada, do):
    client = browse(ada)
    answer = client.post(f"{BASE}draft/steps/", {"do": do, "place": "::0", "edition": edition()})
    page = client.get(answer.url)
    assert page.status_code == 200
    assert step_kinds[do].label in page.content.decode()


@pytest.mark.parametrize("when", [name for name, kind in trigger_kinds.items() if not kind.room])
def test_every_kind_of_start_has_a_form(browse, built, ada, when):
    client = browse(ada)
    page = client.get(client.post(f"{BASE}draft/start/", {"when": when, "edition": edition()}).url)
    assert page.status_code == 200
    assert trigger_kinds[when].label in page.content.decode()


@pytest.mark.parametrize("at", ["", "whole", "leaving", "starts", "add&place=::0", "step:gone", "step:large"])
def test_every_panel_answers(browse, built, ada, at):
    assert browse(ada).get(f"{BASE}building/?at={at}").status_code == 200


def test_what_is_wrong_is_kept_and_said_at_its_field(browse, built, ada):
    client = browse(ada)
    typed = {"v.one_of": "v.for", "v.for.days": "many", "edition": edition(), "typed": "1", "quietly": "1"}
    page = client.post(f"{BASE}draft/steps/pause/", typed, headers=HTMX).content.decode()
    assert 'id="v-for-days-errors" hx-swap-oob="true"><span>Give a whole number.' in page
    assert draft()["steps"][1]["for"]["days"] == "many"
    assert "1 to finish" in page


def test_a_name_that_nothing_stands_behind_is_said_while_it_is_typed_whatever_else_is_missing(browse, built, ada):
    client = browse(ada)
    client.post(f"{BASE}draft/steps/", {"do": "task", "place": "::0", "edition": edition()})
    words = {"v.subject": "Hello", "v.body": "Hello {{ nobody.name }}", "v.category": "service"}
    typed = words | {"v.late_after_days": "3", "edition": edition(), "typed": "1", "quietly": "1"}
    page = client.post(f"{BASE}draft/steps/mail/", typed, headers=HTMX).content.decode()
    assert 'id="v-body-errors" hx-swap-oob="true"><span>Line 1: there is no “nobody”' in page
    assert "2 to finish" in page


def test_what_is_finished_while_it_is_typed_can_be_rehearsed_at_once(browse, built, ada):
    typed = {"v.to": "owner", "v.title": "Ring them", "v.due_in_days": "1", "typed": "1", "quietly": "1"}
    page = browse(ada).post(f"{BASE}draft/steps/call/", typed | {"edition": edition()}, headers=HTMX).content.decode()
    assert "?tab=rehearsal" in page


def test_a_task_is_not_sent_to_anybody_so_its_words_are_not_tried_on_oneself(browse, built, ada):
    client = browse(ada)
    assert "Send it to me" in client.get(f"{BASE}building/?at=step:mail").content.decode()
    assert "Send it to me" not in client.get(f"{BASE}building/?at=step:call").content.decode()
    look = client.post(f"{BASE}draft/preview/", {"v.title": "", "v.note": ""}).content.decode()
    assert "(nothing to do yet)" in look
    assert "(no subject yet)" in client.post(f"{BASE}draft/preview/", {"v.subject": ""}).content.decode()


def test_an_unfinished_filter_is_not_kept_and_the_one_before_stays(browse, built, ada):
    page = browse(ada).post(
        f"{BASE}draft/steps/large/",
        {"v.if.f0.how": "all", "v.if.f0-0.field": "", "edition": edition(), "quietly": "1", "typed": "1"},
        headers=HTMX,
    ).content.decode()  # fmt: skip
    assert "Not finished, so not kept yet" in page
    assert draft()["steps"][2]["if"] == {"field": "lifecycle", "op": "in", "value": ["customer"]}
    assert draft()["steps"][2]["then"][0]["id"] == "call"


def test_a_condition_that_was_added_this_moment_is_not_called_unfinished(browse, built, ada):
    typed = {"v.if.f0.how": "all", "v.if.f0-0.field": "", "edition": edition(), "quietly": "1", "do": "v.if.|add:f0"}
    page = browse(ada).post(f"{BASE}draft/steps/large/", typed, headers=HTMX).content.decode()
    assert "Not finished, so not kept yet" not in page
    assert draft()["steps"][2]["if"] == {"field": "lifecycle", "op": "in", "value": ["customer"]}


def test_a_filter_is_kept_as_the_builder_says_it(browse, built, ada):
    fields = {"v.if.f0.how": "all", "v.if.f0-0.field": "days_silent", "v.if.f0-0.op": ">=", "v.if.f0-0.value": "5"}
    browse(ada).post(f"{BASE}draft/steps/large/", fields | {"edition": edition(), "typed": "1"})
    assert draft()["steps"][2]["if"] == {"all": [{"field": "days_silent", "op": ">=", "value": "5"}]}


def test_who_was_overtaken_sees_it_and_loses_nothing(browse, built, ada):
    old, other = edition(), User.objects.create_user(email="ben@holdfast.example", name="Ben Other", role="admin")
    browse(other).post(f"{BASE}draft/steps/mail/", {"v.subject": "Ben’s", "v.body": "x", "edition": old, "typed": "1"})
    typed = {"v.subject": "Ada’s", "v.body": "y", "edition": old, "typed": "1", "at": "step:mail"}
    answer = browse(ada).post(f"{BASE}draft/steps/mail/", typed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Ben Other changed" in page
    assert "Ada’s" in page
    assert draft()["steps"][0]["subject"] == "Ben’s"


def test_taking_out_moving_and_undoing(browse, built, ada):
    client = browse(ada)
    client.post(f"{BASE}draft/steps/mail/moving/", {"way": "down", "edition": edition()})
    assert [step["id"] for step in draft()["steps"]] == ["pause", "mail", "large"]
    client.post(f"{BASE}draft/steps/large/removal/", {"edition": edition()})
    assert [step["id"] for step in draft()["steps"]] == ["pause", "mail"]
    for expected in (["pause", "mail", "large"], ["mail", "pause", "large"]):
        client.post(f"{BASE}draft/undo/")
        assert [step["id"] for step in draft()["steps"]] == expected
    client.post(f"{BASE}draft/steps/gone/removal/", {"edition": edition()})
    assert len(draft()["steps"]) == 3


def test_words_are_looked_at_with_the_facts_of_a_customer_one_may_see(browse, built, ada):
    account = factories.account(name="Kelp & Co")
    factories.contact(account, first_name="Kim", email="kim@kelp.example", is_primary=True)
    words = {"v.subject": "Dear {{ contact.first_name }}", "v.body": "{{ account.nmae }} at {{ account.name }}"}
    page = browse(ada).post(f"{BASE}draft/preview/", words | {"about": account.pk}).content.decode()
    assert "Dear Kim" in page
    assert "at Kelp &amp; Co" in page
    assert "“account.nmae” is not known here" in page
    assert "“First name” may be blank" in page
    assert "Dear Robin" in browse(ada).post(f"{BASE}draft/preview/", words).content.decode()
    wrong = browse(ada).post(f"{BASE}draft/preview/", {"v.subject": "{{ x", "v.body": "y"}).content.decode()
    assert "never closed" in wrong


def test_a_letter_to_oneself_leaves_by_the_outbox_and_is_limited(browse, built, ada):
    client, words = browse(ada), {"v.subject": "Hello {{ contact.first_name }}", "v.body": "x", "at": "step:mail"}
    for _ in range(21):
        client.post(f"{BASE}draft/trial/", words)
    sent = OutboundMessage.objects.filter(user=ada)
    assert sent.count() == 20
    assert all(message.is_test for message in sent)
    client.post(f"{BASE}draft/trial/", {"v.subject": "", "v.body": ""})
    assert sent.count() == 20


def test_a_file_that_cannot_be_read_makes_nothing(browse, ada):
    answer = browse(ada).post("/workflows/new/", {"how": "file", "text": "name: [", "name": ""})
    assert answer.status_code == 422
    assert "not readable as YAML" in answer.content.decode()
    wrong = "name: x\ntrigger: {when: silence, days: 9}\nsteps: [{id: a, do: wait, days: 1}, {id: b, do: wayt}]"
    answer = browse(ada).post("/workflows/new/", {"how": "file", "text": wrong})
    assert "step 2: there is no step “wayt”; there are await" in answer.content.decode()
    assert "broadcast" not in answer.content.decode().partition("there are await")[2].partition("<")[0]
    assert not Workflow.objects.exists()


def test_no_get_changes_anything(browse, built, ada):
    client, before = browse(ada), edition()
    for name in ("steps/", "start/", "undo/", "redo/", "publication/", "discarding/", "steps/mail/removal/"):
        assert client.get(f"{BASE}draft/{name}").status_code == 405
    assert edition() == before


def test_a_campaign_is_no_start_that_can_be_built_here(browse, built, ada):
    page = browse(ada).get(f"{BASE}building/?at=starts").content.decode()
    assert 'value="silence"' in page
    assert 'value="campaign"' not in page


def test_a_start_that_was_just_chosen_does_not_complain_of_what_nobody_has_typed(browse, built, ada):
    client = browse(ada)
    answer = client.post(f"{BASE}draft/start/", {"when": "lack", "edition": edition()})
    assert "fresh=1" in answer.url
    assert not any(one.errors for one in client.get(answer.url).context["form"].all())
    later = client.get(answer.url.replace("&fresh=1", "").replace("fresh=1&", ""))
    assert any(one.errors for one in later.context["form"].all())
