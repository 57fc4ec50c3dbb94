"""What history remembers of somebody who is to be forgotten: nothing, not even that they were deleted."""

from __future__ import annotations

import pytest
from django.db import transaction

from crm.accounts.models import Contact, ContactChange
from crm.history.actions import act
from crm.history.models import Act
from crm.slots import Person, owned_rows, traces
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_rows_sentences_and_what_was_kept_name_nobody(mira):
    anna = factories.contact(first_name="Anna", last_name="Verborgen", email="anna@kelp.example")
    other = factories.contact(first_name="Bert")
    with act("contact.merged", "merged Anna Verborgen into Bert", mira, NOON, {"kept": [{"record": "Anna Verborgen"}]}):
        Contact.objects.update(title="COO")
    person = Person(anna.pk, anna.account_id, ("Anna Verborgen", "anna@kelp.example"))
    with transaction.atomic():
        erase = owned_rows["contact_history"].on_erase
        assert callable(erase)
        erase(person, NOON)
        traces["history"](person, NOON)
        Contact.objects.filter(pk=anna.pk).delete()
    assert list(ContactChange.objects.values_list("pgh_obj", flat=True)) == [other.pk]
    deed = Act.objects.get()
    assert deed.label == "merged Erased person into Bert"
    assert deed.detail == {"kept": [{"record": "Erased person"}]}


def test_the_history_of_a_customer_stays(mira):
    anna = factories.contact()
    type(anna.account).objects.update(goal="x")
    erase = owned_rows["account_history"].on_erase
    assert callable(erase)
    erase(Person(anna.pk, anna.account_id, ()), NOON)
    assert Act.objects.count() == 1
    assert anna.account.__class__.objects.get().goal == "x"
