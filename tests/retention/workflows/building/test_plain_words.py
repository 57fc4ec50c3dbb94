"""What an admin meets who has filled in nothing yet: what matters comes first, and words name the place."""

from __future__ import annotations

import pytest

from crm.team.models import User
from retention.workflows import naming, wording
from retention.workflows.building import checking, drawing, shapes
from retention.workflows.building.asked import asked
from retention.workflows.building.filled import Form
from retention.workflows.building.views.desk import panel_of
from retention.workflows.kinds import step_kinds, trigger_kinds


def words_of(step):
    return [word for word, _ in shapes.ways(step)]


def test_a_new_split_has_two_ways_with_their_names_and_asks_for_no_winner():
    data = {"steps": []}
    made = drawing.new_step(data, "split")
    data["steps"].append(made)
    assert words_of(made) == ["A: 50 %", "B: 50 %"]
    assert not list(checking.of_step(made))
    assert "winner" not in [one.path[-1] for one in panel_of("x", data, "step:split").inputs]
    made["winner"] = "A"
    assert "winner" in [one.path[-1] for one in panel_of("x", data, "step:split").inputs]


def test_one_new_split_does_not_share_its_ways_with_the_next():
    first, second = drawing.new_step({"steps": []}, "split"), drawing.new_step({"steps": []}, "split")
    first["arms"][0]["name"] = "short"
    assert second["arms"][0]["name"] == "A"


def test_an_unfinished_step_parts_only_where_it_will():
    mail = {"id": "m", "do": "message"}
    assert words_of(mail) == []
    assert words_of(mail | {"if_late": "way"}) == ["not in time"]
    assert words_of(mail | {"late": [{"id": "t", "do": "task"}]}) == ["not in time"]
    assert words_of({"id": "w", "do": "await"}) == ["not in time"]
    assert words_of({"id": "b", "do": "branch"}) == ["yes", "no"]
    assert words_of({"id": "s", "do": "split", "arms": [{"name": "short"}, {}, {"name": "short"}]}) == [
        "short", "2", "short",
    ]  # fmt: skip


@pytest.mark.parametrize("when", trigger_kinds.names())
def test_a_start_asks_first_what_it_is_about_and_then_of_whom(when):
    names = [one.path[-1] for one in asked(trigger_kinds[when].model)]
    assert names[-1] == "where"


def test_a_mail_asks_for_its_words_first_and_for_lateness_last():
    names = [one.path[-1] for one in asked(step_kinds["message"].model)]
    assert names[:2] == ["subject", "body"]
    assert names[-2:] == ["late_after_days", "if_late"]


def told(data):
    return {(one.called, one.words) for one in checking.problems({"name": "x"} | data)}


def test_what_is_missing_is_named_with_its_field():
    start = {"when": "silence", "days": 14}
    steps = [{"id": "m", "do": "message", "subject": "x" * 301}, {"id": "w", "do": "wait", "for": {"days": -1}}]
    assert told({"trigger": start, "steps": steps}) == {
        ("Send a mail, Subject", "This has 300 characters at most."),
        ("Send a mail, Text", "Fill this in."),
        ("Wait, Days", "Give 0 or more."),
    }
    few = [{"id": "s", "do": "split", "arms": [{"name": "A"}]}]
    assert told({"trigger": start, "steps": few}) == {("Try two ways, Ways", "Give at least 2.")}


@pytest.mark.django_db
def test_a_step_that_changes_nothing_is_not_published():
    start = {"when": "silence", "days": 14}
    found = told({"trigger": start, "steps": [{"id": "s", "do": "set"}]})
    assert found == {("Change the customer", "It changes nothing: choose a tag or a field, or take the step out.")}


def test_other_languages_are_chosen_and_shown_by_name(browse, built, ada):
    client, slug = browse(ada), built.slug
    at = f"/workflows/{slug}/draft/steps/mail/"
    typed = {"v.subject": "Hello", "v.body": "Hi", "do": "more:v.languages", "v.languages.new": "de"}
    client.post(at, typed | {"typed": "1", "at": "step:mail"})
    page = client.get(f"/workflows/{slug}/building/?at=step:mail").content.decode()
    assert "<b>German</b>" in page
    assert '<option value="de">German</option>' in page  # to read it in, below
    offered = page.partition('name="v.languages.new"')[2].partition("</select>")[0]
    assert "French" in offered
    assert "German" not in offered


def test_the_look_is_at_the_language_that_was_chosen(browse, built, ada):
    typed = {"v.subject": "Hello", "v.body": "Hi", "v.languages.de.subject": "Hallo", "v.languages.de.body": "Servus"}
    answer = browse(ada).post(f"/workflows/{built.slug}/draft/preview/", typed | {"language": "de"})
    assert "Servus" in answer.content.decode()


