"""The schema describes the API that is there, and its page works under our Content-Security-Policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

#: What leaves is not kept for whoever asks a second time.
STREAMED = {"/api/v1/exports/"}


@pytest.fixture
def schema(db: None) -> dict[str, Any]:
    with GENERATOR_STATS.silence():
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-any-return, no-untyped-call]


#: They change nothing, and their answers must not be kept for a second asking.
SHOWN = {"/api/v1/webhooks/{id}/secret/", "/api/v1/leave-links/"}


def test_it_is_valid_and_complete(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    assert schema["openapi"] == "3.1.1"
    assert sorted(schema["paths"]) == [
        "/api/v1/account-values/", "/api/v1/account-values/{id}/", "/api/v1/account-values/{id}/recommendations/",
        "/api/v1/accounts/", "/api/v1/accounts/{id}/", "/api/v1/acts/", "/api/v1/acts/{id}/",
        "/api/v1/acts/{id}/undo/", "/api/v1/approvals/", "/api/v1/approvals/{id}/",
        "/api/v1/approvals/{id}/approval/", "/api/v1/approvals/{id}/reconsideration/",
        "/api/v1/approvals/{id}/refusal/", "/api/v1/approvals/{id}/rewording/", "/api/v1/blocked-senders/",
        "/api/v1/blocked-senders/{id}/", "/api/v1/blocked-senders/{id}/removal/", "/api/v1/campaigns/",
        "/api/v1/campaigns/{id}/", "/api/v1/campaigns/{id}/approval/", "/api/v1/campaigns/{id}/calling-off/",
        "/api/v1/campaigns/{id}/copies/", "/api/v1/campaigns/{id}/follow-ups/", "/api/v1/campaigns/{id}/planning/",
        "/api/v1/campaigns/{id}/reopening/", "/api/v1/contacts/", "/api/v1/contacts/{id}/", "/api/v1/contracts/",
        "/api/v1/contracts/{id}/", "/api/v1/contracts/{id}/cancellation/", "/api/v1/contracts/{id}/change/",
        "/api/v1/contracts/{id}/pause/", "/api/v1/contracts/{id}/reinstatement/",
        "/api/v1/contracts/{id}/resumption/", "/api/v1/contracts/{id}/saving/", "/api/v1/contracts/{id}/terms/",
        "/api/v1/contracts/{id}/terms/{term_id}/", "/api/v1/deals/", "/api/v1/deals/{id}/",
        "/api/v1/deals/{id}/loss/", "/api/v1/deals/{id}/place/", "/api/v1/deals/{id}/winning/",
        "/api/v1/dunning-cases/", "/api/v1/dunning-cases/{id}/", "/api/v1/dunning-cases/{id}/attempt/",
        "/api/v1/dunning-cases/{id}/events/", "/api/v1/dunning-cases/{id}/forgiveness/",
        "/api/v1/dunning-cases/{id}/halt/", "/api/v1/dunning-cases/{id}/note/",
        "/api/v1/dunning-cases/{id}/resumption/", "/api/v1/entries/", "/api/v1/entries/{id}/", "/api/v1/exports/",
        "/api/v1/forms/", "/api/v1/forms/{id}/", "/api/v1/forms/{id}/submissions/", "/api/v1/imports/",
        "/api/v1/imports/{id}/", "/api/v1/imports/{id}/kept/", "/api/v1/imports/{id}/loading/",
        "/api/v1/imports/{id}/rejects/", "/api/v1/imports/{id}/undo/", "/api/v1/leave-links/", "/api/v1/macros/",
        "/api/v1/macros/{id}/", "/api/v1/metrics/", "/api/v1/metrics/cohorts/", "/api/v1/payment-status-tokens/",
        "/api/v1/payment-status-tokens/{id}/", "/api/v1/payment-status-tokens/{id}/revocation/", "/api/v1/payments/",
        "/api/v1/payments/{id}/", "/api/v1/payments/{id}/refunds/", "/api/v1/pipelines/", "/api/v1/pipelines/{id}/",
        "/api/v1/pipelines/{id}/archive/", "/api/v1/purchases/", "/api/v1/purchases/{id}/", "/api/v1/ratings/",
        "/api/v1/ratings/{id}/", "/api/v1/rotas/", "/api/v1/rotas/{id}/", "/api/v1/segments/",
        "/api/v1/segments/{id}/", "/api/v1/segments/{id}/members/", "/api/v1/service-levels/",
        "/api/v1/service-levels/{id}/", "/api/v1/stages/", "/api/v1/stages/{id}/", "/api/v1/stages/{id}/archive/",
        "/api/v1/tasks/", "/api/v1/tasks/{id}/", "/api/v1/tasks/{id}/completion/", "/api/v1/tasks/{id}/reopening/",
        "/api/v1/ticket-categories/", "/api/v1/ticket-categories/{id}/", "/api/v1/ticket-insight/",
        "/api/v1/tickets/", "/api/v1/tickets/{id}/", "/api/v1/tickets/{id}/assignment/",
        "/api/v1/tickets/{id}/files/{file_id}/", "/api/v1/tickets/{id}/following/", "/api/v1/tickets/{id}/merge/",
        "/api/v1/tickets/{id}/messages/", "/api/v1/tickets/{id}/mood/", "/api/v1/tickets/{id}/spam/",
        "/api/v1/tickets/{id}/split/", "/api/v1/tickets/{id}/status/", "/api/v1/tickets/{id}/unmerge/",
        "/api/v1/topics/", "/api/v1/topics/{id}/", "/api/v1/topics/{id}/retirement/", "/api/v1/topics/{id}/return/",
        "/api/v1/webhook-deliveries/", "/api/v1/webhook-deliveries/{id}/", "/api/v1/webhook-deliveries/{id}/replay/",
        "/api/v1/webhooks/", "/api/v1/webhooks/{id}/", "/api/v1/webhooks/{id}/removal/",
        "/api/v1/webhooks/{id}/replays/", "/api/v1/webhooks/{id}/rotation/", "/api/v1/webhooks/{id}/secret/",
        "/api/v1/webhooks/{id}/switch/", "/api/v1/workflows/", "/api/v1/workflows/{id}/",
        "/api/v1/workflows/{id}/activation/", "/api/v1/workflows/{id}/deactivation/", "/api/v1/workflows/{id}/draft/",
        "/api/v1/workflows/{id}/draft/discarding/", "/api/v1/workflows/{id}/draft/publication/",
        "/api/v1/workflows/{id}/enrollments/", "/api/v1/workflows/{id}/enrollments/{enrollment_id}/hold/",
        "/api/v1/workflows/{id}/enrollments/{enrollment_id}/leaving/",
        "/api/v1/workflows/{id}/enrollments/{enrollment_id}/release/",
        "/api/v1/workflows/{id}/enrollments/{enrollment_id}/skip/", "/api/v1/workflows/{id}/moving/",
        "/api/v1/workflows/{id}/pause/", "/api/v1/workflows/{id}/resumption/", "/api/v1/workflows/{id}/validation/",
        "/api/v1/workflows/{id}/versions/", "/api/v1/workflows/{slug}/why/",
    ]  # fmt: skip
    for path, operations in schema["paths"].items():
        assert "delete" not in operations, path
        if "post" in operations and path not in STREAMED | SHOWN:
            assert "Idempotency-Key" in [parameter["name"] for parameter in operations["post"]["parameters"]], path


def test_nothing_had_to_be_guessed(db: None) -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == ({}, {})


def test_anybody_may_read_it(db: None) -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3.1.1" in answer.content


def test_its_page_has_no_inline_code(db: None) -> None:
    answer = Client().get("/api/v1/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)
    scripts = re.findall(r'<script src="([^"]+)"', page)
    assert len(scripts) == 2
    code = Client().get(scripts[1])
    assert (code.status_code, code["Content-Type"]) == (200, "application/javascript")
