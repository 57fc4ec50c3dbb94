"""The line at the foot of a mail speaks its reader's language, as the page behind it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.accounts.models import Contact
from crm.outbox.actions import work
from crm.outbox.saying import WORDS
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan


@pytest.mark.parametrize(
    ("theirs", "accounts", "spoken"),
    [
        ("de", "", "de"), ("fr-CA", "de", "fr"), ("", "es", "es"), ("ja", "nl_BE", "nl"), ("ja", "", "en"),
        ("", "", "en"),
    ],
)  # fmt: skip
def test_it_is_the_readers_then_the_customers_then_english(
    plan: Plan, anna: Contact, folder: Path, theirs: str, accounts: str, spoken: str
) -> None:
    Contact.objects.filter(pk=anna.pk).update(language=theirs)
    type(anna.account).objects.filter(pk=anna.account_id).update(language=accounts)
    message = plan(anna)
    work(NOON)
    message.refresh_from_db()
    foot = message.rendered_body.partition("\n--\n")[2]
    assert foot.startswith(f"{WORDS[spoken]['foot']} http")


def test_each_language_has_one_of_its_own() -> None:
    assert len({words["foot"] for words in WORDS.values()}) == len(WORDS) == 5
