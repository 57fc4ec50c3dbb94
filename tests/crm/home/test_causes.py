"""Technical causes in words."""

from __future__ import annotations

import pytest

from crm.home.causes import in_words


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("The mail server answered RCPT: 550 no such mailbox", "The mailbox does not exist, or takes no mail from us"),
        ("The mail server answered DATA: 559 odd", "The mail server refused it"),
        ("The mail server answered RCPT: 459", "The mail server asked to come back later, again and again"),
        (
            "The mail server got the text but gave no answer: timed out",
            "The mail server got the text but gave no answer",
        ),
        ("The provider refused it: {'code': 3}", "The provider refused it"),
        ("KeyError: 'plan'", "Something is wrong on our side: the mail or workflow asks for what is not there"),
        (
            "django.db.utils.IntegrityError: null value\nDETAIL: x",
            "Something is wrong on our side: the mail or workflow asks for what is not there",
        ),
    ],
)
def test_the_heading_is_plain_and_the_machines_words_are_kept(cause: str, words: str) -> None:
    assert in_words(cause) == (words, cause)


@pytest.mark.parametrize("cause", ["Ada: they had left already", "Nothing to renew", "It is too late by three days."])
def test_what_is_plain_already_stays(cause: str) -> None:
    assert in_words(cause) == (cause, "")


@pytest.mark.parametrize("cause", ["", "  "])
def test_no_cause(cause: str) -> None:
    assert in_words(cause) == ("No cause is kept.", "")
