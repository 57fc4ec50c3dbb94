"""Mail to customers and words to colleagues: in whose language, with whose yes, how late, to whom."""

import pytest

from crm.outbox.models import Notification, OutboundMessage, Topic
from crm.team.models import Membership, Team
from crm.web import clock
from retention.workflows import definition, journal, triggers
from retention.workflows.definition import DefinitionError
from retention.workflows.models import StepRun
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK, silent
from tests.retention.workflows.steps.conftest import DUE, again, outcomes

GERMAN = {"subject": "Hallo {{ contact.first_name }}", "body": "Guten Tag"}
TELL = {"id": "tell", "do": "notify", "subject": "Look at {{ account.name }}", "body": "Please"}


@pytest.mark.parametrize(
    ("of_person", "of_account", "subject"),
    [
        ("de", "", "Hallo"), ("de-AT", "", "Hallo"), ("DE", "", "Hallo"), ("", "de", "Hallo"), ("fr", "de", "Hello"),
        ("", "", "Hello"), ("pt", "", "Hello"), ("pt-BR", "", "Oi"),
    ],
)  # fmt: skip
def test_a_mail_is_in_the_language_of_its_reader(walk, of_person, of_account, subject):
    account = factories.account(last_seen_at=NOON, language=of_account)
    factories.contact(account, language=of_person)
    walk({**MAIL, "languages": {"de": GERMAN, "pt-BR": {"subject": "Oi", "body": "Oi"}}})
    mail = OutboundMessage.objects.get()
    assert mail.template.subject.startswith(subject)
    language = {"Hallo": "de", "Oi": "pt-BR"}.get(subject)
    assert StepRun.objects.get().detail.get("language") == language


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"subject": "Hi {{ contact.nme }}"},
            "steps[0].subject, line 1: there is no “contact.nme”; there are",
        ),
        ({"body": "Hi\n{{ contract.paln }}"}, "steps[0].body, line 2: there is no “contract.paln”"),
        ({"body": "{{ konto.name }}"}, "steps[0].body, line 1: there is no “konto”; there are contact, account"),
        ({"body": "{{ account.custom.colour }}"}, "there is no field of your own “colour”; there are: none"),
        ({"languages": {"de": {**GERMAN, "body": "{{ x }}"}}}, "steps[0].languages.de.body, line 1: there is no “x”"),
        ({"languages": {"de": {**GERMAN, "body": "{{ x"}}}, "steps[0].languages.de: body, line 1: "),
        ({"languages": {"German": GERMAN}}, "steps[0].languages.German"),
        ({"topic": "nothing"}, "steps[0].topic: there is no topic 'nothing'"),
        ({"late": [TASK]}, "steps[0].late: these steps are never reached"),
    ],
)
def test_what_a_mail_names_must_be_there(db, change, says):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Test", **silent(), "steps": [{**MAIL, **change}]})
    assert says in str(refused.value)


def test_names_that_a_text_gives_itself_and_fall_backs_are_fine_and_a_published_one_is_read_whatever_is_gone(db):
    body = "{% assign x = contact.name | default: 'you' %}{{ x }} {{ trigger.text }} {{ settings.a }}"
    definition.parse({"name": "Test", **silent(), "steps": [{**MAIL, "body": body}]})
    gone = {"name": "Test", **silent(), "steps": [{**MAIL, "body": "{{ account.custom.gone }}"}]}
    assert definition.parse(gone, published=True).steps


def test_a_mail_waits_for_the_owners_yes_and_names_its_topic(walk, mira):
    Topic.objects.get_or_create(slug="tips", defaults={"name": "Tips and tricks", "categories": []})
    account = factories.account("Owned", last_seen_at=NOON, owner=mira)
    factories.contact(account, last_name="One")
    factories.contact(factories.account("Nobody’s", last_seen_at=NOON), last_name="Two")
    said = walk({**MAIL, "approval": True, "topic": "tips"})
    assert sorted(said) == [
        "Planned a mail to Anna One, once Mira says yes", "Planned a mail to Anna Two, once an admin says yes",
    ]  # fmt: skip
    rows = OutboundMessage.objects.values_list("state", "topic", "approver__name", "account__name")
    assert sorted(rows, key=str) == [("asked", "tips", "Mira", "Owned"), ("asked", "tips", None, "Nobody’s")]


