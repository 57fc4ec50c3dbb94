"""The shell around every page: the rail, the colours, what is said afterwards, and errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from crm import slots
from crm.team.models import User
from crm.web.context import shell


@pytest.fixture
def web(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def test_the_rail_marks_where_one_is_and_counts(web: Client) -> None:
    entry = slots.MenuEntry("Me", "user-round", "team:me", 99, count=lambda user: 7)

    with slots.menu.temporarily("me", entry):
        page = web.get("/me/").content.decode()

    assert '<a class="nav" href="/me/" aria-current="page">' in page
    assert '<span class="count">7</span>' in page
    assert '"morphIgnore": ["data-htmx-powered", "style"]' in page  # no swap writes a style, which the policy refuses


def test_the_rows_of_all_entries_are_counted_in_one_query(
    web: Client, sam: User, ada: User, django_assert_num_queries: Any
) -> None:
    people = slots.MenuEntry("People", "user-round", "team:me", 97, count=lambda user: User.objects.all())
    admins = slots.MenuEntry(
        "Admins", "user-round", "team:me", 98, count=lambda user: User.objects.filter(role="admin")
    )
    nobody = slots.MenuEntry("Nobody", "user-round", "team:me", 99, count=lambda user: User.objects.none())
    request = RequestFactory().get("/me/")
    request.user = sam
    assert sam.changed_rights == {}  # which signing in brings along

    with (
        slots.menu.temporarily("people", people),
        slots.menu.temporarily("admins", admins),
        slots.menu.temporarily("nobody", nobody),
        django_assert_num_queries(1),
    ):
        rail = {entry["label"]: entry["count"] for entry in shell(request)["rail"]()}

    assert (rail["People"], rail["Admins"], rail["Nobody"], rail["Tasks"]) == (2, 1, 0, 0)


def test_the_rail_leaves_out_what_a_role_may_not_see_and_rooms_without_pages(web: Client) -> None:
    hidden = slots.MenuEntry("Secret", "lock", "team:me", 98, roles=frozenset({"admin"}))
    absent = slots.MenuEntry("Absent", "lock", "nowhere:list", 99)

    with slots.menu.temporarily("secret", hidden), slots.menu.temporarily("absent", absent):
        page = web.get("/me/").content.decode()

    assert "Secret" not in page
    assert "Absent" not in page


def test_the_chosen_colours_come_with_the_page(web: Client) -> None:
    response = web.post("/theme/", {"theme": "dark", "next": "/me/"})

    assert response["Location"] == "/me/"
    assert '<html lang="en-GB" data-theme="dark">' in web.get("/me/").content.decode()
    web.post("/theme/", {"theme": "system", "next": "/me/"})
    assert '<html lang="en-GB">' in web.get("/me/").content.decode()


def test_colours_nobody_offers_and_foreign_addresses_are_not_taken(web: Client) -> None:
    response = web.post("/theme/", {"theme": "<b>", "next": "https://elsewhere.example/"})

    assert response["Location"] == "/"
    assert "theme" not in response.cookies
    assert web.get("/theme/").status_code == 405


def test_what_is_not_there_is_said_in_the_design(web: Client) -> None:
    response = web.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_pages_carry_no_inline_style_and_no_handler(web: Client) -> None:
    page = web.get("/me/").content.decode()

    assert " style=" not in page
    assert " onclick=" not in page
    assert "unsafe" not in web.get("/me/")["Content-Security-Policy"]


def test_a_page_that_breaks_needs_nothing_to_say_so() -> None:
    response = server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(sam: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sam)

    response = strict.post("/me/", {"name": "Other"})

    assert response.status_code == 403
    assert "That page had grown too old" in response.content.decode()
    sam.refresh_from_db()
    assert sam.name == "Sam"
