"""What import-linter cannot see: strings that reach upward, and rows that hang on accounts and contacts."""

from __future__ import annotations

import re

from django.apps import apps
from django.db.models import ForeignKey, Model, OneToOneField

from crm import slots
from crm.accounts.models import Account, Contact
from tests.architecture import source


def test_crm_does_not_name_retention():
    """Retention reaches crm by the pending queue, by slots and by strings in crm/config/ alone."""
    code = [path for path in source.python("crm") if source.name(path).split("/")[1] not in ("config", "apps.py")]
    strings = [
        source.at(path, node)
        for path in code
        for node in source.strings(path)
        if re.search(r"\bretention\b", node.value)
    ]
    imports = [
        source.name(path) for path in code if re.search(r"^\s*(from|import) retention\b", path.read_text(), re.M)
    ]
    assert strings + imports == []


def test_templates_of_crm_and_the_kit_do_not_name_retention():
    upward = re.compile(r"retention[/.]|\{%\s*url\s+['\"](workflows|usage):")
    guilty = [
        source.name(path)
        for path in source.templates()
        if source.name(path).startswith(("templates/crm/", "templates/ui/", "templates/account/"))
        and upward.search(path.read_text())
    ]
    assert guilty == []


def _hanging() -> dict[str, type[Model]]:
    """Each column that points at a customer or a person, and at which of them."""
    return {
        f"{model._meta.label}.{field.name}": field.related_model
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, (ForeignKey, OneToOneField)) and field.related_model in (Account, Contact)
    }


def test_every_row_that_hangs_on_a_customer_is_registered_once():
    """A merge has to move it, an erasure to empty it and an export to bring it along: see slots.OwnedRows."""
    registered = [f"{owned.model}.{owned.field}" for owned in slots.owned_rows]
    assert sorted(_hanging().keys() - set(registered)) == []
    assert sorted(registered) == sorted(set(registered))


def test_nothing_keeps_pointing_at_who_is_erased():
    keeping = [
        f"{owned.model}.{owned.field}"
        for owned in slots.owned_rows
        if _hanging().get(f"{owned.model}.{owned.field}") is Contact and owned.on_erase == "keep"
    ]
    assert keeping == []
    assert {owned.on_erase for owned in slots.owned_rows if isinstance(owned.on_erase, str)} <= {
        "delete", "forget", "keep",
    }  # fmt: skip
    assert {owned.on_merge for owned in slots.owned_rows if isinstance(owned.on_merge, str)} <= {"move", "drop"}


def test_retention_leaves_no_name_on_the_tables_of_crm():
    named = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_app_config("retention").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model._meta.app_label == "crm"
        and not field.remote_field.hidden
    ]  # fmt: skip
    assert named == []


def test_no_signal_carries_work():
    signals = re.compile(r"django\.db\.models\.signals|@receiver\b")
    assert [source.name(path) for path in source.python() if signals.search(path.read_text())] == []


def test_nothing_is_locked_together_with_what_it_points_at():
    """See crm.web.locks.held: joined rows are not read again once the lock is had."""
    guilty = [
        source.at(path, node)
        for path in source.python()
        for node, words in source.calls(path)
        if (words.endswith(".select_for_update") and ".select_related(" in words.replace(".select_related(None)", ""))
        or (words.endswith(".select_related") and ".select_for_update(" in words)
    ]
    assert guilty == []
