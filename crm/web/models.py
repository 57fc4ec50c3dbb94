"""The kit's tables: when each kind of work last ran, and answers of the API that must not be worked out twice."""

from django.db import models

from crm.web import clock

#: The pulse of beat, broker and worker together.
HEARTBEAT = "heartbeat"


#: The pulse that says: what is here was told by the demo, on that day.
DEMO = "demo"


class Pulse(models.Model):
    """The last run of one kind of work. `tick` never goes back behind its own; /readyz reads beat's."""

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.ran_at:%Y-%m-%d %H:%M:%S}"


class IdempotentAnswer(models.Model):
    """The first answer to a POST that came with an Idempotency-Key. Written in the transaction of its effects."""

    token = models.ForeignKey("crm.ApiToken", models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)  # of method, address and body
    status = models.PositiveSmallIntegerField(default=0)  # 0 only inside the transaction that works it out
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("token", "key", name="idempotent_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_by_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"


class Walk(models.Model):
    """How far work of a whole day has come: see crm.web.nightly. `stage` at its end says that the day is done."""

    name = models.CharField(max_length=60, primary_key=True)
    day = models.DateField(null=True)
    stage = models.PositiveSmallIntegerField(default=0)
    position = models.BigIntegerField(default=0)  # the last id that the stage has dealt with
    found = models.JSONField(default=dict)  # what an earlier stage leaves to later ones

    def __str__(self) -> str:
        return f"{self.name} of {self.day}, stage {self.stage} behind {self.position}"
