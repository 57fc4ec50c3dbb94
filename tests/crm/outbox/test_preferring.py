"""The page at the foot of a mail: what somebody chooses holds at once, and nothing but a post chooses."""

from __future__ import annotations

from datetime import timedelta
from string import Formatter

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox import saying, unsubscribing
from crm.outbox.models import Topic
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)
SAVE = {"save": "1", "topics": ["tips", "offers"], "pace": "", "pause": "0", "language": ""}


@pytest.fixture
def anna(db: None) -> Contact:
    for slug, categories in (("tips", ["service"]), ("offers", ["marketing"])):
        Topic.objects.update_or_create(slug=slug, defaults={"name": slug.title(), "categories": categories})
    Topic.objects.exclude(slug__in=["tips", "offers"]).delete()
    return factories.contact(factories.account("Kelp & Co"), first_name="Anna", email="anna@kelp.example")


@pytest.fixture
def outside() -> Client:
    return Client(enforce_csrf_checks=True)


def link_of(contact: Contact) -> str:
    return unsubscribing.url_for(contact.pk).removeprefix("http://localhost:8000")


def wishes(contact: Contact) -> tuple[list[str], str, object, str, str]:
    row = Contact.objects.get(pk=contact.pk)
    return row.refused_topics, row.mail_pace, row.mail_paused_until, row.language, row.email_consent


def test_opening_it_shows_what_holds_and_changes_nothing(outside: Client, anna: Contact) -> None:
    before = Contact.objects.values().get(pk=anna.pk)
    for _ in range(3):
        page = outside.get(link_of(anna)).content.decode()
        assert outside.head(link_of(anna)).status_code == 200
        assert (
            outside.get(link_of(anna), {"save": "1", "undo": "1", "List-Unsubscribe": "One-Click"}).status_code == 200
        )
    assert 'value="tips" checked' in page or 'value="tips" id="id_topics_0" checked' in page
    assert page.count("checked") == 3  # tips, as it comes, no pause; marketing was never agreed to
    assert Contact.objects.values().get(pk=anna.pk) == before
    assert not TimelineEntry.objects.exists()


def test_what_is_chosen_holds_and_is_told_with_what_was(outside: Client, anna: Contact) -> None:
    page = outside.post(link_of(anna), {"save": "1", "topics": [], "pace": "monthly", "pause": "90", "language": "de"})
    assert "Gespeichert." in page.content.decode()
    assert wishes(anna) == (["offers", "tips"], "monthly", NOON + 90 * DAY, "de", "")
    fact = TimelineEntry.objects.get()
    assert (fact.kind, fact.source, fact.actor) == ("email.preferences", "customer", None)
    assert "at most once a month" in fact.text

    outside.post(link_of(anna), {"back": "1"})
    assert wishes(anna) == ([], "", None, "", "")
    assert outside.post(link_of(anna), {"back": "1"}).content.decode().count("Nothing has changed") == 1


def test_a_tick_at_marketing_is_a_yes_and_its_absence_takes_none_back(outside: Client, anna: Contact) -> None:
    outside.post(link_of(anna), SAVE)
    assert wishes(anna) == ([], "", None, "", "yes")
    outside.post(link_of(anna), SAVE | {"topics": ["tips"]})
    assert wishes(anna) == (["offers"], "", None, "", "yes")


def test_whoever_wants_nothing_at_all_is_not_talked_round(outside: Client, anna: Contact) -> None:
    outside.post(link_of(anna))
    outside.post(link_of(anna), SAVE)
    assert wishes(anna)[4] == "no"


def test_a_pause_stays_until_somebody_says_otherwise(outside: Client, anna: Contact) -> None:
    outside.post(link_of(anna), SAVE | {"pause": "30"})
    page = outside.get(link_of(anna)).content.decode()
    assert "as it is" in page
    outside.post(link_of(anna), SAVE | {"pause": "as-it-is", "pace": "weekly"})
    assert wishes(anna)[1:3] == ("weekly", NOON + 30 * DAY)
    outside.post(link_of(anna), SAVE | {"pause": "0"})
    assert wishes(anna)[2] is None


@pytest.mark.parametrize(
    "wrong", [{"topics": ["no-such"]}, {"pace": "hourly"}, {"pause": "31"}, {"pause": "as-it-is"}, {"language": "xx"}]
)
def test_what_is_not_offered_is_refused_and_nothing_is_written(
    outside: Client, anna: Contact, wrong: dict[str, object]
) -> None:
    assert outside.post(link_of(anna), SAVE | wrong).status_code == 422
    assert wishes(anna) == ([], "", None, "", "")
    assert not TimelineEntry.objects.exists()


def test_a_topic_that_was_not_shown_stays_refused(outside: Client, anna: Contact) -> None:
    Contact.objects.filter(pk=anna.pk).update(refused_topics=["gone"])
    outside.post(link_of(anna), SAVE)
    assert wishes(anna)[0] == ["gone"]


@pytest.mark.parametrize(
    ("theirs", "house", "lang", "heading"),
    [
        ("de-AT", "", "de", "E-Mails an anna<wbr>@kelp.example"), ("", "fr", "fr", "E-mails à anna<wbr>@kelp.example"),
        ("nl", "fr", "nl", "E-mail aan anna<wbr>@kelp.example"), ("fi", "", "en", "Mail to anna<wbr>@kelp.example"),
        ("", "", "en", "Mail to anna<wbr>@kelp.example"),
    ],
)  # fmt: skip
def test_the_page_speaks_the_language_of_their_mail(
    outside: Client, anna: Contact, theirs: str, house: str, lang: str, heading: str
) -> None:
    Contact.objects.filter(pk=anna.pk).update(language=theirs, mail_paused_until=NOON + 30 * DAY)
    type(anna.account).objects.filter(pk=anna.account_id).update(language=house)
    page = outside.get(link_of(anna)).content.decode()
    assert f'<html lang="{lang}"' in page
    assert heading in page
    assert saying.WORDS[lang]["pace_weekly"] in page
    if lang == "de":
        assert "Bis 1.7.2026, wie es ist" in page
        assert "Undo" not in page
        assert "Save" not in page


@pytest.mark.parametrize("language", saying.WORDS)
def test_each_language_says_everything_and_names_the_same(language: str) -> None:
    def names(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    words = saying.WORDS[language]
    assert words.keys() == saying.ENGLISH.keys()
    assert {key: names(text) for key, text in words.items()} == {k: names(t) for k, t in saying.ENGLISH.items()}
