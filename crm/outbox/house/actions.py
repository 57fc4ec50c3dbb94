"""The verbs of topics. Each is one transaction and one act in the audit log."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.history.actions import act
from crm.outbox.house.forms import TopicForm
from crm.outbox.models import Topic
from crm.team.models import User

#: What stands in the audit log.
WRITTEN, RETIRED = "topic.written", "topic.retired"


@transaction.atomic
def write(form: TopicForm, by: User, now: datetime) -> Topic:
    """A new topic, or other words for one, from a form that is valid."""
    was = Topic.objects.filter(pk=form.instance.pk).values(*form.Meta.fields).first()
    said = "changed" if was else "made"
    with act(WRITTEN, f"{said} the topic “{form.cleaned_data['name']}”", by, now) as done:
        topic: Topic = form.save()
        done.detail = {"before": was, "after": form.cleaned_data}
    return topic


@transaction.atomic
def offer(pk: int, by: User, now: datetime, *, offered: bool) -> Topic:
    """Nobody is asked about it any more, or they are again; what is so already stays. Who refused it, refused it."""
    topic = Topic.objects.select_for_update().get(pk=pk)
    if (topic.retired_at is None) == offered:
        return topic
    said = "offers the topic “{}” again" if offered else "offers the topic “{}” no more"
    with act(RETIRED, said.format(topic), by, now) as done:
        topic.retired_at = None if offered else now
        topic.save(update_fields=["retired_at"])
        done.detail = {"topic": topic.slug, "back": offered}
    return topic
