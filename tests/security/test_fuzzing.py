"""The API under requests that a machine makes up from its own schema: it refuses, it never breaks (T18)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from crm.config.wsgi import application
from crm.team.models import ApiToken, User
from tests.architecture.access import SECRET, World

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
SHORT, LONG = 6, 70  # examples for each operation and caller; there are about thirty pairs


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The server's own closing of connections after each request would end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations() -> Iterator[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)
    for found in schema.get_all_operations():
        yield found.ok()


def _made_real(case: Any, world: World, real: bool) -> None:
    """Half of the requests are about rows that exist: made-up numbers reach nothing but a 404."""
    if not real:
        return
    room = case.operation.path.split("/")[3]
    if "id" in case.path_parameters:
        case.path_parameters["id"] = world.of_api()[room]
    if "term_id" in case.path_parameters:
        case.path_parameters["term_id"] = world.contract.terms.earliest("starts_on").pk
    if "enrollment_id" in case.path_parameters:
        case.path_parameters["enrollment_id"] = world.enrollment.pk
    if "slug" in case.path_parameters:
        case.path_parameters["slug"] = world.workflow.slug
    if isinstance(case.body, dict):
        for name, pk in (("account", world.account.pk), ("contact", world.contact.pk)):
            if name in case.body:
                case.body[name] = pk


def fuzz(operation: Any, secret: str, world: World, examples: int) -> Iterator[str]:
    """The answers of one operation to one caller."""
    heard: list[str] = []

    @settings(
        max_examples=examples, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), real=st.booleans())
    def run(case: Any, real: bool) -> None:
        _made_real(case, world, real)
        headers = {"Authorization": f"Bearer {secret}"}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS, headers=headers)
        heard.append(answer.text)

    run()
    yield from heard


@pytest.mark.parametrize("examples", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("who", ["admin", "confined"])
def test_whatever_is_sent_is_answered(world: World, ada: User, olaf: User, who: str, examples: int) -> None:
    _, secret = ApiToken.issue({"admin": ada, "confined": olaf}[who], "write")
    heard = 0
    for operation in operations():
        for text in fuzz(operation, secret, world, examples):
            heard += 1
            assert who == "admin" or SECRET not in text, f"{operation.label} tells Olaf of a foreign row"
    assert heard >= 10 * examples


def test_nothing_is_answered_to_nobody(world: World) -> None:
    """ignored_auth: no token and a wrong one get 401 at every operation, and the schema says that one is needed."""
    for operation in operations():
        assert operation.definition.raw.get("security") == [{"token": []}] or operation.schema.raw_schema["security"]
        path = {"id": world.account.pk, "term_id": 1, "file_id": 1, "enrollment_id": 1, "slug": "renewal-reminder"}
        case = operation.Case(path_parameters=path, media_type="application/json")
        for headers in ({}, {"Authorization": "Bearer hf_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = case.call(headers=headers)
            assert answer.status_code == 401, operation.label
            assert json.loads(answer.text)["status"] == 401
    assert ignored_auth
