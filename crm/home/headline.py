"""How the installation does, in one sentence, and what to do if it does not."""

from __future__ import annotations

from dataclasses import dataclass

from crm.web import wording
from crm.web.standing import Standing

_CELERY = "uv run celery --app crm.config.celery"


@dataclass(frozen=True)
class Headline:
    tone: str  # good | warn | bad
    title: str
    text: str = ""
    command: str = ""


def of(how: Standing, bells: int | None) -> Headline:
    """`bells` are those of beat that nobody has heard, None when the broker does not answer; asked of the silent."""
    if how.silence is None:
        return Headline(
            "warn", "No worker has run yet.", "Until one does, nothing moves. Start it with", f"{_CELERY} worker"
        )
    if how.stands_still:
        since = f"Nothing has been done for {wording.length(how.silence)}:"
        if bells is None:
            return Headline(
                "bad", f"{since} Redis does not answer.", "Start it, or look at REDIS_URL; workers go on by themselves."
            )
        if bells:
            return Headline("bad", f"{since} the worker does not answer.", "Start it with", f"{_CELERY} worker")
        return Headline("bad", f"{since} beat does not ring.", "Start it with", f"{_CELERY} beat")
    if how.alarming and (oldest := how.oldest):
        waits = f"{oldest.label} has waited for {wording.length(how.wait)}."
        return Headline(
            "bad",
            f"Work waits. {waits}",
            "The worker answers but does not keep up. If this lasts, start another with",
            f"{_CELERY} worker",
        )
    oldest_words = f"Oldest waiting {wording.length(how.wait)}." if how.oldest else "Nothing waits."
    if needing := how.needs_person:
        return Headline(
            "warn",
            f"{_many(needing)} need{'s' if needing == 1 else ''} you.",
            f"All else is running. {oldest_words}",
        )
    return Headline("good", f"All is running. {oldest_words}")


def _many(count: int) -> str:
    return "1 thing" if count == 1 else f"{count:,} things"
