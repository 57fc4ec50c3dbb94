"""Where people begin: on Today, or on the page that they chose, as long as it is there for them."""

from __future__ import annotations

import pytest
from django.test import Client

from crm import slots
from crm.slots import StartPage
from crm.team.models import RoleRight, User
from crm.team.starting import start_pages_for, start_url

pytestmark = pytest.mark.django_db

BOARD = StartPage("Board", "accounts:list", "view")
BOOKS = StartPage("Books", "settings:index", "merge")
GONE = StartPage("Gone", "nowhere:list", "view")


@pytest.fixture(autouse=True)
def pages() -> object:
    with (
        slots.start_pages.temporarily("board", BOARD),
        slots.start_pages.temporarily("books", BOOKS),
        slots.start_pages.temporarily("gone", GONE),
    ):
        yield


def choose(user: User, page: str) -> User:
    User.objects.filter(pk=user.pk).update(start_page=page)
    return User.objects.get(pk=user.pk)


def sign_in(client: Client, wanted: str | None = None) -> str:
    entered = {"login": "mira@example.com", "password": "correct horse"}
    response = client.post("/sign-in/", entered | ({} if wanted is None else {"next": wanted}))
    assert response.status_code == 302
    return response["Location"]


def test_without_a_choice_people_begin_on_today(client: Client, mira: User) -> None:
    assert mira.start_page == ""
    assert sign_in(client) == "/"


def test_people_begin_where_they_chose(client: Client, mira: User) -> None:
    choose(mira, "board")
    assert sign_in(client) == "/accounts/"


def test_the_bare_address_asks_for_no_page_in_particular(client: Client, mira: User) -> None:
    choose(mira, "board")
    door = client.get("/")
    assert door["Location"] == "/sign-in/?next=/"
    assert sign_in(client, "/") == "/accounts/"


def test_a_page_that_was_asked_for_comes_first(client: Client, mira: User) -> None:
    choose(mira, "board")
    assert sign_in(client, "/tasks/") == "/tasks/"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/"])
def test_an_address_of_others_leads_to_the_choice(client: Client, mira: User, wanted: str) -> None:
    choose(mira, "board")
    assert sign_in(client, wanted) == "/accounts/"


def test_whoever_is_signed_in_already_is_led_to_the_choice(client: Client, mira: User) -> None:
    client.force_login(choose(mira, "board"))
    assert client.get("/sign-in/")["Location"] == "/accounts/"


def test_the_name_of_the_house_goes_on_leading_to_today(client: Client, mira: User) -> None:
    client.force_login(choose(mira, "board"))
    page = client.get("/")
    assert page.status_code == 200
    assert page.resolver_match.view_name == "home:today"


@pytest.mark.parametrize("page", ["gone", "never-registered"])
def test_a_page_that_is_gone_means_today(mira: User, page: str) -> None:
    assert start_url(choose(mira, page)) == "/"


def test_a_page_that_one_may_not_open_means_today_until_one_may(ada: User, sam: User) -> None:
    assert start_url(choose(ada, "books")) == "/settings/"
    assert start_url(choose(sam, "books")) == "/"
    RoleRight.objects.create(role="agent", permission="merge", allowed=True)
    assert start_url(User.objects.get(pk=sam.pk)) == "/settings/"


def test_what_is_offered_is_what_one_can_open(ada: User, sam: User) -> None:
    assert {"board", "books"} <= set(start_pages_for(ada))
    assert {"board", "books"} & set(start_pages_for(sam)) == {"board"}
    assert "gone" not in start_pages_for(ada)


def test_people_choose_on_their_profile_and_take_it_back(client: Client, mira: User) -> None:
    client.force_login(mira)
    assert '<option value="board">Board</option>' in client.get("/me/").content.decode()
    profile = {"name": "Mira", "time_zone": "Europe/Berlin"}

    assert client.post("/me/", profile | {"start_page": "board"}).status_code == 302
    assert User.objects.get(pk=mira.pk).start_page == "board"
    assert '<option value="board" selected>Board</option>' in client.get("/me/").content.decode()

    assert client.post("/me/", profile | {"start_page": ""}).status_code == 302
    assert User.objects.get(pk=mira.pk).start_page == ""


@pytest.mark.parametrize("page", ["gone", "books", "/accounts/", "https://evil.example/"])
def test_a_page_that_is_not_offered_is_refused(client: Client, sam: User, page: str) -> None:
    client.force_login(sam)
    response = client.post("/me/", {"name": "Sam", "time_zone": "", "start_page": page})
    assert response.status_code == 422
    assert User.objects.get(pk=sam.pk).start_page == ""
