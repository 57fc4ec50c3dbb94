"""Templates that users write: kept by content, refused with their place, and harmless."""

from __future__ import annotations

import time

import pytest

from crm.outbox import rendering
from crm.outbox.actions import TemplateError, template
from crm.outbox.models import MailTemplate


def test_the_same_content_is_one_template(db: None) -> None:
    first = template("Hello", "Dear {{ contact.name }}")

    assert template("Hello", "Dear {{ contact.name }}") == first
    assert template("Hello", "Dear {{ contact.name }}.") != first
    assert MailTemplate.objects.count() == 2


@pytest.mark.parametrize(
    ("subject", "body", "place"),
    [
        ("{{ oops", "fine", "subject, line 1"),
        ("fine", "one\n{% if x %}\nthree", "body, line 3"),
        ("fine", "one\ntwo {{ x | nosuchfilter }}", "body, line 2"),
        ("fine", "{% include 'settings' %}", "body, line 1"),
    ],
)
def test_what_cannot_be_read_names_its_place(db: None, subject: str, body: str, place: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(subject, body)
    assert refused.value.place.startswith(place)


def test_a_template_with_an_error_is_not_kept(db: None) -> None:
    with pytest.raises(TemplateError):
        template("fine", "{% if %}")
    assert not MailTemplate.objects.exists()


def test_a_missing_fact_is_blank_and_a_subject_is_one_line() -> None:
    subject, text = rendering.render("Hi {{ contact.first_name }}\n", "Bye {{ owner.name | default: 'us' }}", {})
    assert (subject, text) == ("Hi", "Bye us\n")


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in (1..1000000000) %}x{% endfor %}",
        "{{ (1..3000000) | join }}",
        "{% assign n = 3000000 %}{{ (1..n) | join | size }}",
        "{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}",
        "{% for a in (1..9999) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}",
    ],
)
def test_no_template_runs_without_end(body: str) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError):
        rendering.render("s", body, {})
    assert time.monotonic() - began < 2


def test_the_longest_range() -> None:
    assert rendering.render("s", "{{ (1..10000) | size }}", {})[1] == "10000\n"
    with pytest.raises(TemplateError) as refused:
        rendering.render("s", "one\n{{ (1..n) | size }}", {"n": 10_001})
    assert refused.value.place == "body, line 2"


def test_a_range_that_is_too_long_is_refused_when_it_is_written(db: None) -> None:
    for body in ("one\n{{ (1..10001) | join }}", "one\n{% if x %}{% for a in (-1..9999) %}{% endfor %}{% endif %}"):
        with pytest.raises(TemplateError) as refused:
            template("fine", body)
        assert refused.value.place == "body, line 2"
    assert not MailTemplate.objects.exists()
    assert template("fine", "{{ (1..10000) | join }} {% for a in (1..n) %}{% endfor %}")


@pytest.mark.parametrize(
    "expression",
    ["contact.__class__", "contact.__class__.__mro__", "contact.items", "contact.name.__class__", "contact.keys"],
)
def test_facts_are_plain_data(expression: str) -> None:
    assert rendering.render("s", "[{{ %s }}]" % expression, {"contact": {"name": "Anna"}})[1] == "[]\n"  # noqa: UP031
