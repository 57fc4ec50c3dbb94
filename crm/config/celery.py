"""The Celery app and the one list of recurring work. Beat only rings bells: what is due lives in Postgres."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.config.settings")

from django.conf import settings

from crm.home import rules
from crm.ledger.rules import LOOK_EVERY
from crm.web import garbage

app = Celery("holdfast")
app.config_from_object(settings.CELERY)
app.autodiscover_tasks(settings.ROOMS, related_name="jobs")


@worker_init.connect(weak=False)
def _worker_begins(**_: Any) -> None:
    garbage.look_seldom()


def _ring(task: str, every: float) -> dict[str, Any]:
    """A bell each `every` seconds. One that nobody heard in time is not rung late: the next one says the same."""
    return {"task": task, "schedule": every, "options": {"expires": 2 * every}}


#: Interval ticks only, in UTC: local times are computed by us and stored. Each may ring twice without harm.
app.conf.beat_schedule = {
    # every so often: match new facts, start what dates and silence start, advance who is due
    "workflows": _ring("retention.workflows.jobs.work", settings.BEAT_SECONDS),
    # every so often: play the next rehearsal that somebody has asked for
    "rehearsals": _ring("retention.workflows.jobs.rehearse", settings.BEAT_SECONDS),
    # every so often: send what is due
    "outbox": _ring("crm.outbox.jobs.work", settings.BEAT_SECONDS),
    # every so often: send what is due by chat
    "chats": _ring("crm.outbox.jobs.chats", settings.BEAT_SECONDS),
    # every minute: what nobody has said yes to in time is not sent
    "approvals": _ring("crm.outbox.jobs.approvals", 60.0),
    # every minute: write the digests of mornings that have come
    "digest": _ring("crm.outbox.jobs.digest", 60.0),
    # every so often: make something of what came in
    "inbox": _ring("crm.inbox.jobs.work", settings.BEAT_SECONDS),
    # every so often: fetch files of chats from their providers
    "inbox files": _ring("crm.inbox.jobs.fetch", settings.BEAT_SECONDS),
    # every thirty seconds: look into the mailbox
    "mailbox": _ring("crm.inbox.jobs.look", 30.0),
    # every hour: remove raw payloads that were handled long ago
    "raw payloads": _ring("crm.inbox.jobs.sweep", 3600.0),
    # every so often: tell webhooks what has happened
    "webhooks": _ring("crm.webhooks.jobs.work", settings.BEAT_SECONDS),
    # every so often: bring back, or leave out, what people want sent or skipped
    "webhooks asked for": _ring("crm.webhooks.jobs.tidy", settings.BEAT_SECONDS),
    # every hour: remove what was told to webhooks long ago
    "old webhooks": _ring("crm.webhooks.jobs.sweep", 3600.0),
    # every two seconds: preview, import or undo the file that waits longest
    "imports": _ring("crm.imports.jobs.work", min(settings.BEAT_SECONDS, 2.0)),
    # every minute: book the next terms of contracts that renew by themselves
    "renewals": _ring("crm.ledger.jobs.work", LOOK_EVERY.total_seconds()),
    # every so often: have payments tried again
    "payment-attempts": _ring("crm.billing.jobs.attempts", settings.BEAT_SECONDS),
    # every so often: follow up payments that failed
    "dunning": _ring("retention.dunning.jobs.work", settings.BEAT_SECONDS),
    # every minute: compare with Stripe, once a day, page by page
    "billing-wishes": _ring("crm.billing.jobs.wishes", settings.BEAT_SECONDS),
    "billing-look": _ring("crm.billing.jobs.look", 60.0),
    # every ten minutes: count and send the review of a month, on the first working day after it
    "reviews": _ring("retention.reports.jobs.work", 600.0),
    # every so often: the next of a demo that is going
    "emptying": _ring("crm.settings.jobs.empty", settings.BEAT_SECONDS),
    # every minute: give back what was handed over until today
    "hand-overs": _ring("crm.settings.jobs.hand_overs", 60.0),
    # every ten minutes: close tickets that were solved some days ago
    "closing tickets": _ring("crm.tickets.jobs.close", 600.0),
    # every ten minutes: look for duplicates among what has changed
    "duplicates": _ring("crm.duplicates.jobs.work", 600.0),
    # every minute: count what the record lacks, if that is due or somebody asked
    "quality": _ring("crm.quality.jobs.work", 60.0),
    # every ten minutes: count segments that were not counted today
    "segments": _ring("crm.segments.jobs.work", 600.0),
    # every ten minutes: what customers are worth, once a day
    "rfm": _ring("crm.ledger.jobs.rfm", 600.0),
    # every ten minutes: what customers use, once a day
    "habits": _ring("retention.usage.jobs.habits", 600.0),
    # every ten minutes: what customers are worth and ready for, once a day
    "value": _ring("retention.value.jobs.work", 600.0),
    # every minute: count what the dashboard shows, where that takes long and the ledger has moved
    "metrics": _ring("retention.metrics.jobs.work", 60.0),
    # every so often: the next rows of large changes
    "history": _ring("crm.history.jobs.work", settings.BEAT_SECONDS),
    # every half minute: build the indexes of fields that admins have marked as often filtered
    "field-indexes": _ring("crm.fields.jobs.build_indexes", 30.0),
    # every half minute: tell of tickets whose limit is near or has passed
    "ticket-alarms": _ring("crm.tickets.jobs.alarms", 30.0),
    # every half minute: give out tickets that waited for somebody to come to work
    "ticket-dealing": _ring("crm.tickets.jobs.deal", 30.0),
    # every so often: wind the clocks of open tickets anew when levels or hours have changed
    "ticket-clocks": _ring("crm.tickets.jobs.wind", 30.0),
    # every ten minutes: look, once an hour, whether one thing brings far more tickets than usual
    "ticket-overload": _ring("crm.tickets.jobs.overloads", 600.0),
    # every ten minutes: tell of deals that have been in their stage for too long
    "stuck-deals": _ring("crm.pipelines.jobs.tell_stuck", 600.0),
    # every hour: forget what changed too long ago
    "forgetting": _ring("crm.history.jobs.forget", 3600.0),
    # every hour: remove for good the files that were deleted long ago
    "files": _ring("crm.accounts.jobs.sweep_files", 3600.0),
    # every thirty seconds: show that beat, broker and a worker are alive
    "heartbeat": _ring("crm.web.jobs.heartbeat", 30.0),
    # every minute: tell admins when work waits too long
    "alarm": _ring("crm.home.jobs.watch", rules.LOOK_EVERY.total_seconds()),
}
