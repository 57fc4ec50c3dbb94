"""Four nouns: a workflow, its immutable versions, a customer's enrollment in one, and what each step did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL

from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.team.models import User, VisibleQuerySet
from crm.timeline.models import Pending
from crm.web import clock
from retention.workflows import rules


def listed(ids: Sequence[int]) -> RawSQL:
    """For `filter(id__in=listed(ids))`: one plain text, where a list would write each of a thousand ids."""
    return RawSQL("SELECT unnest(%s::bigint[])", (f"{{{','.join(map(str, ids))}}}",))


class Workflow(models.Model):
    """A routine that Holdfast runs for customers. What it does stands in its versions."""

    class State(models.TextChoices):
        OFF = "off", "Off"  # nobody enters, nobody moves, nothing planned leaves
        ON = "on", "On"
        PAUSED = "paused", "Paused"  # facts still enter, but nobody moves and nothing planned leaves

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.OFF)
    settings = models.JSONField(default=dict)  # what was set in place of the recipe's defaults
    version = models.ForeignKey("WorkflowVersion", models.PROTECT, null=True, related_name="+")
    enabled_at = models.DateTimeField(null=True)  # facts from then on count
    swept_until = models.DateTimeField(null=True)  # date and silence triggers have looked at all moments up to it
    opened_at = models.DateTimeField(null=True)  # whoever stood still in it may move again since then
    paused_at = models.DateTimeField(null=True)  # while it is paused
    #: What came due between these, while it stood still, is left out: see retention.workflows.changing.resuming.
    skips_from = models.DateTimeField(null=True)
    skips_until = models.DateTimeField(null=True)
    stumbles = models.PositiveSmallIntegerField(default=0, db_default=0)  # see retention.workflows.brake
    stumbled_over = models.CharField(max_length=300, blank=True, default="", db_default="")
    rests_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    recipe = models.SlugField(max_length=60, blank=True, default="", db_default="", db_index=False)  # blank: own
    archived_at = models.DateTimeField(null=True)
    draft: models.JSONField[Any, Any] = models.JSONField(null=True)  # a definition that is being built, finished or not
    draft_edition = models.PositiveIntegerField(default=0, db_default=0)  # rises with every change, undo included
    draft_place = models.PositiveIntegerField(default=0, db_default=0)  # which of its DraftEdits it stands at
    drafted_at = models.DateTimeField(null=True)
    drafted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    room = models.CharField(max_length=20, blank=True, default="", db_default="")  # whose pages show it; blank: these

    def __str__(self) -> str:
        return self.name

    @property
    def is_own(self) -> bool:
        """Made here, and freely changed, where a recipe only has settings."""
        return not self.recipe


#: SQL over enrollments e and workflows w: since when one has waited for the engine; who is paused does not wait for it.
WAITING_SINCE = "greatest(e.due_at, w.opened_at)"


def waited_since_before(moment: datetime) -> Q:
    """Of enrollments: what WAITING_SINCE gives is earlier."""
    opened = Q(workflow__opened_at=None) | Q(workflow__opened_at__lt=moment)
    return opened & Q(due_at__lt=moment)


class WorkflowVersion(models.Model):
    """What a workflow did from one publication to the next. Never changed: people finish on theirs."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()  # validated by retention.workflows.definition
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=300, blank=True, default="", db_default="")  # why, in the publisher's words

    class Meta:
        constraints = [models.UniqueConstraint("workflow", "number", name="version_number_once")]

    def __str__(self) -> str:
        return f"{self.workflow} version {self.number}"


class EnrollmentQuerySet(VisibleQuerySet["Enrollment"]):
    def active(self) -> Self:
        return self.filter(state=Enrollment.State.ACTIVE)


