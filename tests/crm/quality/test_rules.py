"""The arithmetic of the score."""

from __future__ import annotations

import pytest

from crm.quality import rules


@pytest.mark.parametrize(
    ("missing", "expected", "score"), [(0, 0, 100), (0, 7, 100), (1, 1000, 99), (1, 4, 75), (4, 4, 0), (2, 3, 33)]
)
def test_the_score_is_what_is_there_of_all_that_should_be(missing: int, expected: int, score: int) -> None:
    assert rules.score(missing, expected) == score


@pytest.mark.parametrize(
    ("found", "of", "tone"),
    [(0, 0, "good"), (2, 100, "good"), (3, 100, "warn"), (20, 100, "warn"), (21, 100, "bad"), (1, 1, "bad")],
)
def test_the_tone_goes_by_the_share(found: int, of: int, tone: str) -> None:
    assert rules.tone(found, of) == tone


@pytest.mark.parametrize(("found", "of", "said"), [(0, 9, "0 %"), (1, 1000, "<1 %"), (1, 100, "1 %"), (3, 3, "100 %")])
def test_few_of_many_are_not_none(found: int, of: int, said: str) -> None:
    assert rules.percent(found, of) == said
