"""One conversation: every mail of it, what each quotes folded away, and what came with it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.correspondence.models import Mail, MailThread
from crm.outbox.formatting import as_html
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.addresses import address
from crm.web.html import framed

#: Mails of one conversation that are shown, the latest.
SHOWN = 100

#: What a badge says of a letter of ours that is not simply sent: words and tone.
_STATES = {
    "due": ("leaves in a moment", "info"), "claimed": ("leaving", "info"), "sending": ("leaving", "info"),
    "failed": ("failed", "bad"), "uncertain": ("uncertain", "warn"), "skipped": ("not sent", "warn"),
    "cancelled": ("called off", "plain"),
}  # fmt: skip


@require_safe
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of(request)
    found = get_object_or_404(MailThread.objects.visible_to(viewer).select_related("account__owner", "contact"), pk=pk)
    rows = Mail.objects.visible_to(viewer).filter(thread=found).in_order().reverse()
    rows = rows.select_related("user", "contact", "outbound").prefetch_related("files__file")
    rows = rows.defer("html").annotate(formatted=~Q(html=""))[:SHOWN]
    context = {
        "thread": found, "account": found.account, "lines": [_line(mail, viewer.pk) for mail in reversed(rows)],
        "may_write": allows(viewer, "edit"),
    }  # fmt: skip
    return render(request, "crm/correspondence/thread.html", context)


@require_safe
def html(request: HttpRequest, pk: int) -> HttpResponse:
    """What a mail says, as its sender made it, for the frame that shows it."""
    mail = get_object_or_404(Mail.objects.visible_to(viewer_of(request)).exclude(html=""), pk=pk)
    return framed(request, mail.html)


def _line(mail: Mail, viewer_id: int) -> dict[str, Any]:
    state = mail.outbound.state if mail.outbound else ""
    words, tone = _STATES.get(state, ("", ""))
    waits = state == "due" and mail.outbound is not None
    own = waits and mail.user_id == viewer_id
    if waits and mail.outbound and mail.outbound.due_at <= clock.now():
        words = "waits"
    written = mail.bundle is not None
    return {
        "mail": mail, "came": mail.direction == Mail.Direction.IN, "state": words, "tone": tone,
        "by": mail.user if mail.direction == Mail.Direction.OUT and mail.user else mail.sender,
        "framed": address("correspondence:html", mail.pk) if mail.formatted else "",  # type: ignore[attr-defined]
        "title": f"What {mail.sender} wrote",
        "html": as_html(mail.fresh) if written else "", "reason": mail.outbound.reason if mail.outbound else "",
        "undo": reverse("correspondence:cancellation", args=[mail.bundle]) if own else "",
        "files": [
            (one.file, reverse("accounts:file", args=[one.file.account_id, one.file_id]))
            for one in mail.files.all() if one.file.deleted_at is None
        ],
    }  # fmt: skip
