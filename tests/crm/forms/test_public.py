"""The public page: what it refuses, whom it lets in, and that nothing written is lost or kept twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.forms import public_views, rules, tokens
from crm.forms.actions.arriving import Sent, store
from crm.forms.models import Asked, FormEntry, PublicForm
from crm.inbox.models import InboundPayload
from crm.web import clock
from tests.conftest import NOON
from tests.crm.forms.conftest import GIVEN, send, token_in

pytestmark = pytest.mark.django_db


def kept() -> int:
    assert InboundPayload.objects.count() == FormEntry.objects.count()
    return FormEntry.objects.count()


def test_anybody_sends_without_a_cookie_and_without_a_script(lead_form: PublicForm, anybody: Client) -> None:
    page = anybody.get("/f/demo/")
    assert (page.status_code, len(page.cookies), b"<script" in page.content) == (200, 0, False)
    answer = send(anybody)
    assert (answer.status_code, answer["Location"], kept()) == (302, "/f/demo/thanks/", 1)
    assert "We have your message" in anybody.get("/f/demo/thanks/").content.decode()
    entry = FormEntry.objects.get()
    assert (entry.state, entry.door, entry.source) == ("waiting", "page", {"page": "http://testserver/f/demo/"})


def test_sent_twice_it_is_one(lead_form: PublicForm, anybody: Client) -> None:
    token = token_in(anybody.get("/f/demo/"))
    assert [send(anybody, token=token).status_code for _ in range(2)] == [302, 302]
    assert kept() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_it_is_one(lead_form: PublicForm) -> None:
    both = Barrier(2)

    def one(_: int) -> bool:
        both.wait()
        try:
            return store(lead_form, Sent("same", GIVEN, {}), NOON) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]
    assert kept() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"contact.email": "nobody"}, "This is no e-mail address."),
        ({"contact.email": None}, "Give us an address to answer to."),
        ({"message": " "}, "Tell us what it is about."),
        ({"message": "x" * 20_001}, "At most 20000 characters"),
        ({"account.country": "XX"}, "Choose one of the list."),
        ({"account.domain": "no domain"}, "Write it as www.example.com."),
        ({"contact.phone": "call me"}, "Write a number as it is dialled"),
        ({"contact.name": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_written_stays(
    lead_form: PublicForm, anybody: Client, given: dict[str, Any], words: str
) -> None:
    extra = [Asked("account.country", "Country"), Asked("account.domain", "Web"), Asked("contact.phone", "Phone")]
    PublicForm.objects.update(fields=[*lead_form.fields, *(one.kept() for one in extra)])
    answer = send(anybody, given={"account.name": "<b>Kept</b>"} | given)
    page = answer.content.decode()
    assert (answer.status_code, words in page, "&lt;b&gt;Kept&lt;/b&gt;" in page, kept()) == (422, True, True, 0)


def test_options_of_an_admin_are_the_only_ones(lead_form: PublicForm, anybody: Client) -> None:
    one = Asked("account.industry", "Trade", required=True, options=("Retail", "Freight"))
    PublicForm.objects.update(fields=[*lead_form.fields, one.kept()])
    assert [send(anybody, given={"account.industry": said}).status_code for said in ("Mining", "", "Freight")] == [
        422, 422, 302,
    ]  # fmt: skip
    assert kept() == 1


def test_a_program_is_thanked_and_nothing_is_kept(lead_form: PublicForm, anybody: Client) -> None:
    assert (send(anybody, website="https://spam.example").status_code, kept()) == (302, 0)


def test_too_quick_is_asked_once_more(lead_form: PublicForm, anybody: Client) -> None:
    """The same page, a moment later, is taken; on the limit it is in time."""
    token = token_in(anybody.get("/f/demo/"))
    quick = send(anybody, token=token, after=rules.QUICKEST - timedelta(seconds=1))
    assert (quick.status_code, "That was very quick" in quick.content.decode(), kept()) == (422, True, 0)
    assert "Please show us." in quick.content.decode()
    assert send(anybody, token=token_in(quick), after=rules.QUICKEST).status_code == 302
    assert kept() == 1


def test_whoever_has_to_mend_an_answer_is_not_told_to_be_slower_as_well(lead_form: PublicForm, anybody: Client) -> None:
    token = token_in(anybody.get("/f/demo/"))
    quick, wrong = rules.QUICKEST - timedelta(seconds=1), {"contact.email": "nobody"}
    answer = send(anybody, token=token, after=quick, **wrong)
    said = answer.content.decode()
    assert ("That was very quick" in said, "something is missing below" in said, kept()) == (False, True, 0)
    mended = send(anybody, token=token_in(answer), after=quick)
    assert (mended.status_code, "That was very quick" in mended.content.decode()) == (422, True)


def test_too_old_is_asked_once_more_and_is_one_all_the_same(lead_form: PublicForm, anybody: Client) -> None:
    token = token_in(anybody.get("/f/demo/"))
    assert send(anybody, token=token, after=rules.OPEN_FOR).status_code == 302
    late = rules.OPEN_FOR + timedelta(seconds=1)
    old = send(anybody, token=token, after=late)
    assert (old.status_code, "open for too long" in old.content.decode(), kept()) == (422, True, 1)
    assert send(anybody, token=token_in(old), after=late).status_code == 302  # at once: it was asked for
    assert kept() == 1


@pytest.mark.parametrize("token", ["a:b:c", "", "other", "torn"])
def test_a_token_that_is_not_ours(lead_form: PublicForm, anybody: Client, token: str) -> None:
    other = PublicForm.objects.create(name="Other", slug="other", title="x", outcome="lead", fields=lead_form.fields)
    ours = tokens.issue(lead_form, NOON)
    forged = {"other": tokens.issue(other, NOON), "torn": f"{ours[:-1]}{'A' if ours[-1] != 'A' else 'B'}"}
    with clock.travelling(NOON + timedelta(minutes=1)):
        answer = anybody.post("/f/demo/", GIVEN | {"token": forged.get(token, token)})
        assert (answer.status_code, kept()) == (422, 0)
        again = anybody.post("/f/demo/", GIVEN | {"token": token_in(answer)})
        assert (again.status_code, "That was very quick" in again.content.decode()) == (422, True)
    assert send(anybody, token=token_in(again), at=NOON + timedelta(minutes=1)).status_code == 302
    assert kept() == 1


def test_another_page_cannot_send_it(lead_form: PublicForm, anybody: Client) -> None:
    """Not even one that may frame another form, or this one: a frame sends from our own page."""
    PublicForm.objects.update(origins=["https://www.nordwind.example"])
    for origin in ("https://evil.example", "https://www.nordwind.example", "nonsense"):
        assert send(anybody, headers={"origin": origin}).status_code == 403
    assert kept() == 0
    assert send(anybody, headers={"origin": "http://testserver"}).status_code == 302
    assert send(anybody, headers={"origin": "null"}).status_code == 302  # a sandboxed frame


def test_much_is_refused_before_it_is_read(
    lead_form: PublicForm, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_views, "_LARGEST_TEXT", 100)
    assert (send(anybody).status_code, kept()) == (413, 0)


def test_one_place_sends_so_many_and_no_more(lead_form: PublicForm, anybody: Client) -> None:
    other = PublicForm.objects.create(name="Other", slug="other", title="x", outcome="lead", fields=lead_form.fields)
    answers = [send(anybody) for _ in range(11)]
    assert [one.status_code for one in answers] == [302] * 10 + [429]
    assert "Please show us." in answers[-1].content.decode()
    assert kept() == 10
    assert send(anybody, other.slug).status_code == 302
    assert send(Client(enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.9")).status_code == 302


@pytest.mark.parametrize(
    ("given", "because"),
    [
        ({"message": "https://a.example https://b.example"}, ""),
        ({"message": "https://a.example http://b.example www.c.example"}, "It holds 3 links"),
        ({"contact.name": "Win at www.a.example"}, "A short answer holds a link"),
    ],
)
def test_what_looks_like_an_advertisement_waits_for_a_person(
    lead_form: PublicForm, anybody: Client, given: dict[str, str], because: str
) -> None:
    assert send(anybody, given=given).status_code == 302
    entry = FormEntry.objects.get()
    assert (entry.suspected, entry.state) == (because, "held" if because else "waiting")


def test_only_pages_that_it_names_may_frame_it(lead_form: PublicForm, anybody: Client) -> None:
    other = PublicForm.objects.create(
        name="Other",
        slug="other",
        title="x",
        outcome="lead",
        fields=lead_form.fields,
        origins=["https://other.example"],
    )
    plain = anybody.get("/f/demo/?embed=1")
    assert ("frame-ancestors 'none'" in plain["Content-Security-Policy"], plain["X-Frame-Options"]) == (True, "DENY")
    PublicForm.objects.filter(slug="demo").update(origins=["https://www.nordwind.example"])
    for path in ("/f/demo/", "/f/demo/thanks/"):
        framed = anybody.get(path)
        policy = framed["Content-Security-Policy"]
        assert "frame-ancestors 'self' https://www.nordwind.example" in policy
        assert "other.example" not in policy
        assert "X-Frame-Options" not in framed
    assert "nordwind" not in anybody.get(f"/f/{other.slug}/")["Content-Security-Policy"]


def test_its_script_speaks_to_pages_that_it_names_alone(lead_form: PublicForm, anybody: Client) -> None:
    PublicForm.objects.update(origins=["https://www.nordwind.example"])
    for page, spoken in (("https://www.nordwind.example/x", True), ("https://evil.example/x", False), ("", False)):
        said = anybody.get("/f/demo/", {"embed": "1", "page": page}).content.decode()
        assert ("data-parent" in said, "form_frame.js" in said) == (spoken, spoken)
    script = anybody.get("/f/demo/embed.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert script["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert anybody.get("/f/nothing/embed.js").status_code == 404


def test_where_somebody_came_from_is_kept(lead_form: PublicForm, anybody: Client) -> None:
    query = "?embed=1&page=https://a.example/prices&referrer=https://b.example/&utm_source=mail&utm_x=1&more=2"
    send(anybody, query=query)
    entry = FormEntry.objects.get()
    assert (entry.door, entry.source) == (
        "frame", {"page": "https://a.example/prices", "referrer": "https://b.example/", "utm_source": "mail"},
    )  # fmt: skip


def test_it_leads_where_its_admin_said(lead_form: PublicForm, anybody: Client) -> None:
    PublicForm.objects.update(goes_to="https://www.nordwind.example/thanks")
    answer = send(anybody)
    assert (answer.status_code, answer["Location"]) == (302, "https://www.nordwind.example/thanks")
    assert "form-action 'self' https://www.nordwind.example" in answer["Content-Security-Policy"]
    framed = anybody.get(send(anybody, query="?embed=1")["Location"]).content.decode()
    assert ('data-goes="https://www.nordwind.example/thanks"' in framed, 'target="_top"' in framed) == (True, True)


def test_switched_off_it_says_so_and_takes_nothing(lead_form: PublicForm, anybody: Client) -> None:
    token = token_in(anybody.get("/f/demo/"))
    PublicForm.objects.update(archived_at=NOON)
    page = anybody.get("/f/demo/")
    assert (page.status_code, "takes nothing at the moment" in page.content.decode()) == (410, True)
    assert (send(anybody, token=token).status_code, kept()) == (410, 0)


def test_words_on_consent_that_changed_are_read_again(lead_form: PublicForm, anybody: Client) -> None:
    PublicForm.objects.update(consent="Write me once a year.")
    token = token_in(anybody.get("/f/demo/"))
    PublicForm.objects.update(consent="Write me each day.")
    answer = send(anybody, token=token, consent="on")
    page = answer.content.decode()
    assert (answer.status_code, "Write me each day." in page, "checked" in page, kept()) == (422, True, False, 0)
    assert send(anybody, token=token_in(answer), consent="on").status_code == 302
    assert FormEntry.objects.get().consent == rules.version_of("Write me each day.")
