"""Kinds of triggers: looked up by name, refused with place and reason, offered in words."""

from __future__ import annotations

import pytest

from crm.templatetags.ui import icon
from crm.timeline.actions import Fact, record
from retention.usage.models import UsageDay
from retention.workflows import definition
from retention.workflows.asking import Asks, choices
from retention.workflows.definition import DefinitionError
from retention.workflows.kinds import trigger_kinds
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        ({"when": "dance"}, "trigger: there is no trigger 'dance'; there are "),
        ({"when": ["fact"]}, "trigger: there is no trigger ['fact']"),
        ({"kind": "deal.won"}, "trigger: must say what it waits for: `when` is missing"),
        ("fact", "trigger: must say what it waits for"),
        ({"when": "silence", "days": 0}, "trigger.days: Input should be greater than or equal to 1"),
        ({"when": "silence", "dies": 3}, "trigger.dies: Extra inputs are not permitted"),
        ({"when": "fact", "kind": "deal.won", "where": {"field": "wealth", "op": "is", "value": 1}}, "trigger.where: "),
        ({"when": "segment", "segment": 99}, "trigger.segment: "),
    ],
)
def test_a_bad_trigger_is_refused_with_place_and_reason(db, trigger, told):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Bad", "trigger": trigger, "steps": [TASK]})
    assert told in str(refused.value)


def test_every_fault_is_named_at_once(db):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "", "trigger": {"when": "silence", "days": 0, "more": 1}, "steps": [TASK]})
    assert [said.split(":")[0] for said in str(refused.value).split("; ")] == ["name", "trigger.days", "trigger.more"]


def test_a_definition_says_the_same_after_it_was_kept(db):
    plan = definition.parse({"name": "One", "trigger": {"when": "silence", "days": 3}, "steps": [TASK]})
    kept = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert kept["trigger"] == {"when": "silence", "days": 3, "where": {}}
    assert definition.parse(kept) == plan


def test_every_field_of_every_trigger_is_titled_and_offers_what_it_asks_for(db, mira):
    for when, kind in trigger_kinds.items():
        assert all([kind.label, kind.about]), when
        assert "<svg" in icon(kind.icon)
        if when == "campaign":  # made on a page of its own, so never asked for here
            continue
        assert kind.group, when
        for name, field in kind.model.model_fields.items():
            assert name == "when" or field.title, f"{when}.{name}"
            for mark in field.metadata:
                if isinstance(mark, Asks) and mark.what not in ("filter", "entry_filter"):
                    choices[mark.what](mira)


def test_facts_are_offered_as_people_read_them_and_those_of_programs_too(db, mira):
    record(Fact(factories.account().pk, "cart.updated", "Cart"), react=False)
    offered = dict(choices["fact"](mira))
    assert offered["deal.won"] == "Deals: Deal won"
    assert offered["cart.updated"] == "Others: Cart updated"


def test_features_are_offered_once_each(db, mira):
    account = factories.account()
    for day in range(2):
        UsageDay.objects.create(account=account, feature="exports", day=NOON.date() - day * DAY, count=1)
    assert choices["usage_feature"](mira) == [("exports", "exports")]
