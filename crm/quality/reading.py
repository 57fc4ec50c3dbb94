"""The figures as one viewer reads them: a sum over the owners whose customers they see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, Sum
from django.urls import NoReverseMatch, reverse

from crm import slots
from crm.quality import rules
from crm.quality.models import DataCount
from crm.segments import drawing, filterbar
from crm.slots import DataCheck
from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock

#: The drawing of the trend, in its own units.
WIDTH, HEIGHT = 240, 34


@dataclass(frozen=True)
class Line:
    """A check with its figures, where the names behind it are, and where this viewer can mend it."""

    check: DataCheck
    found: int
    of: int
    url: str
    remedy_url: str
    remedy_action: str

    @property
    def share(self) -> str:
        return rules.percent(self.found, self.of)

    @property
    def tone(self) -> str:
        return rules.tone(self.found, self.of)


@dataclass(frozen=True)
class Trend:
    """Scores of the last days. `before` and `since` are the first one's; `points` draw a line through all of them."""

    score: int
    before: int
    since: date
    points: str

    @property
    def change(self) -> int:
        return self.score - self.before


def trend(viewer: User, now: datetime) -> Trend | None:
    """None where nothing was counted yet of what the viewer sees."""
    today = clock.today(now)
    days = DataCount.objects.visible_to(viewer).filter(day__gt=today - timedelta(days=rules.TREND_DAYS))
    sums = days.order_by("day").values("day").annotate(points=Sum("expected"), gaps=Sum("missing"))
    scores = [(row["day"], rules.score(row["gaps"], row["points"])) for row in sums]
    if not scores:
        return None
    return Trend(scores[-1][1], scores[0][1], scores[0][0], drawing.line(scores, WIDTH, HEIGHT))


def groups(viewer: User) -> list[tuple[str, list[Line], list[Line]]]:
    """Under each heading the checks that found something, the most points first, and those that found nothing.

    Those that were never counted, or concern nobody here, are left out.
    """
    figures = _figures(viewer)
    found: dict[str, list[Line]] = {}
    for name, check in slots.data_checks.items():
        if name in figures and (of := figures[name][1]):
            found.setdefault(check.group, []).append(_line(check, figures[name][0], of, viewer))
    for lines in found.values():
        lines.sort(key=lambda line: -line.check.weight * line.found)
    return [
        (name, [line for line in lines if line.found], [line for line in lines if not line.found])
        for name, lines in found.items()
    ]


def _figures(viewer: User) -> dict[str, tuple[int, int]]:
    """Of the day that was counted last, for everybody the same."""
    last = DataCount.objects.aggregate(day=Max("day"))["day"]
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    rows = DataCount.objects.visible_to(viewer).filter(day=last) if last else DataCount.objects.none()
    for figures in rows.values_list("figures", flat=True):
        for name, (found, of) in figures.items():
            sums[name][0] += found
            sums[name][1] += of
    return {name: (found, of) for name, (found, of) in sums.items()}


def _line(check: DataCheck, found: int, of: int, viewer: User) -> Line:
    asked = {"f": filterbar.write([*_parts(check.among), *_parts(check.tree)])}
    url = f"{reverse(slots.filter_subjects[check.subject].list_url)}?{urlencode(asked)}"
    remedy_url, action = _remedy(check, asked, url, viewer)
    return Line(check, found, of, url, remedy_url, action)


def _parts(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    return filterbar.parts_of(dict(tree))


def _remedy(check: DataCheck, asked: dict[str, str], url: str, viewer: User) -> tuple[str, str]:
    """Where one mends it, and what the button says."""
    match check.mend:
        case "bulk":
            return url, check.action or "Choose and change"
        case "import" if allows(viewer, "export") and allows(viewer, "import"):
            return f"{reverse('exports:form', args=[check.subject])}?{urlencode(asked)}", check.action or "Export these"
        case "import":
            return url, "Open them"
    if not allows(viewer, check.permission):
        return url, "Open them"
    try:
        return f"{reverse(check.mend)}{check.query}", check.action
    except NoReverseMatch:
        return url, "Open them"  # a page that this installation does not have
