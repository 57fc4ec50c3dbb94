"""The tab “Rehearsal” of a workflow's page, and the card beside its steps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crm.outbox.sending.rehearsing import WRITTEN
from crm.team.models import User
from retention.workflows import wording
from retention.workflows.definition import Definition
from retention.workflows.finding import draft_of
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.rehearsal import drawing, people
from retention.workflows.rehearsal.actions import LONGEST, digest, plain
from retention.workflows.rehearsal.figures import Figures, shared_by, team
from retention.workflows.rehearsal.models import Rehearsal
from retention.workflows.rehearsal.outcome import MOST_LINES

#: So many earlier ones stand below to compare.
COMPARED = 8


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    found = list(Rehearsal.objects.filter(slug=workflow.slug).select_related("asked_by").order_by("-id")[:COMPARED])
    under_way = next((one for one in found if one.is_open), None)
    run = people.number(request.GET.get("run"))
    played = [one for one in found if one.state == Rehearsal.State.DONE]
    shown = next((one for one in played if one.pk == run), played[0] if played else None)
    now = digest(plain(plan))
    failed = found[0] if found and found[0].state == Rehearsal.State.FAILED else None
    context: dict[str, Any] = {
        "under_way": under_way, "shown": shown, "failed": failed, "spans": Rehearsal.Span.choices,
        "already": wording.already(plan), "drafted": draft_of(workflow) is not None,
        "is_current": bool(shown and shown.digest == now),
        "compared": [(one, Figures(one)) for one in played], "ahead": _ahead(under_way) if under_way else None,
        "lasted": _lasted(played[0]) if played else "", "longest": LONGEST // 60,
    }  # fmt: skip
    return context | (_result(request, shown) if shown else {})


def _ahead(under_way: Rehearsal) -> bool:
    """Others are played before it."""
    return Rehearsal.objects.open().filter(asked_at__lt=under_way.asked_at).exists()


def _lasted(played: Rehearsal) -> str:
    """How long it took, in words: the best that is known of how long the next will take."""
    seconds = played.result.get("seconds")
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(round(seconds), 1)} second{'s' if seconds >= 1.5 else ''}"
    return f"{round(seconds / 60)} minutes"


def _result(request: HttpRequest, shown: Rehearsal) -> dict[str, Any]:
    figures, asked = Figures(shown), people.Asked.of(request)
    wanted = {user for user, _, _ in shown.result.get("team", []) if user}
    users = User.objects.in_bulk(wanted)
    names: dict[int, Any] = dict(users)
    members = team(figures, users)
    result: dict[str, Any] = {
        "came_to": figures, "chart": drawing.messages(figures.days), "asked": asked,
        "team": [(member, drawing.load(member, figures.days)) for member in members],
        "shared_by": shared_by(members),
        "knows": _knows(shown, figures),
    }  # fmt: skip
    return result | (people.listing(request, shown, asked, names) if asked else {})


def _knows(shown: Rehearsal, figures: Figures) -> list[str]:
    """What it could not know, in sentences: people act on its figures."""
    when = shown.definition.get("trigger", {}).get("when", "")
    said = []
    if shown.span == Rehearsal.Span.AHEAD:
        if when == "silence":
            said.append("Nobody knows who will be seen in the days to come, so it takes it that nobody is: this is the "
                        "most that can happen.")  # fmt: skip
        elif (kind := trigger_kinds.get(when)) and not kind.swept:
            said.append("What starts it has not happened yet, so nobody new enters. The last 90 days say how many do.")
        else:
            said.append("Dates and months come by the clock. What customers will do is not known, so nothing of that "
                        "happens.")  # fmt: skip
    else:
        said.append("What happened is played again at its own time. What conditions ask of a customer is read as it is "
                    "known now, not as it was then.")  # fmt: skip
        if when == "silence":
            said.append("Of silences, those that still last are known; those that ended are not.")
    if any(step.get("approval") for step in shown.definition.get("steps", [])):
        said.append("Mail that waits for somebody’s yes is taken to get it at once.")
    said.append(
        "Mail that other workflows have planned or sent counts for the cap; what they will plan later does not."
    )
    said.append("What its own steps do starts no other workflow.")
    if figures.messages:
        said.append(f"At most {WRITTEN:,} texts are written out, to see that they can be filled in; of the rest it is "
                    "taken that they can.")  # fmt: skip
    if (lines := shown.result.get("lines", 0)) > MOST_LINES:
        said.append(f"Names are kept for the first {MOST_LINES:,} of {lines:,} events; the figures count all.")
    return said


def card(workflow: Workflow, plan: Definition) -> dict[str, Any]:
    """The latest of the next 30 days, if it is of what would run now."""
    same = Rehearsal.objects.finished(workflow.slug).filter(span=Rehearsal.Span.AHEAD, digest=digest(plain(plan)))
    latest = same.first()
    if latest is None:
        return {}
    figures = Figures(latest)
    return {"rehearsed": latest, "rehearsed_figures": figures, "rehearsed_chart": drawing.messages(figures.days)}
