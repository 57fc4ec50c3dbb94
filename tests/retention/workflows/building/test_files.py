"""A workflow as a file and back: the same, and what is wrong is said with its place."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.segments.models import Segment
from retention.workflows import recipes
from retention.workflows.building import drafts, files, making
from retention.workflows.definition import parse
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError
from tests.conftest import NOON

# What YAML has no form for, and blanks at the ends that a mail does not have either.
TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters="\n\t"), min_size=1, max_size=60)
LETTERS = TEXT.map(lambda text: text.replace("{", "(").replace("}", ")")).filter(str.strip)
WAITS = st.builds(lambda n, at: {"for": {"days": n} | ({"at": at} if at else {})}, st.integers(0, 730),
                  st.sampled_from(["", "09:00:00", "23:30:00"]))  # fmt: skip


def steps(depth=2):
    mail = st.builds(lambda s, b: {"do": "message", "subject": s, "body": b}, LETTERS, LETTERS)
    task = st.builds(lambda t: {"do": "task", "title": t, "due_in_days": 3}, LETTERS)
    wait = WAITS.map(lambda how: {"do": "wait", **how})
    simple = mail | task | wait | st.just({"do": "end", "because": "yes"})
    if not depth:
        return st.lists(simple, min_size=1, max_size=3)
    tried = {"field": "lifecycle", "op": "in", "value": ["trial"]}
    branch = st.builds(
        lambda a, b: {"do": "branch", "if": tried, "then": a, "else": b},
        steps(depth - 1), st.just([]) | steps(depth - 1),
    )  # fmt: skip
    return st.lists(simple | branch, min_size=1, max_size=3)


def numbered(rows, start=None):
    counter = start if start is not None else [0]
    made = []
    for row in rows:
        counter[0] += 1
        step_id = f"s{counter[0]}"
        inner = {way: numbered(row[way], counter) for way in ("then", "else") if way in row}
        made.append(row | {"id": step_id} | inner)
    return made


def plain(data):
    return parse(data).model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps(), LETTERS.map(lambda text: text[:100]))
def test_a_file_read_again_is_the_same(rows, name):
    data = plain({"name": name, "trigger": {"when": "silence", "days": 9}, "steps": numbered(rows)})
    text = files.written(data)
    assert files.read(text) == data
    assert files.written(files.read(text)) == text


@pytest.mark.django_db
@pytest.mark.parametrize("slug", recipes.names())
def test_every_recipe_is_a_file(slug, mira):
    text = (recipes.FOLDER / f"{slug}.yaml").read_text()
    plan = recipes.load(slug).with_settings({}).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert files.read(text) == plan
    assert files.read(files.written(plan)) == plan


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: [", "not readable as YAML"),
        ("- a", "must be a mapping with name"),
        ("name: A\ntrigger: {when: silence, days: 3}\nsteps: []", "steps: List should have at least 1 item"),
        ("name: A\ntrigger: {when: moon}\nsteps: [{id: a, do: end}]", "trigger: there is no trigger 'moon'"),
        ("name: A\ntrigger: {when: silence, days: 3}\nsteps: [{id: a, do: wait}]", r"steps\[0\]: a wait needs"),
        ("name: A\nx: 1\ntrigger: {when: silence, days: 3}\nsteps: [{id: a, do: end}]", "x: Extra inputs"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_nothing_is_made(ada, text, reason):
    with pytest.raises(RecipeError, match=reason):
        making.from_file(text, ada, NOON)
    assert not Workflow.objects.exists()


def test_segments_are_found_by_their_names(ada):
    def named(name, **more):
        return Segment.objects.create(name=name, subject="account", tree={}, owner=ada, shared=True, **more)

    big = named("Big ones")
    trigger = {"when": "segment", "segment": big.pk, "moves": "in"}
    data = plain({"name": "A", "trigger": trigger, "steps": [{"id": "a", "do": "end"}]})
    text = files.written(data)
    assert yaml.safe_load(text)["segments"] == {big.pk: "Big ones"}
    assert files.read(text) == data
    big.name = "Renamed"
    big.save()
    with pytest.raises(RecipeError, match="no shared segment called “Big ones”"):
        files.read(text)
    other = named("Big ones")
    assert files.read(text)["trigger"]["segment"] == other.pk


@pytest.mark.parametrize(("many", "reads"), [(200, True), (201, False)])
def test_a_file_has_no_more_steps_than_a_page_may_get(db, many, reads):
    steps = "".join(f"  - {{id: s{n}, do: task, title: x}}\n" for n in range(many))
    text = f"name: Long\ntrigger: {{when: silence, days: 14}}\nsteps:\n{steps}"
    if reads:
        assert len(files.read(text)["steps"]) == many
    else:
        with pytest.raises(RecipeError, match="201 steps; a workflow has at most 200"):
            files.read(text)


def test_the_file_of_a_draft_is_that_of_what_is_published_from_it(browse, built, ada):
    client = browse(ada)
    draft = client.get("/workflows/silent/file/?draft=1").content
    drafts.publish("silent", 10**6, ada, NOON)
    published = client.get("/workflows/silent/file/").content
    copy = making.from_file(published.decode(), ada, NOON)
    assert draft == published == client.get(f"/workflows/{copy.slug}/file/?draft=1").content


def test_an_alias_is_refused_by_its_line_alone():
    with pytest.raises(RecipeError) as refused:
        files.read("name: &a x\nabout: *a\n")
    assert str(refused.value).startswith("line 2: * (an alias)")
