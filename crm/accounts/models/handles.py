"""By what people are known in chats."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from crm.accounts.models.contacts import Contact
from crm.web import clock


class ContactHandle(models.Model):
    """A person's number or id on one channel: whoever writes from it is them."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="handles")
    channel = models.CharField(max_length=10)  # telegram | whatsapp | instagram | bridge
    handle = models.CharField(max_length=254)  # as the channel writes it
    name = models.CharField(max_length=120, blank=True)  # what they call themselves there
    linked_at = models.DateTimeField(default=clock.now)
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # or itself

    class Meta:
        constraints = [models.UniqueConstraint("channel", "handle", name="contacthandle_once")]

    def __str__(self) -> str:
        return self.handle

    @classmethod
    def holder(cls, channel: str, handle: str) -> Contact | None:
        """Who is known by it."""
        found = cls.objects.filter(channel=channel, handle=handle).select_related("contact__account").first()
        return found.contact if found else None
