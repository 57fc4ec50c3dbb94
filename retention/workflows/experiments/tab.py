"""The Effect tab: what a workflow does, with the names behind every figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from crm.accounts.models import Account
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import Sort, keyset_page
from retention.workflows.definition import Definition, walk
from retention.workflows.experiments import before, effect, rules, wording
from retention.workflows.experiments.effect import HELD, HORIZONS, TREATED, Query
from retention.workflows.experiments.rules import Share, Verdict
from retention.workflows.models import Workflow

_KEPT = {"": None, "yes": True, "no": False}


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    now, url = clock.now(), reverse("workflows:detail", args=[workflow.slug])
    admin = viewer_of(request).is_admin
    if "arm" in request.GET:
        return names(request, _people(request, workflow, plan), now) | {"up": f"{url}?tab=effect"}
    percent, _ = effect.versions(workflow) if workflow.pk else (plan.holdout_percent, [])
    measured = effect.rows(effect.of_workflow(workflow), now) if percent and workflow.pk else []
    return {
        "percent": plan.holdout_percent, "measured": [line(row, f"{url}?tab=effect") for row in measured],
        "splits": [_split(workflow, step, now, url) for step in walk(plan.steps) if hasattr(step, "arms")]
        if workflow.pk else [],
        "changes": [_change(one, plan) for one in before.changes(workflow, now)] if workflow.pk else [],
        "may_set": admin, "may_decide": admin and workflow.is_own, "least": rules.LEAST, "most": 50,
    }  # fmt: skip


def line(row: effect.Row, url: str) -> dict[str, Any]:
    """One horizon as the page shows it; both groups open their names."""
    return {
        "days": row.days, **compared(row.verdict, row.treated, row.held),
        "groups": [
            _group("With it", TREATED, row.treated, row.days, url),
            _group("Held out", HELD, row.held, row.days, url),
        ],
    }  # fmt: skip


def _group(label: str, arm: str, share: Share, days: int, url: str) -> dict[str, Any]:
    base = f"{url}&arm={arm}&days={days}" if "?" in url else f"{url}?arm={arm}&days={days}"
    return {"label": label, "percent": wording.percent(share), "share": share, "url": base,
            "kept_url": f"{base}&kept=yes", "lost_url": f"{base}&kept=no", "lost": share.of - share.kept}  # fmt: skip


def compared(verdict: Verdict, one: Share, other: Share, *words: str) -> dict[str, Any]:
    return {
        "verdict": verdict, "found": wording.said(verdict, *words), "points": wording.points(verdict.points),
        "interval": wording.interval(verdict), "need": wording.need(verdict, one, other),
        "known": bool(one.of and other.of),
    }  # fmt: skip


def _people(request: HttpRequest, workflow: Workflow, plan: Definition) -> Query:
    step_id = request.GET.get("step", "")
    if not workflow.pk or (step_id and step_id not in plan.by_id):
        raise Http404
    return effect.of_split(workflow, step_id) if step_id else effect.of_workflow(workflow)


def names(request: HttpRequest, people: Query, now: datetime) -> dict[str, Any]:
    """Who stands behind one figure, as far as this person sees them. Raises BadCursor, Http404."""
    get = request.GET
    if get.get("days") not in {str(days) for days in HORIZONS} or get.get("kept", "") not in _KEPT:
        raise Http404
    if "\0" in get["arm"]:
        raise Http404
    arm, days, kept = get["arm"], int(get["days"]), _KEPT[get.get("kept", "")]
    rows = Account.objects.visible_to(viewer_of(request)).filter(pk__in=effect.names(people, arm, days, kept, now))
    page = keyset_page(rows.order_by(), Sort("id"), get.get("cursor"))
    group = {TREATED: "with it", HELD: "held out"}.get(arm, f"on the way “{arm}”")
    fate = {None: f"Customers {group}", True: f"Still customers, {group}", False: f"Lost, {group}"}[kept]
    return {"people": page.rows, "next": page.next, "title": f"{fate}, {days} days after they entered"}


def _split(workflow: Workflow, step: Any, now: datetime, url: str) -> dict[str, Any]:
    arms = effect.arms(workflow, step.id, now)
    ranked = rules.leader({arm.name: arm.reached for arm in arms})
    found: dict[str, Any] = {"step": step, "arms": [_arm(arm, step.id, url) for arm in arms]}
    if ranked:
        name, verdict = ranked
        sure = verdict.found == "more"
        early = "the difference may be chance" if verdict.found == "none" else "not enough people yet"
        found |= {"leader": name, "sure": sure, "interval": wording.interval(verdict),
                  "words": f"“{name}” wins" if sure else f"“{name}” leads, {early}"}  # fmt: skip
        if not any(arm.reached.kept for arm in arms):
            found["words"] = "Nobody has reached the goal yet"
    return found


def _arm(arm: effect.Arm, step_id: str, url: str) -> dict[str, Any]:
    base = f"{url}?tab=effect&step={step_id}&arm={arm.name}&days={HORIZONS[0]}"
    return {"arm": arm, "reached": wording.percent(arm.reached), "answered": wording.percent(arm.answered),
            "kept": wording.percent(arm.kept), "url": base}  # fmt: skip


def _change(one: before.Change, plan: Definition) -> dict[str, Any]:
    return {
        "change": one, "goal": bool(plan.goal),
        "reached_before": wording.percent(one.reached_before), "reached_after": wording.percent(one.reached_after),
        "stayed_before": wording.percent(one.stayed_before), "stayed_after": wording.percent(one.stayed_after),
    }  # fmt: skip
