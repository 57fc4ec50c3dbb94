"""Who may do what around leaving and worth: links are a manager's, what is set an admin's, figures everybody's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crm.leaving import tokens
from retention.campaigns.models import Campaign
from retention.value.models import AccountValue
from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about, for_admins, public
from tests.conftest import NOON


def count(world: Any, secret: str) -> None:
    """What Mira's customer is worth."""
    world.campaign = Campaign.objects.create(name="News")
    AccountValue.objects.create(
        account=world.account, plan=secret, spend=100, minutes=60, cost=60, margin=40, uses=1, uses_before=1,
        complaints=0, payments=1, late=0, met=["calm"], verdict="grow",
    )  # fmt: skip


def _link(world: Any) -> dict[str, Any]:
    return {"token": tokens.issue(world.contract.pk, None, NOON.date() + timedelta(days=9))}


def _campaign(world: Any) -> int:
    return int(world.campaign.pk)


_OF_CAMPAIGNS = ("planning", "approval", "calling_off", "reopening", "trial", "copies", "follow_ups")
_BY_PROGRAMS = ("planning", "approval", "calling-off", "reopening", "copies", "follow-ups")

ROWS: dict[str, Row] = {
    # the token names one contract, whose customer may read about it
    "leave:page": public("GET POST", at=_link),
    "leaving:report": Row(),
    "leaving:offers": for_admins("GET POST"),
    "leaving:link": about("contract", readers=MANAGERS),
    "leaving:revocation": about("contract", "POST", writers=MANAGERS),
    "api-leave-link-list": Row("POST", writers=MANAGERS),
    "campaigns:list": Row(),
    "campaigns:new": for_admins("GET POST"),
    "campaigns:campaign": Row(at=lambda world: {"pk": _campaign(world)}),
    "campaigns:edit": for_admins("GET POST", pk=_campaign),
    **{f"campaigns:{verb}": for_admins("POST", pk=_campaign) for verb in _OF_CAMPAIGNS},
    "api-campaign-list": Row("GET POST", writers=ADMINS),
    "api-campaign-detail": Row("GET PUT PATCH", writers=ADMINS, at=lambda world: {"pk": _campaign(world)}),
    **{f"api-campaign-{verb}": for_admins("POST", pk=_campaign) for verb in _BY_PROGRAMS},
    "value:overview": Row(),
    "value:beside": about("account"),
    "value:report": about("account"),
    "value:prices": for_admins("GET POST"),
    "api-account-value-list": Row(),
    "api-account-value-detail": about("account"),
    "api-account-value-recommendations": about("account"),
}
