"""Writing to the customer, in their language, at their time, and if somebody of ours says yes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crm.accounts.rules import language_name
from crm.outbox import actions as outbox
from crm.outbox import rendering
from crm.outbox.models import Topic
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.causes import Strict
from retention.workflows.definition import AnyStep, Step, Way
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on, take
from retention.workflows.wording import Line, days, in_words

Subject = Annotated[str, Asks("subject"), Field(title="Subject", min_length=1, max_length=300)]
Body = Annotated[str, Asks("words"), Field(title="Text", min_length=1, max_length=20_000)]
Language = Annotated[str, Asks("language"), Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]


class Words(Strict):
    """A mail in one language."""

    subject: Subject
    body: Body

    @model_validator(mode="after")
    def _liquid_parses(self) -> Words:
        rendering.check(self.subject, self.body)
        return self


class Mail(Step):
    """Liquid source of a mail; see retention.workflows.naming for what it may name."""

    subject: Subject
    body: Body
    late_after_days: int = Field(
        3, title="Late after", description="Days after the planned time.", ge=0, le=90,
        json_schema_extra={"last": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _liquid_parses(self) -> Mail:
        rendering.check(self.subject, self.body)
        return self

    @property
    def words(self) -> Mapping[str, str]:
        return {"subject": self.subject, "body": self.body}


class MessageStep(Mail):
    """Write to the customer."""

    do: Literal["message"]
    category: Literal["service", "marketing"] = Field(
        "service",
        title="Kind of mail",
        description="Marketing goes only to those who said yes to it; both obey caps and quiet hours.",
        json_schema_extra={"labels": {"service": "Service", "marketing": "Marketing"}},
    )
    topic: Annotated[str, Asks("topic")] = Field(
        "", title="Topic", description="Whoever has refused this topic does not get it.", max_length=40
    )
    languages: dict[Language, Words] = Field(
        default_factory=dict, title="Other languages", description="Whoever speaks one of them gets its words."
    )
    approval: bool = Field(
        False, title="Wait for a yes", description="The customer’s owner reads it first, and may change or refuse it."
    )
    if_late: Literal["skip", "send", "way"] = Field(
        "skip",
        title="When it is late",
        description="After a pause, or a worker that stood still.",
        json_schema_extra={"last": True, "labels": {
            "skip": "Do not send it", "send": "Send it all the same", "way": "Go another way instead",
        }},
    )  # fmt: skip
    late: list[AnyStep] = Field(default_factory=list)

    @property
    def ways(self) -> Sequence[Way]:
        if self.if_late != "way" and not self.late:
            return ()
        return Way("in time", (), ()), Way(f"more than {days(self.late_after_days)} late", ("late",), self.late)

    @property
    def words(self) -> Mapping[str, str]:
        others = {
            f"languages.{language}.{name}": text
            for language, words in self.languages.items()
            for name, text in (("subject", words.subject), ("body", words.body))
        }
        return {"subject": self.subject, "body": self.body, **others}

    def written_in(self, language: str) -> str:
        """Of its languages the one for somebody of this one; blank: the first words."""
        asked = language.replace("_", "-").lower()
        by_name = {name.lower(): name for name in self.languages}
        return by_name.get(asked) or by_name.get(asked.partition("-")[0]) or ""

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if self.topic:
            topic = Topic.objects.offered().filter(slug=self.topic).first()
            if topic is None:
                yield "topic", f"there is no topic {self.topic!r}"
            elif topic.categories and self.category not in topic.categories:
                yield "topic", f"no {self.category} mail is about “{topic}”"
        if self.late and self.if_late != "way":
            yield "late", "these steps are never reached, unless the mail goes another way when it is late"


def message(step: MessageStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    lasting = timedelta(days=step.late_after_days)
    templates: dict[str, int] = {}
    for enrollment in enrollments:
        expires_at: datetime | None = enrollment.due_at + lasting
        if step.if_late == "way" and batch.now > enrollment.due_at + lasting:
            batch.ran(enrollment, step, f"Not written: more than {days(step.late_after_days)} late", late=True)
            take(step.late, step, enrollment, batch)
            continue
        _plan(step, enrollment, batch, templates, None if step.if_late == "send" else expires_at)
        go_on(step, enrollment, batch)


def _plan(
    step: MessageStep, enrollment: Enrollment, batch: Batch, templates: dict[str, int], expires_at: datetime | None
) -> None:
    reader = batch.reader(enrollment)
    whom = reader.name if reader else "nobody: no e-mail known"
    asked = (reader.language if reader else "") or batch.accounts[enrollment.account_id].language
    language = step.written_in(asked) if step.languages else ""
    if language not in templates:
        words: MessageStep | Words = step.languages[language] if language else step
        templates[language] = outbox.template(words.subject, words.body)
    more: dict[str, Any] = {"topic": step.topic} if step.topic else {}
    outcome, detail = f"Planned a mail to {whom}", {"language": language} if language else {}
    if step.approval:
        by = batch.accounts[enrollment.account_id].owner
        more["needs_approval_by"] = by.pk if by else outbox.ANY_ADMIN
        outcome += f", once {by.name if by else 'an admin'} says yes"
    run = batch.ran(enrollment, step, outcome, planned=True, **detail)
    # Meant for when the step was due, not for when a late worker came by: lateness counts from there.
    batch.send(
        run, category=step.category, template_id=templates[language], account_id=enrollment.account_id,
        contact_id=reader.pk if reader else None, facts=batch.facts(enrollment), due_at=enrollment.due_at,
        expires_at=expires_at, **more,
    )  # fmt: skip


def _line(step: MessageStep) -> Line:
    late = {
        "skip": f"Not sent when more than {days(step.late_after_days)} late.",
        "send": "Sent even when it is late.",
        "way": f"Another way when more than {days(step.late_after_days)} late.",
    }[step.if_late]
    parts = [f"A {step.category} mail to the customer."]
    if step.languages:
        parts.append(f"Also in {', '.join(sorted(map(language_name, step.languages)))}.")
    if step.approval:
        parts.append("The owner reads it first.")
    return Line("mail", f"Send “{in_words(step.subject)}”", " ".join([*parts, late]))


step_kinds.register(
    "message",
    StepKind(
        MessageStep, message, _line, "Send a mail",
        "To the customer, within caps, quiet hours and what they agreed to.", "mail", "Write", 10,
    ),
)  # fmt: skip
