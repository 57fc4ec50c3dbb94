"""What admins do to topics stands in the audit log."""

from __future__ import annotations

from django.test import Client

from crm.history.models import Act
from crm.outbox.models import Topic
from crm.team.models import User


def test_each_edit_of_a_topic_is_in_the_audit_log(client: Client, ada: User) -> None:
    client.force_login(ada)
    form = {"name": "Offers", "sentence": "What is cheaper", "categories": ["marketing"], "order": "3"}
    Topic.objects.filter(name="Offers").delete()
    client.post("/settings/sending/topics/new/", form)
    topic = Topic.objects.get(name="Offers")
    client.post(f"/settings/sending/topics/{topic.pk}/", form | {"sentence": "What is new"})
    client.post(f"/settings/sending/topics/{topic.pk}/retirement/")
    client.post(f"/settings/sending/topics/{topic.pk}/retirement/", {"back": "1"})

    acts = Act.objects.filter(kind__startswith="topic.").order_by("id")
    assert [(act.by, act.label) for act in acts] == [
        (ada, "made the topic “Offers”"), (ada, "changed the topic “Offers”"),
        (ada, "offers the topic “Offers” no more"), (ada, "offers the topic “Offers” again"),
    ]  # fmt: skip
    assert acts[1].detail["before"]["sentence"] == "What is cheaper"
    assert acts[1].detail["after"]["sentence"] == "What is new"


def test_a_refused_edit_leaves_no_trace(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.post("/settings/sending/topics/new/", {"name": "–"}).status_code == 422
    assert not Act.objects.filter(kind__startswith="topic.").exists()
