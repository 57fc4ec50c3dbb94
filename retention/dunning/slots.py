"""What dunning gives to others: its work, what filters, mails and Today know of it, pages, and what undo takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from crm import slots
from crm.history.undoing import irrevocable, undoers
from crm.web import clock
from crm.web.addresses import address
from retention.dunning import actions, load, rules
from retention.dunning.actions import deciding, tokens
from retention.dunning.erasing import forget_in_cases
from retention.dunning.fields import register_fields, register_mails, register_reason
from retention.dunning.models import DunningCase, DunningSettings
from retention.dunning.planning import amount


def _tile(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """While a payment is failing; read along with the account."""
    ends = getattr(account, "payment_grace_ends_at", None)
    if ends is None:
        return None
    now, zone = clock.now(), clock.zone()
    return {
        "words": rules.left_words(ends, now, zone), "standing": "over" if now >= ends else "grace",
        "last_day": rules.last_day(ends, zone), "url": f"{reverse('dunning:list')}?account={account.pk}",
    }  # fmt: skip


def _explain(ids: Sequence[int]) -> Mapping[int, slots.Explanation]:
    """Why a task exists."""
    rows = DunningCase.objects.filter(pk__in=ids).select_related("payment")
    return {
        row.pk: slots.Explanation(
            "A payment failed", address("dunning:case", row.pk),
            [("Payment", amount(row)), ("Because", row.reason or "billing did not say")],
        )
        for row in rows
    }  # fmt: skip


def _nobodys(now: datetime) -> None:
    """A demo has gone, and its customers with it: nothing is followed up until somebody says so."""
    DunningSettings.objects.update(on_since=None, looked_at=None)


slots.work.register("dunning", slots.Work(actions.work, actions.next_due, order=8))
slots.loads.register(
    "dunning",
    slots.LoadSource("Failed payments", load.select, load.address, lambda one: "a try of a failed payment", order=45),
)
register_fields()
register_mails()
register_reason()
slots.account_tiles.register("payment", slots.Panel("retention/dunning/tile.html", _tile, 5))
slots.explainers.register("dunning", _explain)
slots.menu.register("dunning", slots.MenuEntry("Failed payments", "credit-card", "dunning:list", 62))
slots.settings_pages.register(
    "dunning",
    slots.SettingsPage(
        "Failed payments", "Tries, grace, and the banner in your product", "credit-card", "dunning_settings:ways",
        "Record", 47, keywords="dunning retry card decline grace banner status payday",
    ),
)  # fmt: skip
slots.kept_tables.register("retention.DunningSettings", slots.KeptTable(after=_nobodys))
for _name, _model, _label in (
    ("dunning_cases", "retention.DunningCase", ("failed payment", "failed payments")),
    ("status_tokens", "retention.StatusToken", ("status token", "status tokens")),
):
    slots.owned_rows.register(_name, slots.OwnedRows(_model, "account", _label, "move", "keep"))
slots.traces.register("dunning", forget_in_cases)
slots.undone_along.register("retention.DunningCase", "retention.DunningCase")
for _kind in (deciding.FORGIVEN, deciding.STOPPED, deciding.RESUMED, deciding.NOTED):
    undoers.register(_kind, deciding.take_back)
    undoers.register(f"redo.{_kind}", deciding.take_back)
for _kind in (tokens.MADE, tokens.REVOKED):
    irrevocable.register(_kind, "What was handed out is known. Make another token, or revoke this one.")
slots.register_facts(
    "Failed payments",
    {
        "dunning.opened": "Failed payment followed up", "dunning.card_wanted": "Another card wanted",
        "dunning.grace_over": "Grace of a failed payment over", "dunning.recovered": "Failed payment recovered",
        "dunning.lost": "Failed payment given up", "dunning.forgiven": "Failed payment forgiven",
    },
    case=3, payment=9, amount="400.00", currency="EUR", grace_until="2026-06-09T00:00:00+00:00",
)  # fmt: skip
