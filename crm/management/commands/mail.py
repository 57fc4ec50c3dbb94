"""Show or set whether mail leaves."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.outbox import policy
from crm.outbox.models import MailPolicy, OutboundMessage, Switch
from crm.web import clock


class Command(BaseCommand):
    help = "Shows whether mail leaves, or sets it. Exit codes: 0 done, 2 refused and nothing changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--live", action="store_true", help="let mail leave; imports do not hold it any more")
        mode.add_argument("--hold", action="store_true", help="keep all mail here until somebody says --live")
        mode.add_argument("--redirect-to", metavar="ADDRESS", help="send everything to this address instead")
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["live"]:
            policy.go_live(clock.now())
        elif options["hold"]:
            policy.hold("Put on hold on the command line.")
        elif options["redirect_to"] is not None:
            try:
                policy.redirect_to(options["redirect_to"], clock.now())
            except ValueError as error:
                raise CommandError(f"--redirect-to: {error} Nothing was changed.", returncode=2) from error
        state = _state()
        if options["json"]:
            self.stdout.write(json.dumps(state))
            return
        self.stdout.write("{mode}: {reason}".format(**state) if state["reason"] else str(state["mode"]))
        self.stdout.write("{waiting} waiting, {uncertain} uncertain, {failed} failed".format(**state))
        for scope in state["stopped"]:
            self.stdout.write(f"stopped: {scope}")
        if not state["email_url_set"]:
            self.stderr.write("EMAIL_URL is not set, so nothing leaves whatever the mode. See .env.example.")


def _state() -> dict[str, Any]:
    mail, rows = MailPolicy.the_only(), OutboundMessage.objects
    return {
        "mode": mail.mode,
        "redirect_to": mail.redirect_to or None,
        "reason": mail.mode_reason,
        "went_live_at": mail.went_live_at.isoformat() if mail.went_live_at else None,
        "email_url_set": bool(settings.EMAIL_URL),
        "waiting": rows.waiting().count(),
        "uncertain": rows.filter(state="uncertain").count(),
        "failed": rows.filter(state="failed").count(),
        "stopped": list(Switch.objects.order_by("scope").values_list("scope", flat=True)),
    }
