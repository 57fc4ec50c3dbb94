"""Why a message or a task of a workflow exists: what made the customer enter, which version, and the path taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from crm.outbox.models import OutboundMessage
from crm.slots import Explanation
from crm.web import clock
from crm.web.wording import day_near
from retention.workflows import published, wording
from retention.workflows.models import Enrollment, StepRun


def explain(run_ids: Sequence[int]) -> Mapping[int, Explanation]:
    """Explanations by step run, in three queries however many are asked for."""
    asked = StepRun.objects.filter(pk__in=run_ids).select_related("enrollment__workflow", "enrollment__version")
    found = {run.pk: run for run in asked}
    paths: dict[int, list[StepRun]] = {}
    for run in StepRun.objects.filter(enrollment__in=[run.enrollment_id for run in found.values()]).order_by("id"):
        paths.setdefault(run.enrollment_id, []).append(run)
    ran = [run.pk for path in paths.values() for run in path if run.detail.get("planned")]
    mails = OutboundMessage.objects.filter(origin="workflow", origin_id__in=ran).only("origin_id", "state", "reason")
    became = {mail.origin_id: mail for mail in mails}
    today = clock.today()
    return {pk: _one(run, paths[run.enrollment_id], became, today) for pk, run in found.items()}


def _one(
    run: StepRun, path: Sequence[StepRun], became: Mapping[int | None, OutboundMessage], today: date
) -> Explanation:
    enrollment = run.enrollment
    plan = published.of_version(enrollment.version_id)
    lines = [
        ("Workflow", f"{plan.name}, version {enrollment.version.number}"),
        ("Started by", wording.cause(enrollment.facts, today)),
        ("Entered", _when(enrollment.entered_at, today)),
    ]
    if who := wording.who(plan):
        lines.append(("Condition", who))
    said = timezone.localtime(enrollment.entered_at).date()
    for before in path:
        if before.pk <= run.pk:
            mail = became.get(before.pk) if before.pk < run.pk else None
            did = happened(before, today) + (f": {_fate(mail)}" if mail else "")
            lines.append((_when(before.ran_at, today, said), did))
            said = timezone.localtime(before.ran_at).date()
    return Explanation(f"{plan.name}", _address(enrollment), lines)


def _address(enrollment: Enrollment) -> str:
    return reverse("workflows:enrollment", args=[enrollment.workflow.slug, enrollment.pk])


def happened(run: StepRun, today: date) -> str:
    """What a step did, in a sentence, with the values that decided it."""
    if "until" in run.detail:
        until = datetime.fromisoformat(run.detail["until"]).astimezone(ZoneInfo(run.detail["zone"]))
        moment = f"{day_near(until.date(), today)}, {until:%H:%M}"
        return f"{run.outcome} until {moment} ({run.detail['zone'].replace('_', ' ')})"
    if seen := run.detail.get("seen"):
        return f"{run.outcome}: " + ", ".join(f"{name.replace('_', ' ')} was {value}" for name, value in seen.items())
    return run.outcome


def _fate(mail: OutboundMessage) -> str:
    """“sent”, or “not sent. Anna wants no such mail.”"""
    fate = mail.get_state_display().lower()
    return f"{fate}. {mail.reason}" if mail.state == OutboundMessage.State.SKIPPED else fate


def _when(moment: datetime, today: date, said: date | None = None) -> str:
    """The day, unless it was `said` just before, and the time."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == said else f"{day_near(local.date(), today)}, {local:%H:%M}"
