"""The Celery app and the one list of recurring work. Beat only rings bells: what is due lives in Postgres."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.config.settings")

from django.conf import settings

app = Celery("holdfast")
app.config_from_object(settings.CELERY)
app.autodiscover_tasks(settings.ROOMS, related_name="jobs")

#: Interval ticks only, in UTC: local times are computed by us and stored. Each may ring twice without harm, and a
#: bell that nobody heard in time is not rung late: the next one says the same.
STALE = {"options": {"expires": 2 * settings.BEAT_SECONDS}}
app.conf.beat_schedule = {
    # every so often: match new facts, start what dates and silence start, advance who is due
    "workflows": {"task": "retention.workflows.jobs.work", "schedule": settings.BEAT_SECONDS, **STALE},
    # every so often: send what is due
    "outbox": {"task": "crm.outbox.jobs.work", "schedule": settings.BEAT_SECONDS, **STALE},
    # every ten minutes: book the next terms of contracts that renew by themselves
    "renewals": {"task": "crm.ledger.jobs.work", "schedule": 600.0},
    # every thirty seconds: show that beat, broker and a worker are alive
    "heartbeat": {"task": "crm.web.jobs.heartbeat", "schedule": 30.0},
}
