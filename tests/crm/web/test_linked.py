"""Links in a letter: the same as when every word of it is looked at."""

from __future__ import annotations

import pytest
from django.utils.html import urlize
from hypothesis import given
from hypothesis import strategies as st

from crm.templatetags.ui import breakable, linked

WORDS = [
    "Dear", "<b>", "www.example.com", "example.com", "http://a.example/x?y=1&z=2", "mira@us.example", "1.5", "end.",
    "mailto:me@us.example", "“quoted”", "http://", "a:b", "(see https://us.example/)", "\n", "\n\n", "\t", "&amp;",
]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "no link\n", "see http://us.example/.\nBye\n"])
def test_as_the_library_does_it(text: str) -> None:
    assert linked(text) == urlize(text, autoescape=True)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8)).map(" ".join))
def test_whatever_the_text(text: str) -> None:
    assert linked(text) == urlize(text, autoescape=True)


def test_an_address_breaks_before_its_signs_and_stays_escaped() -> None:
    assert breakable("ana.ruiz@kelp.example") == "ana<wbr>.ruiz<wbr>@kelp<wbr>.example"
    assert breakable("<b>@x") == "&lt;b&gt;<wbr>@x"
