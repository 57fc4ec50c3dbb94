"""What is said of a wish: to whoever tells billing by hand, and to the customer when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from crm.accounts.models import Contact
from crm.billing.models import BillingWish
from crm.outbox.actions import Draft, enqueue, template
from crm.slots import Explanation, Refusal, deciding
from crm.todos.actions import NewTask
from crm.web import wording

ORIGIN = "billing-wish"
#: Later than this nobody expects a receipt any more.
_KEEPS = timedelta(days=14)
_BODY = """\
Hello{% if contact.first_name != blank %} {{ contact.first_name }}{% endif %},

{{ what }} You need do nothing more.

{{ owner | default: "Your team" }}
"""


def task_key(row: BillingWish) -> str:
    return f"{ORIGIN}:{row.pk}:{row.rounds}"


def task_of(row: BillingWish, now: datetime) -> NewTask:
    """For whoever looks after the customer."""
    account = row.contract.account
    who = f"{account.name} decided" if row.themselves else f"was decided about {account.name}"
    why = f" {row.reason}" if row.reason else ""
    return NewTask(
        title=f"Tell billing what {who}", body=f"{_to_do(row)}{why}", due_at=now + timedelta(hours=4),
        account_id=account.pk, owner_id=account.owner_id, origin=ORIGIN, origin_id=row.pk, key=task_key(row),
    )  # fmt: skip


def _to_do(row: BillingWish) -> str:
    named = f"{row.contract} ({row.external_id})"
    months = f"{row.months} month{'' if row.months == 1 else 's'}"
    day = wording.day(row.on) if row.on else ""
    return {
        deciding.END: f"End {named}: {day} is the first day that is not charged.",
        deciding.STAY: f"Let {named} go on: it does not end{f' on {day}' if day else ''} any more.",
        deciding.PAUSE: f"Pause {named}: nothing is charged until it goes on.",
        deciding.GO_ON: f"End the pause of {named}: it is charged again.",
        deciding.LESS: f"Charge {row.percent} % less for {named}, for {months}.",
        deciding.FULL: f"End the discount of {row.percent} % on {named}.",
    }[row.what]


def tell_done(row: BillingWish, now: datetime) -> None:
    """The mail that the page had announced; nobody with an e-mail on record: the page alone says it."""
    account = row.contract.account
    reader = Contact.objects.readers_of([account.pk]).get(account.pk)
    if reader is None:
        return
    plan, day = row.contract.plan or "Your contract", wording.day(row.on) if row.on else ""
    months = f"{row.months} month{'' if row.months == 1 else 's'}"
    subject, what = {
        deciding.END: ("Our billing has stopped", f"{plan} ends in our billing: nothing is charged from {day} on."),
        deciding.PAUSE: ("Our billing pauses", f"{plan} pauses in our billing: nothing is charged until it goes on."),
        deciding.LESS: ("Your discount is set",
                        f"{plan} costs {row.percent} % less for {months}, from the next bill on."),
    }.get(row.what, ("Our billing knows", f"What you decided about {plan} is known to our billing."))  # fmt: skip
    enqueue([Draft(
        key=f"{ORIGIN}:{row.pk}", category="transactional", template_id=template("{{ subject }}", _BODY), due_at=now,
        account_id=account.pk, contact_id=reader.pk, expires_at=now + _KEEPS, origin=ORIGIN, origin_id=row.pk,
        facts={"subject": subject, "what": what, "owner": account.owner.name if account.owner else "",
               "wish": row.pk, "contact": {"first_name": reader.first_name}},
    )], now=now)  # fmt: skip


def guard(messages: Sequence[Any], now: datetime) -> dict[int, Refusal]:
    """What was taken back since, or decided otherwise, is not confirmed any more."""
    asked = {m.pk: m.facts.get("wish") for m in messages if m.origin == ORIGIN}
    if not asked:
        return {}
    rows = BillingWish.objects.filter(pk__in=asked.values(), state=BillingWish.State.DONE)
    latest = {row.contract_id: row.pk for row in BillingWish.objects.filter(
        contract__in=rows.values("contract")).exclude(state=BillingWish.State.CANCELLED).order_by("pk")}  # fmt: skip
    stands = {row.pk for row in rows if latest.get(row.contract_id) == row.pk}
    return {
        pk: Refusal("taken-back", "What it confirms was taken back.")
        for pk, wish in asked.items()
        if wish not in stands
    }


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why such a mail, or such a task, exists."""
    rows = BillingWish.objects.filter(pk__in=list(ids)).select_related("contract__account")
    return {
        row.pk: Explanation(
            "It was decided here, and the system that bills the contract has to know",
            row.contract.account.get_absolute_url(),
            [("Contract", str(row.contract)), ("There", row.external_id), ("Decided", row.get_what_display()),
             ("On", wording.day(row.asked_at.date()))],
        )
        for row in rows
    }  # fmt: skip
