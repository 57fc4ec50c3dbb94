"""The builder: what an admin can make, what is refused, and that each change can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from crm.fields.models import CustomField
from crm.forms.models import FormEntry, PublicForm
from crm.history.actions import undo
from crm.history.models import Act
from crm.inbox.models import InboundPayload
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.forms.conftest import posted, send, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def admins(ada: User, client: Client) -> Client:
    client.force_login(ada)
    return client


def save(client: Client, data: QueryDict, path: str) -> Any:
    return client.post(path, data.urlencode(), content_type="application/x-www-form-urlencoded")


def order(form: PublicForm) -> list[str]:
    form.refresh_from_db()
    return [one.target for one in form.asked]


def test_admins_make_a_form(admins: Client, ada: User, anybody: Client) -> None:
    fresh = admins.get("/settings/forms/new/")
    assert [one.target for one in fresh.context["draft"].fields.asked] == ["contact.email"]
    data = posted(PublicForm(name="Ask us anything", outcome="lead", button="Go", fields=[]))
    data.setlist("field", ["message", "contact.email"])
    data["label:message"], data["label:contact.email"], data["required:contact.email"] = "Say", "Mail", "on"
    data["origins"], data["lead-task"] = "https://www.crm.example/", "Call"
    assert save(admins, data, "/settings/forms/new/").status_code == 302
    row = PublicForm.objects.get()
    assert (row.slug, row.title, row.origins, row.outcome_settings) == (
        "ask-us-anything", "Ask us anything", ["https://www.crm.example"], {"task": "Call", "days": None},
    )  # fmt: skip
    assert order(row) == ["message", "contact.email"]
    assert "Ask us anything" in anybody.get(row.get_absolute_url()).content.decode()
    page = admins.get(f"/settings/forms/{row.pk}/").content.decode()
    assert "embed.js" in page
    assert save(admins, data, "/settings/forms/new/").status_code == 422  # its address is taken
    undo(Act.objects.get(kind="form.added"), ada, NOON)
    assert not PublicForm.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"origins": "javascript:alert(1)"}, "the beginning of an address alone"),
        ({"origins": "https://a.example/path"}, "the beginning of an address alone"),
        ({"goes_to": "http://a.example/"}, "begins with https://"),
        ({"goes_to": "javascript:alert(1)"}, "begins with https://"),
        ({"owner_rule": "person"}, "Choose one."),
        ({"language": "nonsense"}, "“nonsense” is not in the list"),
        ({"outcome": "fax"}, "“fax” is not in the list"),
        ({"outcome": "ticket", "consent": "Write me"}, "this outcome makes none"),
        ({"outcome": "ticket"}, "This outcome makes nothing of it."),  # of the company
        ({"label:message": " "}, "Say what the field is called."),
        ({"label:message": "E-mail"}, "Two fields are called the same."),
        ({"options:account.name": "One"}, "One option alone is no choice."),
        ({"required:contact.email": None}, "it must be filled in"),
        ({"lead-days": "61"}, "Write 60 or less."),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    admins: Client, lead_form: PublicForm, more: dict[str, Any], words: str
) -> None:
    data = posted(lead_form, **{name: value for name, value in more.items() if value is not None})
    for name in (name for name, value in more.items() if value is None):
        del data[name]
    answer = save(admins, data, f"/settings/forms/{lead_form.pk}/")
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert PublicForm.objects.get().fields == lead_form.fields


def test_a_form_without_what_its_outcome_needs_is_refused(admins: Client, lead_form: PublicForm) -> None:
    data = posted(lead_form)
    data.setlist("field", ["message"])
    answer = save(admins, data, f"/settings/forms/{lead_form.pk}/")
    assert (answer.status_code, "This outcome needs the field" in answer.content.decode()) == (422, True)


def test_a_targets_that_does_not_exist_is_left_out(admins: Client, lead_form: PublicForm) -> None:
    """Nor are fields offered whose options are our colleagues."""
    CustomField.objects.create(subject="account", key="mate", name="Mate", type="user")
    CustomField.objects.create(subject="account", key="seats", name="Seats wanted", type="number")
    data = posted(lead_form)
    for name in ("account.owner", "account.custom.mate", "account.custom.seats"):
        data.appendlist("field", name)
        data[f"label:{name}"] = name
    assert save(admins, data, f"/settings/forms/{lead_form.pk}/").status_code == 302
    assert order(lead_form)[-2:] == ["message", "account.custom.seats"]
    page = admins.get("/settings/forms/new/").content.decode()
    assert ("Seats wanted" in page, "Mate" in page) == (True, False)


def test_fields_are_arranged_without_being_kept(admins: Client, lead_form: PublicForm) -> None:
    before = order(lead_form)
    path = f"/settings/forms/{lead_form.pk}/arranging/"

    def arranged(**more: str) -> list[str]:
        answer = save(admins, posted(lead_form, **more), path)
        assert answer.status_code == 200
        return [one.target for one in answer.context["draft"].fields.asked]

    name, email, company, message = before
    assert arranged(do=f"up:{message}") == [name, email, message, company]
    assert arranged(do=f"down:{name}") == [email, name, company, message]
    assert arranged(do=f"up:{name}") == before
    assert arranged(do=f"drop:{name}") == [email, company, message]
    assert arranged(adds="1", add="contact.phone") == [*before, "contact.phone"]
    assert arranged(do="up:nothing") == before
    assert order(lead_form) == before
    page = save(admins, posted(lead_form, name="Other <b>name</b>", do=f"up:{message}"), path).content.decode()
    assert "Other &lt;b&gt;name&lt;/b&gt;" in page
    shown = save(admins, posted(lead_form, title="Fresh", button="Off"), path.replace("arranging", "preview"))
    assert all(words in shown.content.decode() for words in ("Fresh", "Off", "Your message"))


def test_a_change_can_be_undone(admins: Client, ada: User, lead_form: PublicForm) -> None:
    data = posted(lead_form, title="New words")
    data.setlist("field", ["message", "contact.email"])
    assert save(admins, data, f"/settings/forms/{lead_form.pk}/").status_code == 302
    assert order(lead_form) == ["message", "contact.email"]
    act = Act.objects.get(kind="form.changed")
    assert "changed the form “Book a demo”" in admins.get(f"/history/acts/{act.pk}/").content.decode()
    undo(act, ada, NOON)
    assert (len(order(lead_form)), lead_form.title) == (4, "See it")


def test_switching_off_is_an_act(admins: Client, ada: User, lead_form: PublicForm, anybody: Client) -> None:
    admins.post(f"/settings/forms/{lead_form.pk}/switch/")
    assert anybody.get("/f/demo/").status_code == 410
    undo(Act.objects.get(kind="form.switched"), ada, NOON)
    assert anybody.get("/f/demo/").status_code == 200


def test_what_was_sent_is_listed(admins: Client, lead_form: PublicForm, anybody: Client) -> None:
    send(anybody)
    send(anybody, given={"contact.name": "www.spam.example"})
    work()
    held = FormEntry.objects.get(state="held")
    listed = admins.get("/settings/forms/").content.decode()
    assert ("1 held" in listed, "2 entries of Book a demo" in listed) == (True, True)
    page = admins.get(f"/settings/forms/{lead_form.pk}/entries/").content.decode()
    for words in ("Sofia Lindqvist", "A lead: a new customer", "A short answer holds a link", "Nobody on record"):
        assert words in page
    assert "Sofia" not in admins.get(f"/settings/forms/{lead_form.pk}/entries/?state=held").content.decode()
    assert admins.get(f"/settings/forms/{lead_form.pk}/entries/?state=x").status_code == 404
    admins.post(f"/settings/forms/entries/{held.pk}/passage/")
    assert InboundPayload.objects.get(pk=held.payload_id).state == "new"
    answer = admins.post(f"/settings/forms/entries/{held.pk}/discarding/", follow=True)
    assert "decided about this entry already" in answer.content.decode()
    found = admins.get("/search/?q=book").content.decode()
    assert "</mark> a demo" in found
