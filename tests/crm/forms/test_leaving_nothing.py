"""What a program sends that no database holds, and what stays of somebody who is erased."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.exceptions import ValidationError

from crm.accounts.models import Contact
from crm.forms.api import _checked
from crm.forms.models import FormEntry, PublicForm
from crm.privacy.erasing import erase
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.forms.conftest import GIVEN, send, work

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("half", ["\ud800", "Sofia \udfff"])
def test_half_a_character_is_refused_before_it_is_taken(lead_form: PublicForm, half: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _checked(lead_form, {"answers": GIVEN | {"contact.name": half}})
    assert set(refused.value.detail["answers"]) == {"contact.name"}  # type: ignore[call-overload,index]
    assert _checked(lead_form, {"answers": GIVEN | {"contact.name": "Sofia 🙂"}}).answers["contact.name"] == "Sofia 🙂"


def test_an_address_that_names_an_erased_person_goes_with_them(
    lead_form: PublicForm, anybody: Client, ada: User
) -> None:
    send(anybody, query="?referrer=https://x.example/%3Femail=sofia@fjord.example&utm_source=letter")
    send(anybody, query="?utm_source=letter", given={"contact.email": "jon@fjord.example", "contact.name": "Jon Berg"})
    work()
    erase(Contact.objects.get(email="sofia@fjord.example").pk, ada, NOON)
    sofias, jons = FormEntry.objects.order_by("pk")
    assert (sofias.source, sofias.contact, jons.source["utm_source"]) == ({}, None, "letter")
