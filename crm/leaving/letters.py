"""The mail that confirms what a customer decided on the page: a receipt, sent once, and only while it is true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crm.accounts.models import Contact
from crm.history.models import Act
from crm.leaving import rules
from crm.leaving.models import LeavingAnswer
from crm.ledger.models import Cancellation
from crm.outbox.actions import Draft, enqueue, template
from crm.slots import Explanation, Refusal, deciding
from crm.web import wording

if TYPE_CHECKING:
    from crm.leaving.reading import Case

ORIGIN = "leaving"
#: Later than this nobody expects a receipt any more.
_KEEPS = timedelta(days=14)

_SUBJECT = "{{ subject }}"
_BODY = """\
Hello{% if contact.first_name != blank %} {{ contact.first_name }}{% endif %},

{{ what }}

{% if next != blank %}{{ next }}

{% endif %}You decided this on {{ day }}. If it was not you, or you see it otherwise now, answer to this mail.

{{ owner | default: "Your team" }}
"""


def confirm(row: LeavingAnswer, case: Case, offer: rules.Offer | None, done: Act, now: datetime) -> None:
    """Plan it in the transaction of the decision; nobody with an e-mail on record: the page alone has said it."""
    account = case.contract.account
    reader = Contact.objects.readers_of([account.pk]).get(account.pk)
    if reader is None:
        return
    subject, what, then = _words(row, case, offer)
    if told := deciding.billed(case.contract.pk):
        then = f"{then} {rules.billing_words(told.what, told.state, mails=True)}".strip()
    kept = done.detail.get("cancellations", [])
    enqueue([Draft(
        key=f"leaving:{row.pk}", category="transactional", template_id=template(_SUBJECT, _BODY), due_at=now,
        account_id=account.pk, contact_id=reader.pk, expires_at=now + _KEEPS, origin=ORIGIN, origin_id=row.pk,
        facts={
            "subject": subject, "what": what, "next": then, "day": wording.day(case.today),
            "owner": account.owner.name if account.owner else "", "cancellation": kept[-1] if kept else None,
            "contact": {"first_name": reader.first_name},
        },
    )], now=now)  # fmt: skip


def _words(row: LeavingAnswer, case: Case, offer: rules.Offer | None) -> tuple[str, str, str]:
    """Subject, what was done, what comes then."""
    plan = case.contract.plan or "your contract"
    if row.took == rules.END and row.effective_on:
        day = wording.day(row.effective_on)
        what = f"{plan} ends: {day} is the first day without it. Until then everything works as before."
        return f"You cancelled: it ends on {day}", what, case.policy.afterwards
    if row.took == rules.PAUSE:
        return (
            "Your contract pauses",
            f"{plan} pauses from today on, until you tell us to go on.",
            offer.words if offer else "",
        )
    percent, months = (offer.percent, offer.months) if offer else (0, 0)
    what = f"{plan} costs {percent} % less for {months} month{'' if months == 1 else 's'}."
    return "Your discount", what, offer.words if offer else ""


def guard(messages: Sequence[Any], now: datetime) -> dict[int, Refusal]:
    """What one of ours has taken back since is not confirmed any more."""
    asked = {m.pk: m.facts.get("cancellation") for m in messages if m.origin == ORIGIN}
    stands = set(
        Cancellation.objects.filter(pk__in=[pk for pk in asked.values() if pk], withdrawn_on=None)
        .values_list("pk", flat=True)
    ) if asked else set()  # fmt: skip
    return {
        pk: Refusal("taken-back", "What it confirms was taken back.")
        for pk, cancellation in asked.items() if cancellation not in stands
    }  # fmt: skip


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why such a mail, or such a task, exists."""
    rows = LeavingAnswer.objects.filter(pk__in=list(ids)).select_related("account", "reason", "contract")
    return {
        row.pk: Explanation(
            "A customer answered on the page on which they can leave", row.account.get_absolute_url(),
            [("Contract", str(row.contract)), ("Reason", str(row.reason)), ("They chose", row.get_took_display()),
             ("On", wording.day(row.asked_on))],
        )
        for row in rows
    }  # fmt: skip
