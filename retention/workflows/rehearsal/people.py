"""The names behind each figure of a rehearsal, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest

from crm.accounts.models import Account
from crm.web.pagination import Sort, keyset_page
from retention.workflows import wording
from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.rehearsal.figures import HELD, MESSAGES, OURS, held_by
from retention.workflows.rehearsal.models import Rehearsal, RehearsalLine, RehearsalLineQuerySet

Outcome = RehearsalLine.Outcome

#: What the list can be narrowed to: in the address → (its word, the outcomes).
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "messages": ("Messages", MESSAGES),
    "sent": ("Sent", ("sent", "later")),
    "held": ("Held back", HELD),
    "unsent": ("Not sent", ("skipped", "waiting")),
    "tasks": ("Tasks", ("task",)),
    "entered": ("Entered", ("entered",)),
    "left": ("Left early", ("left", "reached")),
    "done": ("Other steps", ("done",)),
    "failed": ("Failed", ("failed",)),
    "held_out": ("Held out", ("held_out",)),
}

#: Beside its word each outcome has a colour and an icon.
BADGES = {
    "sent": "good", "later": "warn", "skipped": "", "waiting": "", "task": "info", "failed": "bad", "reached": "good",
}  # fmt: skip
ICONS = {
    "entered": "log-in", "sent": "send", "later": "clock", "skipped": "ban", "waiting": "hourglass",
    "task": "square-check", "done": "check", "left": "log-out", "reached": "trophy", "held_out": "scale",
    "failed": "triangle-alert",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of a rehearsal, as the address has it."""

    show: str = ""
    guard: str = ""
    day: date | None = None
    user: int | None = None  # 0: the admins' pool
    who: int | None = None  # one customer

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        get = request.GET.get
        try:
            day = date.fromisoformat(get("day", ""))
        except ValueError:
            day = None
        show = get("show", "")
        return cls(show if show in SHOWN else "", get("guard", "")[:40], day, number(get("user")), number(get("who")))

    def __bool__(self) -> bool:
        return bool(self.show or self.guard or self.day or self.user is not None or self.who)

    def narrowed(self, lines: RehearsalLineQuerySet) -> RehearsalLineQuerySet:
        if self.show:
            lines = lines.filter(outcome__in=SHOWN[self.show][1])
            if self.show in ("messages", "sent", "held", "unsent"):
                lines = lines.exclude(kind__in=OURS)
        if self.guard:
            lines = lines.filter(guard="" if self.guard == "none" else self.guard, outcome__in=HELD)
        if self.day:
            lines = lines.filter(day=self.day)
        if self.user is not None:
            lines = lines.filter(user=self.user or None, outcome=Outcome.TASK)
        return lines.filter(account=self.who) if self.who else lines

    def words(self, names: dict[int, Any], customer: str) -> list[str]:
        """What the list is narrowed to, one word for each."""
        said = [SHOWN[self.show][0]] if self.show else []
        if self.guard:
            said.append(f"Held back {held_by('' if self.guard == 'none' else self.guard)}")
        if self.day:
            said.append(f"{self.day:%-d %B}")
        if self.user is not None:
            said.append(f"Tasks of {names.get(self.user, 'the admins’ pool')}")
        return [*said, customer] if customer else said


def number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 15 else None


def listing(request: HttpRequest, rehearsal: Rehearsal, asked: Asked, names: dict[int, Any]) -> dict[str, Any]:
    """Raises BadCursor."""
    lines = RehearsalLine.objects.visible_to(request.user).filter(rehearsal=rehearsal)
    lines = asked.narrowed(lines).select_related("account", "contact")
    page = keyset_page(lines, Sort("id"), request.GET.get("cursor"))
    plan = _plan(rehearsal)
    customer = ""
    if asked.who:
        seen = Account.objects.visible_to(request.user).filter(pk=asked.who).first()
        customer = str(seen or "")
    return {
        "lines": [_line(line, plan, names) for line in page.rows], "next": page.next,
        "narrowed": asked.words(names, customer), "customer": asked.who if customer else None,
    }  # fmt: skip


def _plan(rehearsal: Rehearsal) -> Definition | None:
    """Its definition; None if it cannot be read any more, which must not hide what it came to."""
    try:
        return parse(rehearsal.definition)
    except DefinitionError:
        return None


def _line(line: RehearsalLine, plan: Definition | None, names: dict[int, Any]) -> dict[str, Any]:
    step = plan.by_id.get(line.step_id) if plan and line.step_id else None
    what = wording.line(step).title if step else line.get_outcome_display()
    return {
        "line": line, "what": what, "badge": BADGES.get(line.outcome, ""), "icon": ICONS.get(line.outcome, "circle"),
        "user": names.get(line.user_id or 0), "why": line.reason,
    }  # fmt: skip
