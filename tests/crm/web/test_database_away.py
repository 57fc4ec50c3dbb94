"""While the database is away, pages say so and when to come again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from psycopg_pool import PoolTimeout

from crm.team.models import User


@pytest.fixture
def sams(sam: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(sam)
    return client


def seen(client: Client, path: str, error: Exception) -> Any:
    """What a client gets while every use of the database fails so."""

    def away(*given: Any) -> None:
        with connection.wrap_database_errors:
            raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        return client.get(path)


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed"), PoolTimeout("after 5 s")])
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/accounts/"])
def test_pages_are_calm(sams: Client, error: Exception, path: str) -> None:
    response = seen(sams, path, error)

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "The database does not answer" in response.content.decode()
    assert str(error) not in response.content.decode()


def test_programs_get_a_problem_even_outside_its_views(sams: Client) -> None:
    response = seen(sams, "/api/v1/accounts/", OperationalError("gone"))

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")


def test_another_failure_is_no_such_thing(sams: Client) -> None:
    response = seen(sams, "/", RuntimeError("a mistake"))

    assert (response.status_code, "Retry-After" in response) == (500, False)
