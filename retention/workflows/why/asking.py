"""Why somebody gets a workflow, or does not: everything that decides it, asked as it is now.

Each part asks the rule itself: the trigger's kind, the filter, the group, the guards of the outbox. Nothing is decided
here a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.outbox import asking
from crm.segments import filters
from crm.team.models import User
from crm.web import clock
from crm.web.wording import day_near
from retention.workflows import rules, wording
from retention.workflows.definition import Definition, walk
from retention.workflows.experiments import holdout
from retention.workflows.experiments.places import EVERYTHING, is_held, of_workflow
from retention.workflows.kinds import trigger_kinds
from retention.workflows.leaving import plain
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.policies import Again
from retention.workflows.steps.messages import MessageStep
from retention.workflows.why.answers import Answer, Line, Part
from retention.workflows.why.walking import walked

#: So many of a customer's ways through one workflow are named.
WAYS = 5


@dataclass
class Asked:
    """Who is asked about, and of what. `contact` None: whoever reads the account's mail."""

    workflow: Workflow
    plan: Definition
    account: Account
    contact: Contact | None
    step: Any  # None: the workflow as a whole
    now: datetime
    viewer: User

    @cached_property
    def ways(self) -> list[Enrollment]:
        """Their ways through it, the latest first."""
        if not self.workflow.pk:
            return []
        rows = Enrollment.objects.filter(workflow=self.workflow, account=self.account)
        return list(rows.select_related("version", "workflow").order_by("-id")[:WAYS])

    @cached_property
    def inside(self) -> Enrollment | None:
        open_ = (Enrollment.State.ACTIVE, Enrollment.State.PARKED)
        return next((one for one in self.ways if one.state in open_), None)


def answer(asked: Asked) -> Answer:
    """What comes first decides: a step that has run says what became of it; else why they are not there."""
    parts = [_switch(asked), _trigger(asked), _condition(asked), _ways(asked), _group(asked), _mail(asked),
             _leaving(asked)]  # fmt: skip
    found = [part for part in parts if part]
    if asked.step is not None and (told := walked(asked.ways, asked.plan, asked.step, asked.now, asked.viewer)):
        return Answer(told.headline, told.gets, [told.part, *found], asked.inside)
    return Answer(*_headline(asked, found), found, asked.inside)


def _headline(asked: Asked, parts: Sequence[Part]) -> tuple[str, bool | None]:
    name, who = f"“{asked.plan.name}”", str(asked.account)
    if inside := asked.inside:
        no = next((part.no for part in parts if part.name == "group" and part.holds is False), "")
        since = day_near(clock.today(inside.entered_at), clock.today(asked.now))
        if no:
            return f"{who} is in {name} since {since}, and gets nothing of it: {no}.", False
        kept = next((part.no for part in parts if part.name == "mail" and part.holds is False), "")
        return f"{who} is in {name} since {since}." + (
            f" Its mail waits, or does not leave: {kept}." if kept else ""
        ), True
    against = next((part for part in parts if part.holds is False), None)
    if asked.ways and (against is None or against.name == "trigger"):
        last = asked.ways[0]
        because = last.ended_because[:1].lower() + last.ended_because[1:]
        return f"{who} has gone through {name}: {last.get_state_display().lower()}, {because}.", True
    if against:
        return f"{who} does not get {name}: {against.no}.", False
    return f"Nothing keeps {who} out of {name}: they enter when it looks next.", True


def _switch(asked: Asked) -> Part:
    workflow, today = asked.workflow, clock.today(asked.now)
    on = workflow.state != Workflow.State.OFF
    value = workflow.get_state_display().lower()
    if on and workflow.enabled_at:
        value += f" since {day_near(clock.today(workflow.enabled_at), today)}"
    lines = [Line("Switched on", value, on)]
    if on:
        moves = workflow.state == Workflow.State.ON
        lines.append(Line("Goes on", "yes" if moves else "paused: people enter, and stand still", moves))
    if workflow.version:
        published = day_near(clock.today(workflow.version.published_at), today)
        lines.append(Line("Version", f"{workflow.version.number}, published {published}"))
    holds = workflow.state == Workflow.State.ON
    no = "the workflow is off" if not on else "the workflow is paused"
    return Part("switch", "The workflow", "power", lines, holds, "" if holds else no)


def _trigger(asked: Asked) -> Part:
    kind = trigger_kinds[asked.plan.trigger.when]
    verdicts = kind.why(asked.plan.trigger, asked.workflow, asked.account.pk, asked.now)
    lines = [Line(one.label[:1].upper() + one.label[1:], one.value, one.holds) for one in verdicts]
    sentence = wording.trigger_sentence(asked.plan)
    against = next((one for one in verdicts if one.holds is False), None)
    holds = None if all(one.holds is None for one in verdicts) else against is None
    no = f"what starts it has not come ({against.label}: {against.value})" if against else ""
    return Part("trigger", sentence, kind.icon, lines, holds, no)


def _condition(asked: Asked) -> Part | None:
    if not asked.plan.trigger.where:
        return None
    return _filtered("condition", "Only for customers who fit", asked.plan.trigger.where, asked, wanted=True)


