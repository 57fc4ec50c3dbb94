"""Tickets in the API: what customers ask, what was said, and each change of state as a POST to a resource."""

from crm.tickets.api.desk import RatingResource, ServiceLevelResource
from crm.tickets.api.resource import TicketResource

__all__ = ["RatingResource", "ServiceLevelResource", "TicketResource"]
