"""How the installation does, in one sentence, and what to do if it does not."""

from __future__ import annotations

from dataclasses import dataclass

from crm.outbox import stopping
from crm.web import wording
from crm.web.standing import Standing

#: By part, as docker compose calls it: for those who run the containers, and for those who run the processes.
_START = {
    part: (f"docker compose up -d {part}", f"celery --app crm.config.celery {part}") for part in ("worker", "beat")
}
_MORE = ("docker compose up -d --scale worker=2", "celery --app crm.config.celery worker")


@dataclass(frozen=True)
class Headline:
    tone: str  # good | warn | bad
    title: str
    text: str = ""
    commands: tuple[str, ...] = ()  # any one of them will do
    stops_mail: bool = False  # there is something to let go on


def of(how: Standing) -> Headline:
    if how.silence is None:
        text = "Until one does, nothing moves. Start it with"
        return Headline("warn", "No worker has run yet.", text, _START["worker"])
    if part := how.silent_part:
        if part == "broker":
            return Headline("bad", how.plight, "Start it, or look at REDIS_URL; workers go on by themselves.")
        return Headline("bad", how.plight, "Start it with", _START[part])
    if how.alarming:
        text = "The worker answers but does not keep up. If this lasts, start another with"
        return Headline("bad", how.plight, text, _MORE)
    if because := mail_stopped(how):
        return Headline("warn", f"No mail leaves. {because}", "All else is running.", stops_mail=True)
    oldest_words = f"Oldest waiting {wording.length(how.wait)}." if how.oldest else "Nothing waits."
    if needing := how.needs_person:
        return Headline(
            "warn",
            f"{_many(needing)} need{'s' if needing == 1 else ''} you.",
            f"All else is running. {oldest_words}",
        )
    return Headline("good", f"All is running. {oldest_words}")


def mail_stopped(how: Standing) -> str:
    """Why no mail leaves at all; blank where some does, and where nobody has set up mail and none waits."""
    because = no_mail_leaves(how)
    return "" if because == stopping.NO_WAY_OUT and not how.total("held") else because


def no_mail_leaves(how: Standing) -> str:
    """Why no sender sends anything; blank if one does."""
    reasons = dict.fromkeys(load.because for load in how.of("outbox"))
    return "" if "" in reasons or stopping.SINGLE_READERS in reasons else " ".join(reasons)


def _many(count: int) -> str:
    return "1 thing" if count == 1 else f"{count:,} things"
