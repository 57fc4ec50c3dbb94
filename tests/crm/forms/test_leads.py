"""What becomes of an entry: a lead, once; and of somebody known only blanks are filled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm import slots
from crm.accounts.models import Account, Contact
from crm.fields.models import CustomField
from crm.forms.actions import deciding
from crm.forms.models import Asked, FormEntry, PublicForm
from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.inbox.models import InboundPayload
from crm.outbox.models import Notification
from crm.pipelines.models import Deal, Pipeline, Stage
from crm.privacy import consent
from crm.team.models import Membership, Team, User
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON
from tests.crm.forms.conftest import send, work

pytestmark = pytest.mark.django_db


def submitted() -> TimelineEntry:
    return TimelineEntry.objects.get(kind="form.submitted")


def test_a_lead_of_somebody_new(lead_form: PublicForm, anybody: Client, sam: User) -> None:
    PublicForm.objects.update(owner_rule="person", owner=sam, outcome_settings={"task": "Call them", "days": 2})
    send(anybody, query="?utm_source=mail")
    work()
    account, contact = Account.objects.get(), Contact.objects.get()
    assert (account.name, account.kind, account.domain, account.owner, account.lifecycle) == (
        "Fjord AB", "company", "fjord.example", sam, "lead",
    )  # fmt: skip
    told = (contact.name, contact.email, contact.account, contact.language, contact.email_consent, contact.is_primary)
    assert told == ("Sofia Lindqvist", "sofia@fjord.example", account, "en", "", True)
    fact = submitted()
    assert (fact.account, fact.contact, fact.source, fact.channel) == (account, contact, "customer", "form")
    assert fact.payload["said"] == {
        "Your name": "Sofia Lindqvist", "E-mail": "Sofia@fjord.example", "Company": "Fjord AB",
        "Your message": "Please show us.",
    }  # fmt: skip
    assert fact.payload["came_from"] == {"page": "http://testserver/f/demo/", "utm_source": "mail"}
    task = Task.objects.get()
    assert (task.title, task.owner, task.due_at) == (
        "Call them: Sofia Lindqvist", sam, NOON + timedelta(minutes=1, days=2),
    )  # fmt: skip
    assert Notification.objects.get(kind="form.submitted").user == sam
    entry = FormEntry.objects.get()
    assert (entry.state, entry.words, entry.account, entry.contact, entry.owner) == (
        "done", "A lead: a new customer", account, contact, sam,
    )  # fmt: skip
    assert InboundPayload.objects.get().addresses == ["sofia@fjord.example"]

    InboundPayload.objects.update(state="new", due_at=NOON, tries=0)
    work()
    assert (Account.objects.count(), TimelineEntry.objects.filter(kind="form.submitted").count()) == (1, 1)


def test_somebody_known_keeps_what_is_known(lead_form: PublicForm, anybody: Client, sofia: Contact) -> None:
    Contact.objects.filter(pk=sofia.pk).update(first_name="Sofia", last_name="Lindqvist", phone="", title="CFO")
    extra = [Asked("contact.phone", "Phone"), Asked("contact.title", "Title"), Asked("account.industry", "Trade")]
    PublicForm.objects.update(fields=[*lead_form.fields, *(one.kept() for one in extra)])
    name, accounts = sofia.account.name, Account.objects.count()
    send(anybody, given={
        "contact.name": "Sophie Lindqvist", "contact.email": sofia.email, "contact.phone": "+46 8 123 456",
        "contact.title": "cfo", "account.industry": "Freight",
    })  # fmt: skip
    work()
    sofia.refresh_from_db()
    assert (sofia.first_name, sofia.last_name, sofia.phone, sofia.title) == (
        "Sofia", "Lindqvist", "+46 8 123 456", "CFO",
    )  # fmt: skip
    account = Account.objects.get(pk=sofia.account_id)
    assert (account.name, account.industry, Account.objects.count()) == (name, "Freight", accounts)
    assert submitted().payload["differs"] == [
        "First name: they wrote “Sophie”, known is “Sofia”", f"Name: they wrote “Fjord AB”, known is “{name}”",
    ]  # fmt: skip
    assert FormEntry.objects.get().words == "A lead: somebody known"


@pytest.mark.parametrize(
    ("email", "domains", "same"),
    [
        ("new@fjord.example", ["fjord.example"], True), ("new@fjord.example", ["www.fjord.example"], True),
        ("new@fjord.example", ["fjord.example", "fjord.example"], False), ("new@gmail.com", ["gmail.com"], False),
    ],
)  # fmt: skip
def test_the_domain_tells_the_customer_if_it_is_one_alone(
    lead_form: PublicForm, anybody: Client, email: str, domains: list[str], same: bool
) -> None:
    known = [factories.account(f"Known {n}", domain=domain, industry="") for n, domain in enumerate(domains)]
    send(anybody, given={"contact.email": email})
    work()
    account = Contact.objects.get(email=email).account
    assert (account == known[0], Account.objects.count()) == (same, len(known) + (not same))


def test_without_a_company_they_are_a_customer_themselves(lead_form: PublicForm, anybody: Client) -> None:
    send(anybody, given={"account.name": "", "contact.email": "kim@gmail.com", "contact.name": ""})
    work()
    account = Account.objects.get()
    assert (account.kind, account.name, account.domain) == ("person", "kim@gmail.com", "")


def test_fields_of_ones_own_are_filled(lead_form: PublicForm, anybody: Client) -> None:
    options = [{"code": "x", "label": "Export"}]
    CustomField.objects.create(subject="account", key="seats", name="Seats", type="number", default=5)
    CustomField.objects.create(subject="contact", key="role", name="Role", type="choice", options=options)
    CustomField.objects.create(subject="contact", key="mate", name="Mate", type="user")
    extra = [
        Asked("account.custom.seats", "Seats", required=True), Asked("contact.custom.role", "Role"),
        Asked("contact.custom.mate", "Mate"),
    ]  # fmt: skip
    PublicForm.objects.update(fields=[*lead_form.fields, *(one.kept() for one in extra)])
    assert send(anybody).status_code == 422
    assert send(anybody, given={"account.custom.seats": "many"}).status_code == 422
    assert send(anybody, given={"account.custom.seats": "12", "contact.custom.role": "gone"}).status_code == 422
    assert "Mate" not in anybody.get("/f/demo/").content.decode()  # names of colleagues are ours
    assert send(anybody, given={"account.custom.seats": "12", "contact.custom.role": "x"}).status_code == 302
    work()
    assert (Account.objects.get().custom, Contact.objects.get().custom) == ({"seats": "12"}, {"role": "x"})


def test_consent_is_kept_with_its_words(lead_form: PublicForm, anybody: Client) -> None:
    PublicForm.objects.update(consent="Write me once a year.")
    send(anybody)
    work()
    contact = Contact.objects.get()
    assert (contact.email_consent, FormEntry.objects.get().consent) == ("", "")
    send(anybody, consent="on")
    work()
    contact.refresh_from_db()
    word = consent.history(contact)[0]
    fact = TimelineEntry.objects.get(kind="contact.consent_changed")
    assert (contact.email_consent, word.how, fact.payload["text"], fact.payload["form"]) == (
        "yes", "on a public form", "Write me once a year.", lead_form.pk,
    )  # fmt: skip
    assert (fact.payload["version"], fact.occurred_at) == (
        FormEntry.objects.latest("pk").consent,
        NOON + timedelta(seconds=10),
    )


def test_a_refusal_stands(lead_form: PublicForm, anybody: Client, sofia: Contact) -> None:
    PublicForm.objects.update(consent="Write me once a year.")
    Contact.objects.update(email_consent="no")
    send(anybody, consent="on", given={"contact.email": sofia.email})
    work()
    sofia.refresh_from_db()
    assert (sofia.email_consent, TimelineEntry.objects.filter(kind="contact.consent_changed").count()) == ("no", 0)
    assert "the refusal stands" in submitted().payload["differs"][-1]


def test_a_team_in_turn_and_the_owner_first(
    lead_form: PublicForm, anybody: Client, sam: User, mira: User, ada: User, sofia: Contact
) -> None:
    team = Team.objects.create(name="Sales")
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (sam, mira)])
    PublicForm.objects.update(owner_rule="team", team=team)
    for n in range(3):
        send(anybody, given={"contact.email": f"p{n}@gmail.com"})
        work()
    owners = list(FormEntry.objects.order_by("pk").values_list("owner", flat=True))
    first, second = sorted((sam.pk, mira.pk))
    assert owners == [first, second, first]
    Account.objects.filter(pk=sofia.account_id).update(owner=ada)
    send(anybody, given={"contact.email": sofia.email})
    work()
    assert FormEntry.objects.latest("pk").owner == ada
    PublicForm.objects.update(keeps_owner=False)
    send(anybody, given={"contact.email": sofia.email})
    work()
    assert FormEntry.objects.latest("pk").owner_id == second
    assert Account.objects.get(pk=sofia.account_id).owner == ada  # who owns them is for people to change


def test_what_is_suspected_waits_until_it_is_let_through(lead_form: PublicForm, anybody: Client, ada: User) -> None:
    links = {"message": "www.a.example www.b.example www.c.example"}
    send(anybody, given=links)
    send(anybody, given=links | {"contact.email": "other@x.example"})
    work()
    first, second = FormEntry.objects.order_by("pk")
    assert (Account.objects.count(), InboundPayload.objects.filter(state="ignored").count()) == (0, 2)
    InboundPayload.objects.filter(pk=first.payload_id).update(state="new", due_at=NOON, tries=0)
    work()  # reading it again is no decision
    assert Account.objects.count() == 0
    deciding.let_through(first.pk, ada, NOON)
    deciding.discard(second.pk, ada, NOON)
    work()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.decided_by, second.state, Account.objects.count()) == ("done", ada, "discarded", 1)
    with pytest.raises(deciding.NotPossible):
        deciding.let_through(second.pk, ada, NOON)
    with pytest.raises(UndoError):
        undo(Act.objects.get(kind="form.discarded"), ada, NOON)


def test_a_test_says_what_would_be_and_leaves_nothing(lead_form: PublicForm, ada: User, client: Client) -> None:
    client.force_login(ada)
    send(client, query="?test=1")
    work()
    entry = FormEntry.objects.get()
    assert (entry.test, entry.words) == (True, "A test, of which nothing is kept. It would be: A lead: a new customer")
    assert (Account.objects.count(), TimelineEntry.objects.count(), entry.account) == (0, 0, None)


def test_nobody_else_can_try_it(lead_form: PublicForm, anybody: Client) -> None:
    send(anybody, query="?test=1")
    assert FormEntry.objects.get().test is False


def test_an_outcome_that_is_gone_is_parked(lead_form: PublicForm, anybody: Client) -> None:
    PublicForm.objects.update(outcome="fax")
    send(anybody)
    work()
    entry = FormEntry.objects.for_list().get()
    assert (entry.state, "Choose another outcome" in entry.trouble) == ("waiting", True)


@pytest.mark.parametrize("archived", [False, True])
def test_a_lead_with_a_deal(lead_form: PublicForm, anybody: Client, sam: User, archived: bool) -> None:
    """Where the pipeline takes none, the lead is there all the same, and somebody is told why."""
    pipeline = Pipeline.objects.create(name="Sales")
    stage = Stage.objects.create(pipeline=pipeline, name="Talk", archived_at=NOON if archived else None)
    wanted: dict[str, Any] = {"pipeline": pipeline.pk, "stage": None, "amount": "450.00"}
    PublicForm.objects.update(outcome="deal", outcome_settings=wanted, owner_rule="person", owner=sam)
    send(anybody)
    work()
    InboundPayload.objects.update(state="new", due_at=NOON, tries=0)
    work()
    entry = FormEntry.objects.get()
    assert Account.objects.get().name == "Fjord AB"
    if archived:
        assert (Deal.objects.count(), "no open stage" in entry.words, Task.objects.get().owner) == (0, True, sam)
    else:
        deal = Deal.objects.get()
        assert (deal.stage, str(deal.amount), deal.owner, deal.title, deal.source) == (
            stage, "450.00", sam, "Book a demo: Fjord AB", "Book a demo",
        )  # fmt: skip
        assert deal.people.get().contact == Contact.objects.get()


def test_every_outcome_needs_what_it_can_ask_for() -> None:
    from crm.forms import targets

    for outcome in slots.form_outcomes:
        assert set(outcome.needs) <= targets.offered(outcome).keys()
