"""Who may do what with webhooks and integrations: admins alone. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.webhooks import secrets
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.architecture.access_kinds import ADMINS, Row, for_admins
from tests.conftest import NOON


def tell(world: Any, secret: str) -> None:
    """An endpoint that is off, and what waits there."""
    world.webhook = WebhookEndpoint.objects.create(
        name=secret, url="https://127.0.0.1/", everything=False, kinds=["deal.won"], is_on=False, off_since=NOON,
        secret=secrets.sealed(secrets.fresh()),
    )  # fmt: skip
    world.delivery = WebhookDelivery.objects.create(
        endpoint=world.webhook, entry=world.entry, kind="deal.won", body="{}", due_at=NOON
    )


def _of(what: str, methods: str = "GET") -> Row:
    return for_admins(methods, pk=lambda world: getattr(world, what).pk)


def _in_api(what: str, methods: str = "GET") -> Row:
    return Row(methods, readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": getattr(world, what).pk})


ROWS: dict[str, Row] = {
    "settings:integrations": for_admins(),
    "settings:knock": for_admins("POST", name=lambda world: "api"),
    "inbox:test_mailbox": for_admins("POST"),
    "webhooks:test_all": for_admins("POST"),
    "webhooks:list": for_admins(),
    "webhooks:new": for_admins("GET POST"),
    "webhooks:guide": for_admins(),
    "webhooks:endpoint": _of("webhook"),
    "webhooks:edit": _of("webhook", "GET POST"),
    **{f"webhooks:{verb}": _of("webhook", "POST")
       for verb in ("test", "switch", "secret", "rotation", "removal", "replays")},
    "webhooks:delivery": _of("delivery"),
    "webhooks:replay": _of("delivery", "POST"),
    "api-webhook-list": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "api-webhook-detail": _in_api("webhook", "GET PUT PATCH"),
    **{f"api-webhook-{verb}": _in_api("webhook", "POST")
       for verb in ("rotation", "secret", "switch", "removal", "replays")},
    "api-webhook-delivery-list": Row(readers=ADMINS),
    "api-webhook-delivery-detail": _in_api("delivery"),
    "api-webhook-delivery-replay": _in_api("delivery", "POST"),
}  # fmt: skip
