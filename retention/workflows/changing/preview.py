"""What moving people to another version would do, in figures that open names. The same rule moves them afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models.expressions import RawSQL
from psycopg.types.json import Jsonb

from retention.workflows import wording
from retention.workflows.changing.flight import DONE, IN_FLIGHT, Group, groups, planned
from retention.workflows.changing.placing import ADDED, ENDED, NEXT, SAME, ahead, place
from retention.workflows.changing.resuming import passable
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow, WorkflowVersion

#: How somebody came to their place, for people.
HOW = {
    SAME: "the same place", NEXT: "the next step that is left", ADDED: "a step that was added before their place",
    ENDED: "nothing is left to do, so they finish",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """People of one version before one step, and where they would stand."""

    version: int  # its number
    at: str  # ids of steps
    to: str
    was: wording.Line | None
    now: wording.Line | None
    how: str
    count: int


@dataclass(frozen=True)
class Reach:
    """A step that so many would come to, or not come to any more; `perhaps`: where ways part, nobody knows yet."""

    step_id: str
    line: wording.Line
    certain: int
    perhaps: int


@dataclass
class Preview:
    total: int = 0
    unreadable: int = 0
    ended: int = 0
    lines: list[Line] = field(default_factory=list)
    gains: list[Reach] = field(default_factory=list)
    losses: list[Reach] = field(default_factory=list)
    dropped: int = 0  # mails of steps that are gone, planned and not sent: they do not leave
    kept: int = 0  # … of steps that say something else now: they leave as they were planned
    adds: bool = False  # whether steps were added before anybody's place


def preview(workflow: Workflow, to: Definition, version_id: int = 0, *, visit_added: bool = False) -> Preview:
    found = Preview()
    seen = groups(workflow, to, version_id, visit_added=visit_added)
    numbers = dict(WorkflowVersion.objects.filter(workflow_id=workflow.pk).values_list("pk", "number"))
    lines: Counter[tuple[int, str, str, str]] = Counter()
    plans: dict[int, Definition] = {}
    for group in seen:
        if group.plan is None or group.place is None:
            found.unreadable += group.count
            continue
        plans[group.version_id] = group.plan
        found.total += group.count
        found.ended += group.count if group.place.how == ENDED else 0
        lines[group.version_id, group.at.step_id, group.place.step_id, group.place.how] += group.count
    for (version, at, then, how), count in lines.items():
        was, now = plans[version].by_id.get(at), to.by_id.get(then)
        found.lines.append(Line(
            numbers.get(version, 0), at, then, wording.line(was) if was else None,
            wording.line(now) if now else None, HOW[how], count,
        ))  # fmt: skip
    found.gains, found.losses = _reached(seen, to, gains=True), _reached(seen, to, gains=False)
    found.adds = visit_added or any(_has_added(group, to) for group in seen)
    _count_planned(found, workflow, to, version_id, plans)
    return found


def _has_added(group: Group, to: Definition) -> bool:
    if group.plan is None:
        return False
    return place(group.plan, to, group.at, visit_added=True).how == ADDED


def _count_planned(
    found: Preview, workflow: Workflow, to: Definition, version_id: int, plans: dict[int, Definition]
) -> None:
    for step_id, version, count in planned(workflow, version_id):
        if step_id not in to.by_id:
            found.dropped += count
        elif (plan := plans.get(version)) and (old := plan.by_id.get(step_id)):
            found.kept += count if tuple(old.words) != tuple(to.by_id[step_id].words) else 0


def difference(group: Group, to: Definition, *, gains: bool) -> dict[str, bool]:
    """Steps that write or change something and that the group would come to (not come to any more) if it were moved."""
    if group.plan is None or group.place is None:
        return {}
    before = ahead(group.plan, group.at.step_id, group.at.passes)
    after = ahead(to, group.place.step_id, group.place.passes) if group.place.step_id else {}
    more, less, plan = (after, before, to) if gains else (before, after, group.plan)
    return {step: sure for step, sure in more.items() if step not in less and passable(plan.by_id[step])}


def _reached(seen: Iterable[Group], to: Definition, *, gains: bool) -> list[Reach]:
    certain, perhaps = Counter[str](), Counter[str]()
    lines: dict[str, wording.Line] = {}
    for group in seen:
        for step_id, sure in difference(group, to, gains=gains).items():
            plan: Any = to if gains else group.plan
            lines.setdefault(step_id, wording.line(plan.by_id[step_id]))
            (certain if sure else perhaps)[step_id] += group.count
    return [Reach(step_id, line, certain[step_id], perhaps[step_id]) for step_id, line in lines.items()]


_IDS = f"""
    SELECT e.id FROM retention_enrollment e CROSS JOIN LATERAL ({DONE}) AS ran
    WHERE {IN_FLIGHT} AND jsonb_build_array(
        e.version_id, e.step_id, coalesce(e.passes, '{{}}'::jsonb), to_jsonb(ran.steps)
    ) IN (SELECT jsonb_array_elements(%(groups)s))
"""  # noqa: S608  (constants of ours)


def ids_of(workflow: Workflow, version_id: int, chosen: Iterable[Group]) -> RawSQL:
    """For `filter(id__in=…)`: exactly the people of these groups."""
    alike = [[one.version_id, one.at.step_id, dict(one.at.passes), sorted(one.at.done)] for one in chosen]
    sql, values = _IDS, {"workflow": workflow.pk, "version": version_id, "groups": Jsonb(alike)}
    return RawSQL(*_positional(sql, values))  # noqa: S611  (SQL of ours)


def _positional(sql: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """A RawSQL takes its values in order."""
    order: list[Any] = []
    parts = sql.split("%(")
    text = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition(")s")
        order.append(values[name])
        text += f"%s{rest}"
    return text, order


#: What a figure of the preview is about, by the parameter of its address: which groups it counts.
type Which = Callable[[Group, Definition], bool]


def which(asked: dict[str, str], numbers: dict[int, int]) -> Which:
    """The groups behind one figure."""
    wanted = defaultdict(str, asked)

    def fits(group: Group, to: Definition) -> bool:
        if group.place is None:
            return False
        if wanted["version"] and str(numbers.get(group.version_id)) != wanted["version"]:
            return False
        if group.at.step_id != asked.get("at", group.at.step_id):
            return False
        if group.place.step_id != asked.get("to", group.place.step_id):
            return False
        if "gains" in asked and asked["gains"] not in difference(group, to, gains=True):
            return False
        return not ("loses" in asked and asked["loses"] not in difference(group, to, gains=False))

    return fits