def test_words_for_a_program_are_read_without_a_subject_and_not_sent_to_oneself(browse, built, ada):
    client, slug = browse(ada), built.slug
    client.post(f"/workflows/{slug}/draft/steps/", {"do": "webhook", "place": "::0"})
    page = client.get(f"/workflows/{slug}/building/?at=step:webhook").content.decode()
    assert "How it reads" in page
    assert "Send it to me" not in page
    look = client.post(f"/workflows/{slug}/draft/preview/", {"v.note": "Call {{ account.name }}"}).content.decode()
    assert "Call Sample &amp; Co" in look
    assert "subject" not in look
    empty = client.post(f"/workflows/{slug}/draft/preview/", {"v.subject": "", "v.body": "Hi"}).content.decode()
    assert "(no subject yet)" in empty


def test_what_was_done_with_a_step_names_it_without_quotes_inside_quotes():
    mail = {"id": "m", "do": "message", "subject": "Hello {{ contact.first_name }}", "body": "x"}
    assert drawing.line(mail).title == "Send “Hello [first name]”"
    assert drawing.name_of(mail) == "Send Hello [first name]"


@pytest.mark.django_db
def test_a_name_is_called_the_same_where_it_is_chosen_and_where_it_is_read():
    offered = dict(naming.offered())
    for path, label in offered.items():
        assert wording.in_words(f"To {{{{ {path} | default: 'x' }}}}.") == f"To [{label}]."
    assert wording.in_words("{{ trigger.cart_total }} {% if a %}b{% endif %}") == "[cart total] b"


def test_a_slip_in_a_letter_is_told_at_the_field_as_the_form_calls_it(browse, built, ada):
    start, wrong = {"when": "silence", "days": 14}, {"id": "m", "do": "message", "subject": "x", "body": "a\n{{ b"}
    assert {words for _, words in told({"trigger": start, "steps": [wrong]})} == {
        "Text, line 2: {{ is never closed by }}."
    }
    answer = browse(ada).post(f"/workflows/{built.slug}/draft/preview/", {"v.subject": "x", "v.body": "a\n{{ b"})
    assert "Text, line 2: {{ is never closed by }}." in answer.content.decode()


def test_the_flow_says_which_place_is_for_all_ways_and_which_languages_a_mail_has(browse, built, ada):
    client, slug = browse(ada), built.slug
    typed = {"v.subject": "Hello", "v.body": "Hi", "v.languages.de.subject": "Hallo", "v.languages.de.body": "Servus"}
    client.post(f"/workflows/{slug}/draft/steps/mail/", typed | {"do": "more:v.languages", "v.languages.new": "de"})
    client.post(f"/workflows/{slug}/draft/steps/mail/", typed)
    page = client.get(f"/workflows/{slug}/building/").content.decode()
    assert "Also in German." in page
    assert page.count("<span>Add a step for all ways</span>") == 1
    assert page.count("<span>Add a step</span>") == 2, "at the end of each way"


def test_where_there_is_nothing_to_choose_the_page_says_where_it_is_made(browse, built, ada):
    client, slug = browse(ada), built.slug
    client.post(f"/workflows/{slug}/draft/steps/", {"do": "webhook", "place": "::0"})
    page = client.get(f"/workflows/{slug}/building/?at=step:webhook").content.decode()
    assert "There is none yet." in page
    assert 'href="/settings/webhooks/new/"' in page


@pytest.mark.parametrize(("do", "at", "name"), [("await", "step:await", "same"), ("", "trigger", "keyed_by")])
def test_details_of_facts_are_offered_and_others_may_be_typed(browse, built, ada, do, at, name):
    client, slug = browse(ada), built.slug
    if do:
        client.post(f"/workflows/{slug}/draft/steps/", {"do": do, "place": "::0"})
        client.post(f"/workflows/{slug}/draft/steps/{do}/", {f"v.{name}": "cart.id"})
    else:
        client.post(f"/workflows/{slug}/draft/start/", {"when": "fact"})
        client.post(f"/workflows/{slug}/draft/trigger/", {"v.kind": "ticket.opened", f"v.{name}": "cart.id"})
    page = client.get(f"/workflows/{slug}/building/?at={at}").content.decode()
    assert '<option value="ticket">in facts about tickets</option>' in page
    assert '<option value="contract_id">in facts about contracts</option>' in page
    assert f'name="v.{name}" value="cart.id"' in page


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("2026-12-01T09:30", "2026-12-01T09:30"),
        ("2026-12-01T09:30:00+00:00", "2026-12-01T10:30"),
        ("soon", "soon"),
        (None, ""),
    ],
)
def test_a_moment_is_picked_from_a_calendar_on_the_houses_clock(settings, kept, shown):
    settings.TIME_ZONE = "Europe/Berlin"
    data = {"trigger": {"when": "once"} | ({"at": kept} if kept else {})}
    panel = panel_of("x", data, "trigger")
    (at,) = [one for one in Form(panel.inputs, panel.data, User()).inputs if one.name == "v.at"]
    assert (at.template, at.value) == ("retention/workflows/building/inputs/moment.html", shown)


def test_a_moment_that_is_not_given_is_asked_for_in_plain_words():
    for typed in ("", "soon", "2026-12-01T25:00"):
        assert [one.words for one in checking.of_trigger({"when": "once", "at": typed})] == [
            "Give a day and a time of day."
        ]
