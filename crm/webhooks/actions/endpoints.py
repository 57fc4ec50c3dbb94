"""Endpoints: made, changed, given another secret, removed. Each stands in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.segments.filters import FilterError, parse
from crm.team.models import User
from crm.web import outgoing
from crm.webhooks import rules, secrets
from crm.webhooks.models import WebhookEndpoint

MADE, CHANGED, ROTATED, REVEALED, REMOVED = (
    f"webhook.{what}" for what in ("made", "changed", "rotated", "revealed", "removed")
)
#: More endpoints than this nobody makes: each is looked at with every fact.
MOST = 50


class WebhookError(ValueError):
    """It cannot be done; the message is for whoever asked. `field` names what is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        self.field = field
        super().__init__(message)


def check_url(url: str) -> str:
    """The address, if it may be called. What its name means is looked up with each request. Raises WebhookError."""
    try:
        outgoing.check(url)
    except outgoing.Forbidden as error:
        raise WebhookError(str(error), "url") from None
    if not url.startswith("https://") and not settings.WEBHOOKS_PLAIN_HTTP:
        raise WebhookError("The address must begin with https://, so that nobody on the way reads what is sent.", "url")
    return url


def check_tree(tree: Any) -> dict[str, Any]:
    """A filter of accounts, if it parses. Raises WebhookError."""
    try:
        parse(tree, "account")
    except FilterError as error:
        raise WebhookError(f"The filter cannot be used: {error}", "tree") from None
    return dict(tree)


def make(told: Mapping[str, Any], by: User | None, now: datetime) -> tuple[WebhookEndpoint, str]:
    """A new one (name, url, everything, kinds, tree, with_texts, is_on) and its secret. Raises WebhookError."""
    secret = secrets.fresh()
    row = WebhookEndpoint(created_by=by, created_at=now, secret=secrets.sealed(secret), **told)
    row.off_since = None if row.is_on else now
    _check(row)
    with _name_free(), act(MADE, f"made the webhook “{row}”", by, now):
        if WebhookEndpoint.objects.there().count() >= MOST:
            raise WebhookError(f"There are {MOST} webhooks already. Remove one that nobody needs.")
        row.save()
    return row, secret


def change(row: WebhookEndpoint, told: Mapping[str, Any], by: User | None, now: datetime) -> Act:
    """What of name, url, everything, kinds, tree and with_texts is `told`. Raises WebhookError."""
    was = str(row)
    with _name_free(), act(CHANGED, f"changed the webhook “{was}”", by, now) as done:
        locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=row.pk)
        for name, value in told.items():
            setattr(locked, name, value)
            setattr(row, name, value)
        _check(locked)
        locked.save(update_fields=list(told))
    return done


def _check(row: WebhookEndpoint) -> None:
    check_url(row.url)
    check_tree(row.tree)
    if not row.everything and not row.kinds:
        raise WebhookError("Choose what it is to be told of: everything, or some kinds.", "kinds")


@contextmanager
def _name_free() -> Iterator[None]:
    """A transaction that says so if another endpoint has the name. Raises WebhookError."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "webhook_name_once" not in str(error):
            raise
        raise WebhookError("There is a webhook of this name already.", "name") from None


@transaction.atomic
def rotate(row: WebhookEndpoint, by: User | None, now: datetime) -> str:
    """Another secret; the present one signs too for a day, and one from before it no more."""
    secret = secrets.fresh()
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=row.pk)
    locked.former_secret, locked.former_until = locked.secret, now + rules.FORMER_SIGNS
    locked.secret = secrets.sealed(secret)
    with act(ROTATED, f"gave the webhook “{row}” a new secret", by, now):
        locked.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


@transaction.atomic
def reveal(row: WebhookEndpoint, by: User, now: datetime) -> str:
    """Its secret; that somebody looked stands in the audit log."""
    with act(REVEALED, f"looked at the secret of the webhook “{row}”", by, now):
        return secrets.of(row)


def remove(row: WebhookEndpoint, by: User | None, now: datetime) -> Act:
    """Nothing is sent there any more. What was told there stays as long as it would have."""
    with act(REMOVED, f"removed the webhook “{row}”", by, now) as done:
        WebhookEndpoint.objects.there().filter(pk=row.pk).update(removed_at=now)
    return done