class Enrollment(models.Model):
    """One customer's way through one version. The trigger key makes one fact enroll once, whatever is retried."""

    class State(models.TextChoices):
        ACTIVE = "active", "Under way"
        DONE = "done", "Finished"
        REACHED = "reached", "Reached the goal"
        EXITED = "exited", "Left early"
        PARKED = "parked", "Needs a look"  # a step failed again and again

    # Indexes below begin with workflow and with account.
    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="enrollments", db_index=False)
    version = models.ForeignKey(WorkflowVersion, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")  # null: the account's reader
    trigger_key = models.CharField(max_length=160)
    anchor = models.DateField(null=True)  # the day that steps with `day:` count from
    facts = models.JSONField(default=dict)  # what made it enter, as it was then

    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    step_id = models.CharField(max_length=60)  # the step to run next
    visit = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField()
    awaits_until = models.DateTimeField(null=True)  # its step waits for a fact, no longer than that …
    wait_key = models.CharField(max_length=200, blank=True, default="", db_default="")  # … and that one of its kind
    depth = models.PositiveSmallIntegerField(default=0, db_default=0)  # so many workflows set each other off before it
    #: Step → where to go instead: what it does not run since it came from elsewhere.
    passes = models.JSONField(null=True)
    held = models.JSONField(null=True)  # somebody let it stand still: who, why, and what it goes on with
    attempts = models.PositiveSmallIntegerField(default=0)
    entered_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)
    held_out = models.BooleanField(default=False, db_default=False)  # walks like the others, and gets nothing of it

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workflow", "account", "trigger_key", name="enrollment_once")]
        indexes = [
            models.Index(fields=["workflow", "due_at", "id"], condition=Q(state="active"), name="enrollment_due"),
            models.Index(
                fields=["workflow", "attempts", "due_at"],
                condition=Q(state="active", attempts__gt=0),
                name="enrollment_suspect",
            ),
            models.Index(fields=["account", "-id"], name="enrollment_of_account"),
            models.Index(fields=["workflow", "state", "-id"], name="enrollment_of_workflow"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.workflow_id}"

    @property
    def parked_at(self) -> datetime:
        """When a parked one stopped: its last failure planned another try, which never came."""
        return self.due_at - rules.PAUSE_AFTER_FAILURE


class StepRun(models.Model):
    """What one step did for one enrollment: the path taken, with the values it saw."""

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="runs", db_index=False)
    step_id = models.CharField(max_length=60)
    visit = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=20)
    ran_at = models.DateTimeField()
    outcome = models.CharField(max_length=300)  # a sentence for people
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint("enrollment", "step_id", "visit", name="steprun_once")]

    def __str__(self) -> str:
        return self.outcome


class Turn(models.Model):
    """Whose turn it was last at the steps of a workflow that go round a team. Whoever deals holds the row."""

    workflow = models.OneToOneField(Workflow, models.CASCADE, related_name="+")
    last: models.JSONField[Any, Any] = models.JSONField(default=dict)  # by step: the id of whoever got it

    def __str__(self) -> str:
        return f"turns of {self.workflow_id}"


