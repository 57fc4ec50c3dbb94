"""Text that users write with Liquid in it reads facts alone, and ends soon, whatever stands in it (T22)."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from time import thread_time

import pytest

from crm.outbox import metering, rendering
from crm.outbox.actions import template
from crm.outbox.models import MailTemplate
from crm.outbox.rendering import TemplateError
from tests.security.payloads import SCRIPTS, TEMPLATE_ATTRIBUTES, TEMPLATE_BOMBS

FACTS = {"contact": {"name": "Anna", "email": "anna@kelp.example"}}
MOST_SECONDS = 3.0  # far beyond the product's own limit, and far below what a bomb takes: machines differ
MOST_BYTES = 50_000_000


def ended(work: Callable[[], object]) -> str:
    """What came of it: a text or the sentence of its refusal. Fails when it took too long or anything else happened."""
    began = thread_time()
    try:
        made = work()
    except TemplateError as refused:
        made, place = "", refused.place
    else:
        place = "body"
    assert place.startswith(("subject", "body"))
    assert thread_time() - began < MOST_SECONDS
    return made[1] if isinstance(made, tuple) else str(made)


def test_there_are_a_hundred() -> None:
    assert len(set(TEMPLATE_ATTRIBUTES + TEMPLATE_BOMBS)) >= 100


@pytest.mark.parametrize("source", TEMPLATE_ATTRIBUTES)
def test_no_attribute_is_read(source: str) -> None:
    ended(lambda: rendering.check("s", source))
    shown = ended(lambda: rendering.render("s", source, FACTS)).strip()
    assert shown in {"", "[]", "[{}]", "[.]"}


@pytest.mark.parametrize("number", range(len(TEMPLATE_BOMBS)))
def test_nothing_goes_on_without_end(number: int) -> None:
    source = TEMPLATE_BOMBS[number]
    ended(lambda: rendering.check("s", source))
    assert len(ended(lambda: rendering.render("s", source, FACTS))) <= 200_001


def test_a_subject_is_limited_as_well() -> None:
    for source in TEMPLATE_BOMBS[3:6]:
        with pytest.raises(TemplateError) as refused:
            rendering.render(source, "b", FACTS)
        assert refused.value.part == "subject"


def test_nothing_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "MOST_SECONDS", 0.05)  # what grows does so at once
    for source in TEMPLATE_BOMBS:
        rendering._parse.cache_clear()
        tracemalloc.start()
        try:
            for work in (lambda: rendering.check("s", source), lambda: rendering.render("s", source, FACTS)):  # noqa: B023
                with contextlib.suppress(TemplateError):
                    work()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MOST_BYTES, f"{source[:80]!r} took {peak:,} bytes"


@pytest.mark.parametrize("source", ["x" * 20_001, "{{ a", "{{" + " " * 600 + "}}", "a\0b", "{% if x %}" * 1_900])
def test_what_cannot_be_filled_in_is_not_kept(db: None, source: str) -> None:
    for subject, body in ((source, "b"), ("s", source)):
        with pytest.raises(TemplateError) as refused:
            template(subject, body)
        assert refused.value.place.startswith("subject" if body == "b" else "body")
    assert not MailTemplate.objects.exists()


def test_the_place_of_what_is_never_closed() -> None:
    with pytest.raises(TemplateError) as refused:
        rendering.check("s", "one\ntwo {{ name\nthree\n\nfive")
    assert str(refused.value) == "body, line 2: {{ is never closed by }}"


def test_an_honest_letter_stands_far_from_every_limit() -> None:
    body = (
        "Dear {{ contact.name }},\n{% for day in (1..30) %}Day {{ day }}: {{ contact.email | upcase }}\n{% endfor %}"
        * 5
    )
    began = thread_time()
    assert len(rendering.render("Hello", body, FACTS)[1].splitlines()) == 155
    assert thread_time() - began < 0.1


@pytest.mark.parametrize("script", SCRIPTS)
def test_facts_are_not_templates(script: str) -> None:
    assert rendering.render("s", "{{ contact.name }}", {"contact": {"name": script}})[1] == script.strip() + "\n"
    assert rendering.render("s", "{{ n }}", {"n": "{{ 7 | times: 7 }}"})[1] == "{{ 7 | times: 7 }}\n"
