"""The tables of webhooks."""

from crm.webhooks.models.deliveries import DeliveryQuerySet, WebhookDelivery, WebhookReplay, logged
from crm.webhooks.models.endpoints import EndpointQuerySet, WebhookEndpoint, WebhookEndpointChange, WebhookHour

__all__ = [
    "DeliveryQuerySet", "EndpointQuerySet", "WebhookDelivery", "WebhookEndpoint", "WebhookEndpointChange",
    "WebhookHour", "WebhookReplay", "logged",
]  # fmt: skip
