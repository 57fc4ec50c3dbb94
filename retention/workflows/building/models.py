"""What was done to a draft, so that it can be undone and others see it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from retention.workflows.models import Workflow


class DraftEdit(models.Model):
    """A draft as it was after one change. Undo goes back by one, redo forward; a new change drops what lies ahead."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="draft_edits", db_index=False)
    place = models.PositiveIntegerField()
    edition = models.PositiveIntegerField()  # of the draft, when it came
    part = models.CharField(max_length=80)  # what was changed: step:<id>, trigger; further typing there is one change
    words = models.CharField(max_length=200)  # goes on behind a name: “changed “Send a mail””
    data = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("workflow", "place", name="draftedit_once")]

    def __str__(self) -> str:
        return f"{self.by or 'Somebody'} {self.words}"
