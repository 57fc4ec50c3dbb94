"""Writing to a customer's people, answering them, and thinking better of it for ten seconds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts.actions import files
from crm.accounts.models import Account
from crm.correspondence import rules, writing
from crm.correspondence.forms import WriteForm
from crm.correspondence.models import Mail, MailIdentity, MailThread
from crm.correspondence.writing import Composed
from crm.inbox.models import InboxSettings
from crm.outbox.formatting import as_html
from crm.outbox.stopping import now_thrown
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock, wording
from crm.web.locks import take_turns
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@_form
@requires("edit")
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """A new letter. `contact` chooses a reader; `again` is one's own letter to begin from."""
    account, viewer = get_object_or_404(Account.objects.visible_to(request.user), pk=pk), viewer_of(request)
    signature = MailIdentity.seen(viewer).signature
    first: dict[str, Any] = {"people": _asked_for(request, account, viewer), "text": _under(signature)}
    if again := _number(request, "again"):
        old = get_object_or_404(Mail.objects.visible_to(viewer).filter(account=account, user=viewer), pk=again)
        first |= {"people": [old.contact_id], "subject": old.subject, "text": old.text}
    return _write(request, account, None, first, f"Write to {account.name}", signature)


@_form
@requires("edit")
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """An answer in a conversation: to whoever wrote last, with what they wrote below."""
    viewer = viewer_of(request)
    thread = get_object_or_404(MailThread.objects.visible_to(viewer).select_related("account"), pk=pk)
    rows = Mail.objects.visible_to(viewer).filter(thread=thread)
    last = rows.order_by("direction", "-occurred_at", "-id").first()  # theirs (in) before ours (out)
    signature = MailIdentity.seen(viewer).signature
    signed = _under(signature)
    first: dict[str, Any] = {"people": [thread.contact_id], "text": signed}
    if last:
        when = f"{wording.day(timezone.localtime(last.occurred_at).date())}"
        quoted = rules.quoted(last.fresh, last.sender, when)
        first = {
            "people": [last.contact_id or thread.contact_id], "subject": rules.answer_to(last.subject),
            "text": signed + f"\n\n{quoted}"[: rules.LONGEST_TEXT // 2],
        }  # fmt: skip
    return _write(request, thread.account, thread, first, f"Answer: {thread}", signature)


def _write(
    request: HttpRequest, account: Account, thread: MailThread | None, first: dict[str, Any], heading: str,
    signature: str,
) -> HttpResponse:  # fmt: skip
    viewer = viewer_of(request)
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = WriteForm(*posted, account=account, viewer=viewer, thread=thread, initial=first)
    if form.is_valid():
        mails = _plan(form, account, thread, viewer)
        target = mails[0].thread
        undo = reverse("correspondence:cancellation", args=[mails[0].bundle])
        to = mails[0].recipients[0][0] if len(mails) == 1 else f"{len(mails)} people"
        toast(request, f"Your letter to {to} leaves in {rules.UNDO_FOR.seconds} seconds.", undo=undo)
        return redirect(target.get_absolute_url() if target and len(mails) == 1 else account.get_absolute_url())
    own = InboxSettings.the_only().address
    context = {
        "form": form, "account": account, "thread": thread, "heading": heading, "comes_home": bool(own),
        "stopped": now_thrown().because("default"), "signature": as_html(signature),
        "back": (thread or account).get_absolute_url(), "seconds": rules.UNDO_FOR.seconds,
    }  # fmt: skip
    return render(request, "crm/correspondence/write.html", context, status=422 if form.is_bound else 200)


def _plan(form: WriteForm, account: Account, thread: MailThread | None, viewer: User) -> list[Mail]:
    """Of a valid form. What was uploaded lies in the folder like all files, also when the letter is called off."""
    data, now = form.cleaned_data, clock.now()
    with transaction.atomic():
        take_turns(f"bundle:{data['bundle']}")  # the same form sent twice at once brings its file once
        known = Mail.objects.visible_to(viewer).filter(bundle=data["bundle"], user=viewer).exists()
        enclosed = list(data.get("enclosed") or ())
        if data["upload"] and not known:
            enclosed.append(files.put(account, data["upload"], viewer, now))
        sender = data.get("sender")
        composed = Composed(
            data["bundle"], data["people"], data["subject"], data["text"], enclosed, sender and sender.pk, thread
        )
        return writing.write(composed, viewer, now)


@require_POST
@requires("edit")
def cancellation(request: HttpRequest, bundle: UUID) -> HttpResponse:
    """Call one's own letter off, and have its text back; says so when it is too late."""
    viewer = viewer_of(request)
    if not Mail.objects.visible_to(viewer).filter(bundle=bundle, user=viewer).exists():
        raise Http404("There is no such letter of yours.")
    stopped, gone = writing.call_off(bundle, viewer, clock.now())
    mail = (stopped or gone)[0]
    if gone:
        kept = f", {len(stopped)} had not and are called off" if stopped else ""
        what = "It has left already" if len(gone) == 1 and not stopped else f"{len(gone)} had left already{kept}"
        toast(request, f"Too late: {what[0].lower()}{what[1:]}.", level=messages.ERROR)
        return redirect(mail.thread.get_absolute_url() if mail.thread else "outbox:list")
    toast(request, "Called off. Nothing has left; your text is here.")
    return redirect(f"{reverse('correspondence:write', args=[mail.account_id])}?again={mail.pk}")


def _asked_for(request: HttpRequest, account: Account, viewer: User) -> list[int]:
    """Whom the address names, else whoever account mail goes to."""
    people = account.contacts.visible_to(viewer).mail_first()
    if asked := _number(request, "contact"):
        people = people.filter(pk=asked)
    return list(people.values_list("pk", flat=True)[:1])


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _under(signature: str) -> str:
    """The empty letter above it."""
    return f"\n\n\n{signature}" if signature else ""
