"""Tickets in the API: what customers ask, what was said, and each change of state as a POST to a resource."""

from crm.tickets.api.desk import RatingResource, ServiceLevelResource
from crm.tickets.api.insight import InsightResource
from crm.tickets.api.resource import TicketResource
from crm.tickets.api.shaping import BlockedResource, CategoryResource, MacroResource, RotaResource

__all__ = [
    "BlockedResource", "CategoryResource", "InsightResource", "MacroResource", "RatingResource", "RotaResource",
    "ServiceLevelResource", "TicketResource",
]  # fmt: skip
