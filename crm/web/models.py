"""The kit's one table: when each kind of work last ran, so that anyone can see whether the heart beats."""

from django.db import models


class Pulse(models.Model):
    """The last run of one kind of work. `tick` never goes back behind its own; /readyz reads beat's."""

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.ran_at:%Y-%m-%d %H:%M:%S}"
