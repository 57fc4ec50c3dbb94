"""Search and the palette: what is found, in which order, how few questions are asked, and what nobody else sees."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection

from crm import slots
from crm.home import jumps, search
from crm.slots import Found, SearchSource
from crm.todos.actions import NewTask, create
from tests import factories
from tests.conftest import NOON

HTMX = {"HX-Request": "true"}


def found(user, text: str) -> dict[str, list[str]]:
    return {section["label"]: [unmarked(line["title"]) for line in section["lines"]]
            for section in search.found(user, text, 5)}  # fmt: skip


def unmarked(words: str) -> str:
    return unescape(words.replace("<mark>", "").replace("</mark>", ""))


@pytest.fixture
def people(db):
    kelp = factories.account("Kelp Foods", domain="kelp.example")
    return [
        factories.contact(
            kelp, first_name="Anna", last_name="Meyer", email="anna@kelp.example", phone="+49 30 123-4567"
        ),
        factories.contact(kelp, first_name="Ben", last_name="Zimmermann", email="zim@kelp.example"),
    ]


def test_accounts_that_begin_with_it_stand_first(ada):
    for name, domain in (("Sea Kelp", ""), ("Kelp Foods", ""), ("Reef", "kelp-reef.example"), ("Other", "")):
        factories.account(name, domain=domain)
    assert found(ada, "kelp")["Accounts"] == ["Kelp Foods", "Reef", "Sea Kelp"]
    assert found(ada, "KELP f")["Accounts"] == ["Kelp Foods"]


@pytest.mark.parametrize(
    "text", ["anna", "meyer", "Anna Mey", "nna", "anna@", "kelp.exa", "030 123", "0301234567", "+49 30 12", "1234567"]
)
def test_people_by_name_mail_and_number(ada, people, text):
    assert "Anna Meyer" in found(ada, text)["People"]


def test_two_letters_find_what_begins_with_them(ada, people):
    assert found(ada, "an")["People"] == ["Anna Meyer"]
    assert "People" not in found(ada, "ey")


def test_what_can_be_done_about_the_customer_of_the_page_comes_first(client, ada, people):
    client.force_login(ada)
    kelp = people[0].account

    def first(text: str, here: str = kelp.get_absolute_url()) -> list[str]:
        shown = jumps.somebody_at(here, ada)
        section = search.found(ada, text, 5, shown)[0]
        return [section["label"], *(unmarked(line["title"]) for line in section["lines"])]

    acts = ["Log a call with Kelp Foods", "Plan a call with Kelp Foods", "Write to Kelp Foods"]
    assert first("") == first("kelp") == ["Kelp Foods", *acts]
    assert first("note") == ["Kelp Foods", acts[0]]
    assert first("anna")[0] == "People"
    for elsewhere in ("/accounts/", "/accounts/999999/", "/contacts/999999/", "", "no address"):
        assert first("kelp", elsewhere)[0] == "Accounts"
    answer = client.get("/search/", {"q": "kelp", "here": kelp.get_absolute_url()}, headers=HTMX).content.decode()
    assert f'href="{kelp.get_absolute_url()}?log=1#log"' in answer


def test_what_can_be_done_about_the_person_of_the_page_comes_first(client, ada, people):
    client.force_login(ada)
    anna = people[0]

    def offered(text: str) -> dict[str, str]:
        section = search.found(ada, text, 5, jumps.somebody_at(anna.get_absolute_url(), ada))[0]
        assert section["label"] == "Anna Meyer"
        return {unmarked(line["title"]): line["url"] for line in section["lines"]}

    assert list(offered("")) == list(offered("anna")) == [
        "Write to Anna Meyer", "Log a call with Anna Meyer", "Plan a call with Anna Meyer",
        "Add a note about Anna Meyer", "New task about Anna Meyer",
    ]  # fmt: skip
    for url in offered("").values():  # each begins with her
        page = client.get(url).content.decode()
        assert re.search(rf'value="{anna.pk}"[^>]*(selected|checked)|Anna Meyer: |Kelp Foods #', page), url
    assert list(offered("note")) == ["Add a note about Anna Meyer"]


def test_nobody_is_offered_acts_about_a_customer_they_may_not_see(olaf, mira):
    account = factories.account(owner=mira)
    assert jumps.somebody_at(account.get_absolute_url(), mira) == account
    assert jumps.somebody_at(account.get_absolute_url(), olaf) is None
    person = factories.contact(account)
    assert jumps.somebody_at(person.get_absolute_url(), mira) == person
    assert jumps.somebody_at(person.get_absolute_url(), olaf) is None


def test_a_section_says_that_there_is_more(client, ada):
    for n in range(6):
        factories.account(name=f"Reed {n}")
    client.force_login(ada)
    palette = client.get("/search/", {"q": "reed"}, headers=HTMX).content.decode()
    assert palette.count("hit") > 5
    assert "Reed 4" in unmarked(palette)
    assert "Reed 5" not in unmarked(palette)
    assert "More accounts" in palette
    page = client.get("/search/", {"q": "reed"}).content.decode()
    assert "Reed 5" in unmarked(page)
    assert "more accounts" not in page.lower()


def test_what_is_alike_is_asked_only_when_nothing_was_found(ada, people):
    factories.account("Kestrel Motors")
    assert found(ada, "kestral motors")["Perhaps accounts"] == ["Kestrel Motors"]
    assert found(ada, "zimerman")["Perhaps people"] == ["Ben Zimmermann"]
    assert not any(label.startswith("Perhaps") for label in found(ada, "zimmer"))


def test_tasks_workflows_pages_and_things_to_do(ada, people):
    create([NewTask("Send the offer", NOON), NewTask("Offer done", NOON)])
    assert found(ada, "offer")["Tasks"] == ["Send the offer", "Offer done"]
    assert found(ada, "task")["Do"][0] == "New task"
    assert "Tasks" in found(ada, "tas")["Go to"]
    assert found(ada, "dark")["Do"][0] == "Switch to dark colours"
    assert found(ada, "call kelp")["Do"][0] == "Log a call with Kelp Foods"
    assert list(found(ada, "call kelp").items())[-1] == ("Or", ["Add a task: call kelp"])
    assert found(ada, "")["Do"][0] == "New task"
    assert "Accounts" not in found(ada, "")


def test_agents_find_no_pages_of_admins(ada, sam):
    assert "Engine room" in found(ada, "engine")["Go to"]
    assert found(sam, "insight")["Go to"][0] == "Ticket insight"
    assert "Go to" not in found(sam, "engine")


@pytest.mark.parametrize("text", ["Hidden", "hiden customer", "secret@hidden.example", "0170 999", "call hidden"])
def test_nobody_finds_what_they_may_not_see(client, mira, olaf, text):
    hidden = factories.account("Hidden Customer", owner=mira, domain="hidden.example")
    factories.contact(hidden, first_name="Hidden", last_name="Person", email="secret@hidden.example", phone="0170 9999")
    create([NewTask("Hidden task", NOON, hidden.pk, None, mira.pk)])
    client.force_login(olaf)
    page = unescape(client.get("/search/", {"q": text}).content.decode())
    assert not any(secret in unmarked(page) for secret in ("Hidden Customer", "Hidden Person", "Hidden task"))
    client.force_login(mira)
    assert "Hidden" in unmarked(client.get("/search/", {"q": text}).content.decode())


def test_a_source_asks_one_question(client, ada, people, django_assert_max_num_queries):
    client.force_login(ada)
    client.get("/me/")
    for source in slots.search_sources:
        for find in filter(None, (source.find, source.alike)):
            with django_assert_max_num_queries(1):
                find(ada, "call kelp foods", 5)


def test_the_palette_gets_a_part_and_others_a_page(client, ada, people):
    client.force_login(ada)
    part = client.get("/search/", {"q": "anna"}, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "<mark>Anna</mark> Meyer" in part
    assert "data-palette-field" in client.get("/me/").content.decode()
    page = client.get("/search/", {"q": "anna"}).content.decode()
    assert "<html" in page
    assert 'value="anna"' in page
    assert "HX-Request" in client.get("/search/")["Vary"]


def test_what_stands_in_a_name_stays_text(client, ada):
    factories.account("<b>Kelp</b> & Co")
    client.force_login(ada)
    page = client.get("/search/", {"q": "<b>"}).content.decode()
    assert "<mark>&lt;b&gt;</mark>Kelp&lt;/b&gt; &amp; Co" in page
    for text in ("\0", "%", "_", "\\", "'", "x" * 5000, "(", "*", "   "):
        assert client.get("/search/", {"q": text}).status_code == 200


def test_a_slow_source_is_left_out_and_hides_no_other(ada, people, monkeypatch):
    def slow(viewer, text, limit):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")
        return [Found("Slow", "/", "x")]

    monkeypatch.setattr(search, "_LONGEST_MS", 50)
    with slots.search_sources.temporarily("slow", SearchSource("Slow", slow, order=15)):
        shown = found(ada, "anna")
    assert shown["People"] == ["Anna Meyer"]
    assert "Slow" not in shown
