"""What worth gives to others: its walk, fields, a reason for Today, a card beside the customer, facts for mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, FloatField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast

from crm import slots
from crm.history.undoing import echoes
from crm.home import reasons
from crm.leaving.reading import links
from crm.team.models import User
from retention.value import actions, monthly, pairs, rules
from retention.value.fields import register_fields
from retention.value.models import AccountValue
from retention.value.walking import VALUE
from retention.workflows.mail_facts import MailFact, mail_facts


def _forget(loser: int, keeper: int, now: datetime) -> None:
    """The next walk says what both are worth together, and each of them should they part again."""
    AccountValue.objects.filter(account_id__in=[loser]).delete()


def _come_back(done: None, loser: int, keeper: int) -> list[str]:
    return []


def _ready(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """Customers of the viewer's who are ready for more; the urgency grows with what speaks for it."""
    value = AccountValue.objects.filter(account=OuterRef("pk"), verdict=rules.GROW)
    signs = Subquery(value.values("met__len"))
    rows = reasons.looked_after_by(viewer).filter(Exists(value), owner=viewer).annotate(signs=signs)
    urgency = Cast(F("signs"), FloatField()) * Value(0.04)  # a chance is less pressing than a danger
    return reasons.ranked("ready", rows, F("signs"), urgency, limit)


def _said(signs: int, moment: None, words: str, now: datetime) -> tuple[str, None, str]:
    return f"Ready for more: {signs} of {len(rules.FACTORS)} signs speak for it", None, "Offer more"


register_fields()
slots.work.register("value", slots.Work(VALUE.run, VALUE.next_due, order=94))
reasons.register("ready", slots.TodayRows(_ready, _said, 40))
slots.account_panels.register(
    "value", slots.Panel("retention/value/panel.html", lambda account, request: {"account": account}, 45)
)
slots.menu.register("value", slots.MenuEntry("Customer value", "scale", "value:overview", 63))
slots.settings_pages.register(
    "value",
    slots.SettingsPage(
        "What an hour costs", "For what customers cost to serve", "scale", "value:prices", "Record", 48,
        keywords="cost margin profit serve value",
    ),
)  # fmt: skip
slots.owned_rows.register(
    "account_value",
    slots.OwnedRows("retention.AccountValue", "account", ("", ""), slots.Moving(_forget, _come_back), "keep"),
)
slots.kept_tables.register("retention.ValueSettings", slots.KeptTable())
echoes.register("value", actions.count_anew)
for _name, _fact in {
    "recommendations": MailFact("what fits what they bought", pairs.said),
    "month": MailFact("what they got out of last month", monthly.facts),
    "leave_url": MailFact("the page on which they can leave", links),
}.items():
    mail_facts.register(_name, _fact)