def _filtered(name: str, title: str, tree: dict[str, Any], asked: Asked, *, wanted: bool) -> Part:
    condition = filters.parse(tree, "account")
    values = condition.values([asked.account.pk], asked.now).get(asked.account.pk, {})
    held = condition.matches(values, asked.now)
    seen = {field: plain(value) for field, value in values.items()}
    lines = [Line(one.words, one.value, one.holds, one.depth) for one in condition.asked(seen, asked.now)]
    missing = next((line for line in lines if line.holds is False and line.value), None)
    no = f"{missing.label[:1].lower() + missing.label[1:]} does not hold ({missing.value})" if missing else ""
    return Part(name, title, "list-filter", lines, held if wanted else None, no if wanted and not held else "")


def _ways(asked: Asked) -> Part | None:
    today = clock.today(asked.now)
    if not asked.ways:
        return Part("ways", "Has it run for them", "route", [Line("Never", "", None)])
    lines = [
        Line(
            f"{day_near(clock.today(one.entered_at), today)}: {wording.cause(one.facts, today)}",
            one.get_state_display() + (f": {one.ended_because}" if one.ended_because else ""),
            url=reverse("workflows:enrollment", args=[asked.workflow.slug, one.pk]),
        )
        for one in asked.ways
    ]
    again = [_again(asked, asked.plan.again)] if asked.plan.again else []
    return Part("ways", "Has it run for them", "route", lines + again)


def _again(asked: Asked, again: Again) -> Line:
    """Whether what starts it would let them in once more, and from which day on, counted from their latest way."""
    last, today = asked.ways[0], clock.today(asked.now)
    if again.may != "after":
        return Line("Enter again", again.sentence, again.may == "each")
    if again.since == "ended" and last.ended_at is None:
        return Line("Enter again", "not while they are under way", False, more=again.sentence)
    begun = max((one.entered_at if again.since == "entered" else one.ended_at) or one.entered_at for one in asked.ways)
    free = begun + timedelta(days=again.days or 0)
    counted = f"{'entered' if again.since == 'entered' else 'ended'} {day_near(clock.today(begun), today)}"
    words = f"{counted}, so from {day_near(clock.today(free), today)} on"
    return Line("Enter again", words, free <= asked.now, more=again.sentence)


def _group(asked: Asked) -> Part | None:
    own, everything = asked.plan.holdout_percent, holdout.size_lately()
    chosen = (
        asked.ways[0].held_out if asked.ways else is_held(of_workflow(asked.workflow.pk or 0), asked.account.pk, own)
    )
    of_all = is_held(EVERYTHING, asked.account.pk, everything)
    if not (own or everything or chosen):
        return None
    lines = []
    if own or chosen:
        lines.append(Line("Held out of this workflow", f"{'yes' if chosen else 'no'}; {own} in 100 are", not chosen))
    if everything:
        lines.append(
            Line("Held out of everything", f"{'yes' if of_all else 'no'}; {everything} in 100 are", not of_all)
        )
    no = holdout.OF_ALL if of_all else holdout.of_one(asked.plan.name) if chosen else ""
    return Part("group", "Held out, to measure what it does", "flask-conical", lines, not no, no)


def _mail(asked: Asked) -> Part | None:
    """Whether mail of it would reach them at this moment."""
    steps = [asked.step] if asked.step is not None else list(walk(asked.plan.steps))
    mail = next((step for step in steps if isinstance(step, MessageStep)), None)
    if mail is None:
        return None
    known, reader = asking.imagine(asked.account, asked.contact, mail.category, asked.now)
    lines = [Line(one.label, one.value, one.holds, more=one.then) for one in asking.questions(known)]
    if reader and known.got:
        lines += [
            Line(f"Counted: {message.title}", _moment(message.sending_at), None, 1,
                 reverse("outbox:detail", args=[message.pk]))
            for message in asking.used_up_by(reader, asked.now)
        ]  # fmt: skip
    if hours := asked.plan.hours:
        until = rules.allowed_from(asked.now, ZoneInfo(known.zone), hours.from_, hours.to, hours.weekdays)
        lines.append(Line("Hours of this workflow", f"from {_moment(until)}" if until else "now", until is None,
                          more=hours.sentence))  # fmt: skip
    against = next((line for line in lines if line.holds is False), None)
    title = f"Would a {mail.category} mail reach them now"
    return Part("mail", title, "mail", lines, against is None, against.more.rstrip(".") if against else "")


def _leaving(asked: Asked) -> Part | None:
    lines: list[Line] = []
    for leave in asked.plan.leaves:
        word = "Reaches the goal" if leave is asked.plan.goal else "Leaves early"
        if leave.where is None:
            lines.append(Line(f"{word}: {leave.because}", f"when “{(leave.fact or '').replace('.', ' ')}” happens"))
            continue
        part = _filtered("leave", "", leave.where, asked, wanted=False)
        lines.append(Line(f"{word}: {leave.because}"))
        lines += [Line(line.label, line.value, line.holds, line.depth + 1) for line in part.lines]
    return Part("leaving", "What lets them leave", "door-open", lines) if lines else None


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(clock.zone())
    return f"{day_near(local.date(), clock.today())}, {local:%H:%M}"
