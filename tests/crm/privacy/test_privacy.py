"""A person's own copy, their words on consent, and being forgotten."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm.accounts.actions.files import keep
from crm.accounts.models import Account, Contact, HandOff
from crm.correspondence.models import Mail, MailFile, MailThread
from crm.duplicates import merging
from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage, Suppression
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from retention.usage.models import UsageDay
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
#: In capitals and unlike any word of ours, so that one left anywhere is found.
FIRST, LAST, EMAIL, PHONE = "Zuleika", "Quxfeldt", "zuleika@kelp.example", "+49 30 7654321"


@pytest.fixture
def zuleika(mira: User) -> Contact:
    kelp = factories.account("Kelp & Co", owner=mira)
    person = factories.contact(kelp, first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE, title="CFO")
    other = factories.contact(kelp)
    facts = [
        Fact(kelp.pk, "note.written", f"Met {FIRST} {LAST}", NOON, contact_id=person.pk, payload={"note": "Likes tea"}),
        Fact(kelp.pk, "note.written", "A talk", NOON, contact_id=other.pk,
             payload={"note": f"Ms {LAST} decides; ask {EMAIL}", "minutes": 12}),
        Fact(kelp.pk, "contact.consent_changed", f"{FIRST} {LAST} agreed to mail, as noted by hand", NOON,
             contact_id=person.pk, source="person", actor_id=mira.pk),
    ]  # fmt: skip
    record(facts, now=NOON)
    HandOff.objects.create(account=kelp, version=1, decision_makers=f"{FIRST} {LAST} decides", written_by=mira)
    Account.objects.filter(pk=kelp.pk).update(goal=f"A quiet month for {FIRST} {LAST}")
    Task.objects.create(title=f"Call {FIRST} {LAST}", body="About tea", account=kelp, contact=person, due_at=NOON)
    UsageDay.objects.create(account=kelp, contact=person, feature="exports", day=date(2026, 5, 1), count=3)
    UsageDay.objects.create(account=kelp, contact=None, feature="exports", day=date(2026, 5, 1), count=4)
    written = template("Hello {{ contact.name }}", "Hello")
    draft = Draft(key="due", category="service", template_id=written, due_at=LATER, contact_id=person.pk,
                  facts={"contact": {"name": f"{FIRST} {LAST}"}})  # fmt: skip
    sent = Draft(key="sent", category="service", template_id=written, due_at=NOON, contact_id=person.pk)
    enqueue([draft, sent], now=NOON)
    OutboundMessage.objects.filter(key="sent").update(
        state="sent", to_address=EMAIL, rendered_subject=f"Hello {FIRST} {LAST}", rendered_body="Hello", sending_at=NOON
    )
    return person


def everything() -> str:
    """Every row of every table, as text."""
    said = []
    with connection.cursor() as cursor:
        for model in (m for m in apps.get_models() if m._meta.app_label in ("crm", "retention")):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {model._meta.db_table} t")
            said.append(f"{model._meta.db_table}: {cursor.fetchone()[0]}")
    return "\n".join(said)


def test_nothing_names_them_any_more_and_figures_stay(zuleika, ada, mira):
    zuleika.title = "Head of Tea"
    zuleika.save()  # history remembers what they were
    entries = TimelineEntry.objects.count()
    erase(zuleika.pk, ada, NOON)
    left = everything()
    for word in (LAST, EMAIL, PHONE, "+49307654321", "Likes tea", "About tea", "Head of Tea"):
        assert word not in left
    assert FIRST not in left
    assert TimelineEntry.objects.count() == entries + 1
    assert UsageDay.objects.get().count == 7
    note = TimelineEntry.objects.get(text="A talk")
    assert note.payload == {"note": "Ms Erased person decides; ask Erased person", "minutes": 12}
    own = TimelineEntry.objects.exclude(pk=note.pk).get(kind="note.written")
    since = "Who it was, and what was said, were erased on request on 1 Jun 2026."
    assert (own.text, own.payload) == ("A note about somebody who was erased", {"note": since})
    told = TimelineEntry.objects.get(kind="contact.erased")
    assert (told.text, told.actor, told.contact) == ("A person was erased on request", ada, None)
    deed = Act.objects.get(kind="contact.erased")
    assert deed.label == "erased a person at Kelp & Co"
    with pytest.raises(UndoError, match="cannot be undone"):
        undo(deed, ada, LATER)
    assert not Contact.objects.filter(pk=zuleika.pk).exists()


def test_what_was_sent_counts_and_what_waits_is_called_off(zuleika, ada):
    erase(zuleika.pk, ada, NOON)
    states = dict(OutboundMessage.objects.values_list("key", "state"))
    assert states == {"due": "cancelled", "sent": "sent"}
    sent = OutboundMessage.objects.get(key="sent")
    assert (sent.sending_at, sent.to_address, sent.rendered_body) == (NOON, "", "")


def test_no_later_import_brings_them_mail(zuleika, ada):
    erase(zuleika.pk, ada, NOON)
    assert EMAIL not in str(list(Suppression.objects.values_list("address", "reason")))
    again = factories.contact(zuleika.account, email=EMAIL)
    assert Suppression.among([again.email])[EMAIL].reason == "Erased on request"
    assert Suppression.among(["somebody@else.example"]) == {}


def test_a_merge_with_them_keeps_no_copy_and_cannot_be_undone(zuleika, ada):
    double = factories.contact(zuleika.account, first_name=FIRST, last_name="Qu")
    made = merging.merge("contact", double.pk, zuleika.pk, {"email": "keeper"}, ada, NOON)
    assert LAST in str(made.detail)
    erase(double.pk, ada, NOON)
    assert LAST not in everything()
    assert EMAIL not in everything()
    made.act.refresh_from_db()
    with pytest.raises(UndoError):
        undo(made.act, ada, LATER)
    assert not Contact.objects.filter(pk__in=[zuleika.pk, double.pk]).exists()


def test_a_customer_who_is_the_person_goes_by_no_name(ada):
    own = factories.account(f"{FIRST} {LAST}", kind=Account.Kind.PERSON, custom={"passport": "C01X00T47"})
    person = factories.contact(own, first_name=FIRST, last_name=LAST)
    page = signed_in(ada).get(reverse("privacy:erasure", args=[person.pk])).content.decode()
    assert "every field of your own" in page
    assert "what figures are counted by" in page
    erase(person.pk, ada, NOON)
    own.refresh_from_db()
    assert (own.name, own.custom) == ("Erased person", {})
    assert LAST not in everything()


# Pages ----------------------------------------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_wrong_name_erases_nobody(zuleika, ada):
    page = signed_in(ada)
    here = reverse("privacy:erasure", args=[zuleika.pk])
    assert page.get(here).status_code == 200
    assert page.post(here, {"name": "Somebody Else"}).status_code == 422
    assert Contact.objects.filter(pk=zuleika.pk).exists()
    assert page.post(here, {"name": f"{FIRST} {LAST}"})["Location"] == zuleika.account.get_absolute_url()
    assert not Contact.objects.filter(pk=zuleika.pk).exists()


def test_only_admins_erase(zuleika, mira):
    here = reverse("privacy:erasure", args=[zuleika.pk])
    assert signed_in(mira).post(here, {"name": f"{FIRST} {LAST}"}).status_code == 403
    assert Contact.objects.filter(pk=zuleika.pk).exists()


def test_their_copy_holds_all_of_it(zuleika, mira):
    answer = signed_in(mira).get(reverse("privacy:export", args=[zuleika.pk]))
    packed = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    data: dict[str, Any] = json.loads(packed.read("data.json"))
    assert (data["person"]["email"], data["person"]["account"]) == (EMAIL, "Kelp & Co")
    assert next(row["payload"] for row in data["entries"]) == {"note": "Likes tea"}
    assert [row["feature"] for row in data["usage"]] == ["exports"]
    assert [word["by"] for word in data["consent"]] == ["one of us"]
    assert {row["state"] for row in data["mails"]} == {"due", "sent"}


def test_their_copy_reads_in_words_and_names_nobody_else(zuleika, mira):
    factories.contact(zuleika.account, first_name="Otto", last_name="Weber", email="otto@kelp.example")
    said = "Otto Weber said so; Mira heard it from Frau Weber. Ask otto@kelp.example, third@else.example or " + EMAIL
    record(Fact(zuleika.account_id, "note.written", "A talk", NOON, contact_id=zuleika.pk, payload={"note": said}))
    answer = signed_in(mira).get(reverse("privacy:export", args=[zuleika.pk]))
    packed = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    page, data = packed.read("readable.html").decode(), packed.read("data.json").decode()
    for word in ("Otto", "Weber", "Mira", "otto@", "third@"):
        assert (word in page, word in data) == (False, False)
    told = (
        "another person said so; one of us heard it from Frau another person. Ask another person, another address "
        f"or {EMAIL}"
    )
    assert told in page
    assert told in data
    for sentence in (
        f"What we know about you, {FIRST} {LAST}", "<dt>Job title</dt><dd>CFO</dd>", "<dt>You are with</dt><dd>Kelp",
        "1 May 2026</time>exports: 3 ×", f"“Hello {FIRST} {LAST}” was sent", f"Call {FIRST} {LAST}: not done yet",
        "We hold nothing under: ", "where you write from",
    ):  # fmt: skip
        assert sentence in page
    for word in ("email_consent", "None", "rendered_body", "{&#x27;", "external_id"):
        assert word not in page


def test_their_files_come_along(zuleika, mira):
    thread = MailThread.objects.create(account=zuleika.account, contact=zuleika, subject="Plans")
    mail = Mail.objects.create(
        thread=thread, account=zuleika.account, contact=zuleika, direction="in", subject="Plans", occurred_at=NOON
    )
    names = ("../my plan.txt", "gone.txt", "theirs.txt")
    own, gone, _ = (keep(zuleika.account, ContentFile(b"Rooms: 3", name), mira, NOON) for name in names)
    for file in (own, gone):
        MailFile.objects.create(mail=mail, file=file)
    default_storage.delete(gone.stored_as)
    answer = signed_in(mira).get(reverse("privacy:export", args=[zuleika.pk]))
    packed = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    (name,) = (name for name in packed.namelist() if name.startswith("files/"))
    assert packed.read(name) == b"Rooms: 3"
    assert ".." not in name
    assert "my plan.txt" in packed.read("readable.html").decode()


def test_the_words_on_consent_stand_on_their_page(zuleika, mira):
    shown = signed_in(mira).get(reverse("privacy:person", args=[zuleika.pk])).content.decode()
    assert f"{FIRST} {LAST} agreed to mail, as noted by hand" in shown
    assert "noted by hand" in shown


def test_who_may_not_export_sees_no_way_to_it(zuleika, mira, sam):
    shown = {user: signed_in(user).get(f"/contacts/{zuleika.pk}/").content.decode() for user in (mira, sam)}
    way = reverse("privacy:person", args=[zuleika.pk])
    assert [way in page for page in shown.values()] == [True, False]
    assert "Consent to mail" in shown[sam]
