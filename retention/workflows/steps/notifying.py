"""Telling somebody of ours: by mail, by the bell, or both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from django.urls import reverse
from pydantic import Field

from crm.outbox import actions as outbox
from crm.outbox import rendering
from crm.outbox.notifications import Told, tell_each
from crm.team.models import User
from retention.workflows.batch import Batch
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.steps.messages import Mail
from retention.workflows.steps.people import Addressed, there, whom
from retention.workflows.wording import Line, in_words

#: The kind of notification, which everybody may switch off for themselves.
KIND = "workflow.told"


class NotifyStep(Mail, Addressed):
    """Write to somebody of ours."""

    do: Literal["notify"]
    to: Literal["owner", "person", "group"] = Field(
        "owner", title="Tell",
        json_schema_extra={"labels": {"owner": "The customer’s owner", "person": "One person", "group": "A team"}},
    )  # fmt: skip
    by: Literal["mail", "bell", "both"] = Field(
        "mail", title="By", json_schema_extra={"labels": {"mail": "Mail", "bell": "The bell", "both": "Both"}}
    )


def notify(step: NotifyStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    template_id = outbox.template(step.subject, step.body) if step.by != "bell" else 0
    everybody, told = _everybody(step, batch), []
    for enrollment in enrollments:
        owner = batch.accounts[enrollment.account_id].owner
        people = [owner] if owner and not everybody else everybody
        if not people:
            batch.ran(enrollment, step, "Nobody owns this customer, so there was nobody to tell")
            go_on(step, enrollment, batch)
            continue
        names = people[0].name if len(people) == 1 else f"{len(people)} colleagues"
        if step.by == "bell":
            run = batch.ran(enrollment, step, f"Told {names}")
        else:
            run = batch.ran(enrollment, step, f"Planned a mail to {names}", planned=True)
            for user in people:
                _write(step, user, run, template_id, enrollment, batch, several=step.to == "group")
        if step.by != "mail":
            told += _bells(step, people, run.key, enrollment, batch)
        go_on(step, enrollment, batch)
    tell_each(told, KIND, batch.now)


def _everybody(step: NotifyStep, batch: Batch) -> list[User]:
    """Whom it tells of all customers; empty: each one's owner."""
    if step.to == "person":
        return list(User.objects.filter(pk=step.person or 0, is_active=True))
    return there(step.group, batch) if step.to == "group" and step.group else []


def _write(
    step: NotifyStep, user: User, run: Any, template_id: int, enrollment: Enrollment, batch: Batch, *, several: bool
) -> None:
    batch.send(
        run, f":{user.pk}" if several else "", category="transactional", template_id=template_id,
        account_id=enrollment.account_id, user_id=user.pk, facts=batch.facts(enrollment), due_at=enrollment.due_at,
        expires_at=enrollment.due_at + timedelta(days=step.late_after_days),
    )  # fmt: skip


def _bells(step: NotifyStep, people: Sequence[User], key: str, enrollment: Enrollment, batch: Batch) -> list[Told]:
    text, _ = rendering.render(step.subject, step.body, batch.facts(enrollment))
    url = reverse("accounts:detail", args=[enrollment.account_id])
    return [Told(user.pk, text, url, key, enrollment.account_id) for user in people]


def _line(step: NotifyStep) -> Line:
    by = {"mail": "A mail", "bell": "A word by the bell", "both": "A mail and a word by the bell"}[step.by]
    who = "to the account manager" if step.to == "owner" else ""
    return Line("bell", f"Tell {whom(step)}: “{in_words(step.subject)}”", f"{by} {who}".strip() + ".")


step_kinds.register(
    "notify",
    StepKind(
        NotifyStep, notify, _line, "Tell a colleague", "Whoever looks after the customer, one person, or a team.",
        "bell", "Write", 20, acts=True,
    ),
)  # fmt: skip
