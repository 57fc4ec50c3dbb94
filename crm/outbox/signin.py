"""Mail about signing in goes through the outbox like all other: it is not lost when the mail server is away."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.team.signin import SignInAdapter
from crm.web import clock


class MailingSignInAdapter(SignInAdapter):
    """Signing in as the team's adapter has it, with its mail as messages."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Plan the mail. An address that belongs to nobody of ours gets none."""
        reader = User.objects.filter(email=email.lower(), is_active=True).first()
        if reader is None:
            return
        mail = self.render_mail(template_prefix, email, {"request": self.request, "email": email, **context})
        now = clock.now()
        draft = Draft(
            key=f"sign-in:{uuid.uuid4()}",
            category=OutboundMessage.Category.TRANSACTIONAL,
            # One template for all of them: the link in the text is nothing to keep for ever.
            template_id=template("{{ subject }}", "{{ text }}"),
            due_at=now,
            user_id=reader.pk,
            facts={"subject": mail.subject, "text": mail.body},
            expires_at=now + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
            origin=OutboundMessage.SIGN_IN,
        )
        enqueue([draft], now=now)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link by our own address: what a browser says in its Host header may be somebody else's."""
        uid, _, token = key.partition("-")
        return settings.BASE_URL + reverse("account_reset_password_from_key", args=[uid, token])

    def format_email_subject(self, subject: str) -> str:
        return subject
