"""What a wrong EMAIL_URL costs nobody a message for: Django refuses to start with it, and says what to set."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from crm.outbox.channels.email import BadEmailURL, open_channel


@register()
def email_url(**_: Any) -> list[CheckMessage]:
    """Blank is fine: mail then waits. Nothing is connected to."""
    if not settings.EMAIL_URL:
        return []
    try:
        open_channel(settings.EMAIL_URL)
    except BadEmailURL as error:
        return [Error(str(error), hint="Set EMAIL_URL in .env; .env.example shows each form.", id="crm.E001")]
    return []
