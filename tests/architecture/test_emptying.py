"""Tests find what migrations have put there, whether or not one before them has emptied the database."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import call_command

from crm.ledger.models import CancelReason
from crm.outbox.models import Topic
from crm.web.models import Walk
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_migrations_made_is_put_back_and_all_else_gone() -> None:
    made = {model: list(model._default_manager.order_by("pk").values()) for model in (CancelReason, Topic, Walk)}
    permissions = Permission.objects.count()
    assert all([*made.values(), permissions])
    CancelReason.objects.update(order=7)
    Topic.objects.all().delete()
    Walk.objects.create(name="another", stage=0, found={})
    account = factories.account()
    cache.set("tries", 19)
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    for model, rows in made.items():
        assert list(model._default_manager.order_by("pk").values()) == rows
    assert not type(account).objects.exists()
    assert cache.get("tries") is None
    assert Permission.objects.count() == permissions
