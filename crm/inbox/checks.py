"""Django refuses to start with a way in that cannot work or that would be open to anybody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from crm.inbox.channels import hooks, imap
from crm.web.bridges import BadBridges, bridges

_HINT = "Mend it in .env; .env.example shows the form."


@register()
def ways_in(**_: Any) -> list[CheckMessage]:
    """Nothing is connected to."""
    found: list[CheckMessage] = []
    try:
        hooks.check(settings.MAIL_HOOKS)
    except hooks.BadHooks as error:
        found.append(Error(str(error), hint=_HINT, id="crm.E002"))
    try:
        if settings.IMAP_URL:
            imap.mailbox(settings.IMAP_URL)
    except imap.BadImapURL as error:
        found.append(Error(str(error), hint=_HINT, id="crm.E003"))
    try:
        bridges()
    except BadBridges as error:
        found.append(Error(str(error), hint=_HINT, id="crm.E004"))
    return found
