"""Indexes of the desk: what waits to be fetched, who asks, and what nobody holds; built while others go on working."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import models

from crm.segments.filters import Folded
from crm.web.migrating import AddIndexBeside, AtOnce


class Migration(AtOnce):
    atomic = False

    dependencies = [("crm", "0054_lacking")]

    operations = [
        AddIndexBeside(
            model_name="inboundpayload",
            index=models.Index(
                condition=models.Q(("fetches", False), ("state", "new")),
                fields=["due_at", "id"],
                name="payload_waiting",
            ),
        ),
        AddIndexBeside(
            model_name="inboundpayload",
            index=models.Index(
                condition=models.Q(("fetches", True), ("state", "new")),
                fields=["tries", "due_at", "id"],
                name="payload_to_fetch",
            ),
        ),
        RemoveIndexConcurrently(model_name="inboundpayload", name="payload_due"),
        AddIndexBeside(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("assignee", None), ("team", None)), fields=["id"], name="ticket_unheld"
            ),
        ),
        AddIndexBeside(
            model_name="ticket",
            index=GinIndex(
                OpClass(Folded("requester_name"), "gin_trgm_ops"),
                OpClass(Folded("requester_handle"), "gin_trgm_ops"),
                name="ticket_requester_search",
            ),
        ),
    ]