@pytest.mark.parametrize(("late", "expires"), [("skip", DUE + 3 * DAY), ("send", None)])
def test_a_late_mail_is_skipped_or_sent_all_the_same(walk, late, expires):
    factories.contact(factories.account(last_seen_at=NOON))
    walk({**MAIL, "if_late": late})
    assert OutboundMessage.objects.get().expires_at == expires


@pytest.mark.parametrize(("late_by", "outcome"), [(3 * DAY, "Planned a mail"), (3 * DAY + DAY / 1000, "Not written")])
def test_a_late_mail_may_go_another_way(publish, run_at, late_by, outcome):
    publish(silent() | {"steps": [{**MAIL, "if_late": "way", "late": [TASK]}, {**TASK, "id": "both"}]})
    factories.contact(factories.account(last_seen_at=NOON))
    run_at(DUE - DAY)
    with clock.travelling(DUE):
        triggers.sweep(DUE)  # they enter in time, and then no worker comes by
    run_at(DUE + late_by)
    said = outcomes()
    assert said[0].startswith(outcome)
    assert len(said) == (3 if outcome == "Not written" else 2)


def test_a_batch_that_is_run_twice_plans_once(walk):
    factories.contact(factories.account(last_seen_at=NOON))
    factories.account("Without a person", last_seen_at=NOON)
    walk({**MAIL, "languages": {"de": GERMAN}})
    assert OutboundMessage.objects.count() == 2
    again()
    assert OutboundMessage.objects.count() == 2
    assert "Planned a mail to nobody: no e-mail known" in outcomes()


# Colleagues -----------------------------------------------------------------------------------------------------------


def test_a_team_is_told_by_mail_and_bell_once_each(walk, mira, sam, ada):
    team = Team.objects.create(name="Success")
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (mira, sam)])
    factories.account("Small", last_seen_at=NOON)
    assert walk({**TELL, "to": "group", "group": f"team:{team.pk}", "by": "both"}) == ["Planned a mail to 2 colleagues"]
    assert not any(journal.check(DUE).values())
    again()
    assert sorted(OutboundMessage.objects.values_list("user__name", flat=True)) == ["Mira", "Sam"]
    bells = Notification.objects.filter(kind="workflow.told").values_list("user__name", "text")
    assert sorted(bells) == [("Mira", "Look at Small"), ("Sam", "Look at Small")]


def test_a_person_is_told_by_the_bell_alone_and_the_owner_if_that_person_has_left(walk, mira, sam):
    factories.account(last_seen_at=NOON, owner=mira)
    assert walk({**TELL, "to": "person", "person": sam.pk, "by": "bell"}) == ["Told Sam"]
    assert not OutboundMessage.objects.exists()
    sam.is_active = False
    sam.save()
    Notification.objects.all().delete()
    again()
    assert Notification.objects.get(kind="workflow.told").user == mira


def test_without_an_owner_nobody_is_told(walk):
    factories.account(last_seen_at=NOON)
    assert walk(TELL) == ["Nobody owns this customer, so there was nobody to tell"]
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"to": "person"}, "steps[0]: say which person"),
        ({"to": "person", "person": 9}, "steps[0].person: nobody with an active sign-in"),
        ({"to": "group"}, "steps[0]: say which team or role"),
        ({"to": "group", "group": "team:99"}, "steps[0].group: there is nobody in this team or role"),
        ({"to": "group", "group": "club:1"}, "steps[0].group: String should match"),
        ({"to": "turn", "group": "team:1"}, "steps[0].to: Input should be"),
    ],
)
def test_whom_it_tells_must_be_there(db, change, says):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Test", **silent(), "steps": [{**TELL, **change}]})
    assert says in str(refused.value)