class Trial(models.Model):
    """A batch of enrollments, or of facts, being tried. Announced in a commit of its own, so that a death is counted.

    The row goes in the transaction of the batch. It names its database session: when that is gone, so is the batch.
    """

    enrollment_ids = ArrayField(models.BigIntegerField())
    pending_ids = ArrayField(models.BigIntegerField(), default=list)  # of facts that nobody has reacted to yet
    backend_pid = models.IntegerField()
    backend_start = models.DateTimeField()
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.enrollment_ids or self.pending_ids)} tried since {self.started_at:%H:%M:%S}"

    @classmethod
    def announce(cls, now: datetime, enrollments: Sequence[int] = (), pending: Sequence[int] = ()) -> Trial:
        ids, facts = list(enrollments), list(pending)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO retention_trial (enrollment_ids, pending_ids, backend_pid, backend_start, started_at)
                SELECT %s, %s, pid, backend_start, %s FROM pg_stat_activity WHERE pid = pg_backend_pid()
                RETURNING id, backend_pid, backend_start
                """,
                [ids, facts, now],
            )
            pk, pid, start = cursor.fetchone()
        return cls(id=pk, enrollment_ids=ids, pending_ids=facts, backend_pid=pid, backend_start=start, started_at=now)

    @classmethod
    def taken(cls, ids: str = "enrollment_ids") -> QuerySet[Trial, int]:
        """The ids of the enrollments (or `pending_ids`) that some worker is trying at this moment, as a subquery."""
        each = Func(F(ids), function="unnest", output_field=models.BigIntegerField())
        return cls.objects.values_list(each, flat=True)

    def fail(self, error: Exception, now: datetime) -> None:
        """Count one attempt for each of the batch. One that fails alone waits, and in the end is parked."""
        because = f"{type(error).__name__}: {error}".replace("\0", "")
        again = now + rules.PAUSE_AFTER_FAILURE
        with transaction.atomic():
            if not type(self).objects.filter(pk=self.pk).delete()[0]:
                return  # somebody else has settled it
            tried = Enrollment.objects.active().filter(pk__in=self.enrollment_ids)
            tried.update(attempts=F("attempts") + 1)
            facts = Pending.objects.filter(pk__in=self.pending_ids, parked_at=None)
            facts.update(attempts=F("attempts") + 1)
            if len(self.enrollment_ids) == 1:
                tried.update(due_at=again)
                tried.filter(attempts__gte=rules.MOST_ATTEMPTS).update(
                    state=Enrollment.State.PARKED, ended_because=because[:300]
                )
            if len(self.pending_ids) == 1:
                facts.update(retry_at=again, error=because)
                facts.filter(attempts__gte=rules.MOST_ATTEMPTS).update(parked_at=now)

    @classmethod
    def count_the_fallen(cls, now: datetime) -> None:
        """Settle the trials whose process is gone: one attempt for each of their batch.

        A process is gone when its database session is. Behind a pooler that shares sessions between clients, such as
        pgbouncer, the session outlives the process, so this says nothing: workers connect to Postgres itself.
        """
        for trial in cls.objects.raw(
            """
            SELECT t.* FROM retention_trial t WHERE NOT EXISTS (
                SELECT 1 FROM pg_stat_activity a WHERE a.pid = t.backend_pid AND a.backend_start = t.backend_start)
            """
        ):
            trial.fail(RuntimeError("The worker died while it ran this"), now)


class Move(models.Model):
    """People under way being taken to another version, slice by slice, in the order of their ids."""

    class State(models.TextChoices):
        RUNNING = "running", "At work"
        DONE = "done", "Done"
        UNDONE = "undone", "Undone"

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="moves")
    version = models.ForeignKey(WorkflowVersion, models.CASCADE, related_name="+")
    act = models.OneToOneField(Act, models.CASCADE, related_name="+")
    visit_added = models.BooleanField(default=False)  # steps that were added before their place, too
    after = models.BigIntegerField(default=0)  # the last enrollment that was looked at …
    up_to = models.BigIntegerField()  # … and the last that there was when it began
    total = models.PositiveIntegerField()  # of them, as counted then
    moved = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)  # … of whom nothing was left to do
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    begun_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state="running"), name="move_running")]

    def __str__(self) -> str:
        return f"{self.moved} of {self.total} to {self.version}"


class Moved(models.Model):
    """Where an enrollment stood before it was moved, and after: it goes back while it has done nothing since."""

    move = models.ForeignKey(Move, models.CASCADE, related_name="rows", db_index=False)
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="+")
    was = models.JSONField()  # the columns that were changed
    step_id = models.CharField(max_length=60, blank=True)  # where it was put
    last_run = models.BigIntegerField(default=0)  # the latest that it had done

    class Meta:
        constraints = [models.UniqueConstraint("move", "enrollment", name="moved_once")]

    def __str__(self) -> str:
        return f"{self.enrollment_id} to {self.step_id or 'the end'}"
