"""What groups came to, in words."""

from __future__ import annotations

from retention.workflows.experiments.rules import LEAST, Share, Verdict


def percent(share: Share) -> str:
    return f"{share.value * 100:.1f} %" if share.of else "–"


def points(value: float) -> str:
    """+6.0, −0.4."""
    return f"{'−' if value < 0 else '+'}{abs(value) * 100:.1f}"


def interval(verdict: Verdict) -> str:
    return f"{points(verdict.interval.low)} to {points(verdict.interval.high)}"


def said(verdict: Verdict, good: str = "More stay with it", bad: str = "Fewer stay with it") -> str:
    match verdict.found:
        case "more":
            return good
        case "less":
            return bad
        case "none":
            return "No difference seen"
    return "Not enough people yet"


def need(verdict: Verdict, one: Share, other: Share) -> str:
    """Why nothing is said yet, or how fine it could see."""
    if min(one.of, other.of) < LEAST:
        return f"Each group needs {LEAST} people; the smaller one has {min(one.of, other.of)}."
    return f"Groups of this size show a difference of {verdict.detectable * 100:.1f} points or more."
