"""Where something is wrong in a definition, as people count."""

from __future__ import annotations

import pytest

from retention.workflows.places import counted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps[2].body: is missing", "step 3, body: is missing"),
        ("steps[2]: is odd; steps[4].languages.de.body, line 2: is odd",
         "step 3: is odd; step 5, languages.de.body, line 2: is odd"),
        ("steps[0].then[1].ways[0].steps[2].body: is odd", "step 1, “then”, step 2, “ways” 1, step 3, body: is odd"),
        ("Version 3 cannot run any more: steps[0].else[1]: is odd",
         "Version 3 cannot run any more: step 1, “else”, step 2: is odd"),
        ("exits[1].where.all[0].field: is unknown", "exit 2, where, condition 1, field: is unknown"),
        ("goal.where.any[2]: is odd", "goal.where, condition 3: is odd"),
        ("trigger.times[0]: is odd", "trigger, “times” 1: is odd"),
        # What somebody has written stays as they wrote it.
        ("steps[3].subject: “{{ items[0].name }}” cannot be read",
         "step 4, subject: “{{ items[0].name }}” cannot be read"),
        ("there is no field “steps[1]”", "there is no field “steps[1]”"),
        ("Give it a name.", "Give it a name."),
    ],
)  # fmt: skip
def test_a_place_is_said_as_people_count(text, said):
    assert counted(text) == said
