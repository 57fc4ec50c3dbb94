"""The deals behind each figure, and what their list is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from crm.pipelines.insight import asking, relations, touches
from crm.pipelines.insight.asking import Scope
from crm.pipelines.insight.period import Period
from crm.pipelines.insight.reading import WHOSE
from crm.pipelines.lists import number
from crm.pipelines.models import LossReason
from crm.team.models import User


@dataclass(frozen=True)
class Behind:
    """A relation, the columns that an address may narrow it by, and its words, by the fate asked for."""

    relation: str
    columns: tuple[str, ...]
    words: Mapping[str, str]


#: By their names in addresses.
BEHIND: Mapping[str, Behind] = {
    "passed": Behind(relations.PASSED, ("stage", "fate"), {
        "": "Entered {stage}", "on": "Went on from {stage}", "lost": "Lost after {stage}",
        "under": "Under way since {stage}",
    }),
    "settled": Behind(relations.SETTLED, ("stage",), {"": "Went on from {stage} or lost after it"}),
    "took": Behind(relations.TOOK, ("stage", "late"), {"": "Left {stage}"}),
    "standing": Behind(relations.STANDING, ("stage", "late"), {"": "In {stage} at the end"}),
    "opened": Behind(relations.OPENED, (), {"": "Opened"}),
    "decided": Behind(relations.DECIDED, ("fate", "owner", "source", "month", "reason"), {
        "": "Won and lost", "won": "Won", "lost": "Lost",
    }),
    "whose": Behind(relations.WHOSE, ("whose", "fate", "here"), {
        "": "Won and lost", "won": "Won", "lost": "Lost",
    }),
    "stayed": Behind(relations.STAYED, ("owner", "fate"), {
        "stayed": "Customer stayed for six months", "left": "Customer left within six months",
        "early": "Too early to tell whether the customer stays",
    }),
    "judged": Behind(relations.JUDGED, ("owner",), {"": "Six months after the sale are over"}),
    "touched": Behind(relations.TOUCHED, ("kind", "channel"), {"": "Won"}),
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A figure that an address names."""

    what: Behind
    where: Mapping[str, str]

    def rows(self, rows: QuerySet[Any], scope: Scope, period: Period) -> QuerySet[Any]:
        return asking.behind(rows, scope, period, self.what.relation, self.where)

    def title(self, scope: Scope) -> str:
        """“Lost after Demo”, “Won · Mira”."""
        where = self.where
        stage = next((one.name for one in scope.every if str(one.pk) == where.get("stage")), "a stage")
        words = self.what.words[where.get("fate", "")].format(stage=stage)
        late = "longer than expected" if where.get("late") == "true" else ""
        return " · ".join(filter(None, [words, late, *self._apart()]))

    def _apart(self) -> list[str]:
        """What it is told apart by."""
        where, found = self.where, []
        if (owner := where.get("owner")) is not None:
            user = User.objects.only("name", "email").filter(pk=number(owner)).first()
            found.append(str(user or "Nobody"))
        if (reason := where.get("reason")) is not None:
            named = LossReason.objects.filter(pk=number(reason)).first()
            found.append(str(named or "No reason said"))
        if (source := where.get("source")) is not None:
            found.append(source or "No source said")
        if month := where.get("month"):
            found.append(_month(month))
        if whose := where.get("whose"):
            found.append(WHOSE[whose][0] if whose in WHOSE else whose)
            found.append("" if where.get("here") else "all pipelines")
        if kind := where.get("kind"):
            found.append(f"{touches.words(kind, where.get('channel', ''))} before the sale")
        return found


def _month(text: str) -> str:
    try:
        return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
    except ValueError:
        raise Http404("There is no such month.") from None


def asked(values: Mapping[str, str]) -> Asked:
    """As an address has it: `what` (opened), and `is_<column>`. Raises Http404."""
    what = BEHIND.get(values.get("what", "opened"))
    if what is None:
        raise Http404("There is no such figure.")
    where = {name: text for name in what.columns if (text := values.get(f"is_{name}")) is not None}
    if any("\0" in text for text in where.values()) or where.get("fate", "") not in what.words:
        raise Http404("There is no such figure.")
    return Asked(what, where)
