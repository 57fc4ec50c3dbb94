"""Segments in the API: made, changed, filled, and what lists find by them; another's private one is like none."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.test import APIClient

from crm.history.actions import undo
from crm.history.models import Act
from crm.segments.models import Segment, SegmentMember, SegmentSize
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

URL = "/api/v1/segments/"
LARGE = {"field": "mrr", "op": ">=", "value": 500}


def create(api: APIClient, **more: Any) -> Any:
    return api.post(URL, {"name": "Large", "subject": "account", "filter": LARGE, **more}, format="json")


def test_made_read_changed_and_found_by(api: APIClient, mira: User) -> None:
    answer = create(api, shared=True)
    assert answer.status_code == 201
    made = answer.data
    assert (made["name"], made["kind"], made["filter"], made["owner"], made["shared"], made["size"]) == (
        "Large", "dynamic", LARGE, "mira@example.com", True, None,
    )  # fmt: skip
    SegmentSize.objects.create(segment_id=made["id"], day=NOON.date(), size=7, counted_at=NOON)
    assert [row["size"] for row in api.get(URL).data["results"]] == [7]
    alder, birch = factories.account("Alder", mrr=900), factories.account("Birch", mrr=600)
    person = factories.contact(alder)
    changed = api.patch(f"{URL}{made['id']}/", {"filter": LARGE | {"value": 700}}, format="json")
    assert (changed.status_code, changed.data["filter"]["value"]) == (200, 700)
    found = api.get("/api/v1/accounts/", {"segment": made["id"]})
    assert [row["name"] for row in found.data["results"]] == ["Alder"]
    tree = json.dumps({"field": "account.segment", "op": "is_in", "value": made["id"]})
    assert [row["id"] for row in api.get("/api/v1/contacts/", {"filter": tree}).data["results"]] == [person.pk]
    assert birch.pk


def test_refusals_name_the_field_and_change_nothing(api: APIClient, mira: User) -> None:
    create(api)
    for sent, field in (
        ({}, "name"),
        ({"name": "Other", "filter": {"field": "mr", "op": "=", "value": 1}}, "filter"),
        ({"name": "Other", "filter": []}, "filter"),
        ({"name": "Other", "subject": "task"}, "subject"),
        ({"name": "Other", "kind": "static"}, "filter"),
        ({"name": "Other", "colour": "red"}, "colour"),
    ):
        answer = create(api, **sent)
        assert answer.status_code == 400, sent
        assert field in str(answer.data)
    (segment,) = Segment.objects.all()
    assert api.patch(f"{URL}{segment.pk}/", {"kind": "static"}, format="json").status_code == 400
    assert api.get("/api/v1/accounts/", {"segment": "999"}).status_code == 400
    assert api.get("/api/v1/contacts/", {"segment": segment.pk}).status_code == 400  # it is about accounts


def test_members_of_a_static_one_come_and_go_and_come_back(api: APIClient, calling: Any, mira: User) -> None:
    segment = create(api, kind="static", filter={}, shared=True).data["id"]
    ids = [factories.account().pk for _ in range(3)]
    answer = api.post(f"{URL}{segment}/members/", {"add": [*ids, 10**9]}, format="json")
    assert (answer.status_code, answer.data) == (200, {"added": 3, "removed": 0})
    answer = api.post(f"{URL}{segment}/members/", {"add": ids[:1], "remove": ids[1:]}, format="json")
    assert answer.data == {"added": 0, "removed": 2}
    undo(Act.objects.filter(kind="segment.filled").latest("pk"), mira, NOON)
    assert SegmentMember.objects.count() == 3
    undo(Act.objects.filter(kind="segment.filled").earliest("pk"), mira, NOON)
    assert SegmentMember.objects.count() == 0  # who was put in goes again
    dynamic = create(api, name="Dynamic").data["id"]
    assert api.post(f"{URL}{dynamic}/members/", {"add": ids}, format="json").status_code == 400


def test_another_sees_shared_ones_alone_and_no_sizes_of_all(
    api: APIClient, calling: Any, olaf: User, ada: User, sam: User
) -> None:
    private, shared = create(api).data["id"], create(api, name="Shared", shared=True).data["id"]
    SegmentSize.objects.create(segment_id=shared, day=NOON.date(), size=7, counted_at=NOON)
    other = calling(olaf)
    assert [(row["name"], row["size"]) for row in other.get(URL).data["results"]] == [("Shared", None)]
    assert other.get(f"{URL}{private}/").status_code == 404
    assert other.patch(f"{URL}{shared}/", {"name": "Mine"}, format="json").status_code == 403
    assert calling(ada).patch(f"{URL}{shared}/", {"name": "Ours"}, format="json").status_code == 200
    assert other.get("/api/v1/accounts/", {"segment": private}).status_code == 400
    assert calling(sam).post(f"{URL}{shared}/members/", {"add": []}, format="json").status_code == 403
    assert Segment.objects.get(pk=shared).name == "Ours"
