"""What no file, form or address may do: take the page down, grow without bounds, or keep what cannot be shown again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from retention.workflows import actions
from retention.workflows.building import drafts, files, making
from retention.workflows.building.drafts import DraftError
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError
from tests.conftest import NOON

HEAD = "name: A\ntrigger: {when: silence, days: 3}\n"
TRIED = "{field: lifecycle, op: in, value: [trial]}"


def deep(depth):
    """Branches inside branches."""
    begun = "".join(f"{{id: a{n}, do: branch, if: {TRIED}, then: [" for n in range(depth))
    return f"{HEAD}steps: [{begun}{{id: e, do: end}}{']}' * depth}]"


def laughing(levels):
    """A few lines that stand for 9 ** levels words."""
    rows = [f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([HEAD + "steps: [{id: a, do: end}]", "x0: &x0 [ha]", *rows])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + "steps: &a [*a]", "line 3: .* alias"),
        ("&a {name: A, x: *a}", "line 1: .* alias"),
        (laughing(30), "alias"),
        (HEAD + 'settings: {x: "a\\0b"}\nsteps: [{id: a, do: end}]', "no text can have"),
        (HEAD + 'about: "\\ud800"\nsteps: [{id: a, do: end}]', "no text can have"),
        (HEAD + 'settings: {"a\\0b": 1}\nsteps: [{id: a, do: end}]', "no text can have"),
        (deep(60), "levels deep"),
        (deep(2000), "levels deep|not readable"),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused_with_its_reason(ada, client, text, reason):
    with pytest.raises(RecipeError, match=reason):
        files.read(text)
    client.force_login(ada)
    answer = client.post(reverse("workflows:new"), {"how": "file", "text": text})
    assert answer.status_code == 422
    assert "It was not read" in answer.content.decode()
    assert "of_file" not in answer.content.decode()  # nor any other innards, at the other forms of the page
    assert not Workflow.objects.exists()


def test_what_is_as_deep_as_may_be_is_shown(ada, client):
    client.force_login(ada)
    answer = client.post(reverse("workflows:new"), {"how": "file", "text": deep(12)})
    assert client.get(answer["Location"]).status_code == 200


def test_a_draft_keeps_nothing_that_no_column_holds(own, ada):
    def change(data):
        data["name"] = "A\0B"
        return "named it"

    with pytest.raises(DraftError, match="no text can have"):
        drafts.edit(own.slug, own.draft_edition, change, "whole", ada, NOON)
    own.refresh_from_db()
    assert own.draft["name"] == "Silent"


def test_a_draft_is_never_too_deep_to_be_shown(own, ada):
    def change(data):
        rows = data["steps"]
        for number in range(60):
            rows.append({"id": f"a{number}", "do": "branch", "then": []})
            rows = rows[0]["then"]
        return "dug"

    with pytest.raises(DraftError, match="levels deep"):
        drafts.edit(own.slug, own.draft_edition, change, "", ada, NOON)


@pytest.mark.parametrize(
    ("address", "said"),
    [("draft_step", {"v.subject": "a\0b", "v.body": "x"}), ("draft_whole", {"v.name": "a\0b"})],
)
def test_forms_with_such_characters_are_answered(own, ada, client, address, said):
    client.force_login(ada)
    client.post(reverse("workflows:draft_steps", args=["silent"]), {"do": "message", "place": "::0", "edition": "1"})
    own.refresh_from_db()
    args = ["silent", own.draft["steps"][0]["id"]] if address == "draft_step" else ["silent"]
    answer = client.post(reverse(f"workflows:{address}", args=args), said | {"edition": str(own.draft_edition)})
    assert answer.status_code == 302


@pytest.mark.parametrize("slug", ["nope", "silent"])
def test_nothing_published_holds_nobody_out(own, ada, client, slug):
    client.force_login(ada)
    answer = client.post(reverse("workflows:held_out", args=[slug]), {"percent": "5"})
    assert answer.status_code == 302
    own.refresh_from_db()
    assert own.version_id is None


@pytest.mark.parametrize("asked", ["?tab=effect&arm=%00&days=30", "?tab=why&q=%00", "?tab=why&q=%00&account=%00"])
def test_addresses_with_such_characters_are_answered(ada, client, asked):
    actions.enable("inactivity", NOON)
    client.force_login(ada)
    for at in (reverse("workflows:detail", args=["inactivity"]), reverse("workflows:why")):
        assert client.get(at + asked).status_code in (200, 404)


def test_a_note_with_such_characters_is_published(built, ada, client):
    client.force_login(ada)
    built.refresh_from_db()
    said = {"note": "a\0b", "edition": str(built.draft_edition)}
    client.post(reverse("workflows:draft_publication", args=[built.slug]), said)
    assert built.versions.get().note == "ab"


def test_names_with_such_characters_are_made_without(ada, client):
    client.force_login(ada)
    client.post(reverse("workflows:new"), {"how": "empty", "name": "A\0B"})
    assert making.find(Workflow.objects.get().slug).name == "AB"
