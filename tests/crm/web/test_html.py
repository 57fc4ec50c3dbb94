"""HTML from outside: what is left of it, what is folded, what the frame's document may do, and how long that takes."""

from __future__ import annotations

import re
import time

import pytest
from django.test import RequestFactory

from crm.web.html import MOST_LETTERS, SANDBOX, clean, framed, unfolded

QUOTED = "<blockquote>Old words</blockquote>"
ATTRIBUTION = "On Monday Mira wrote:"


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p style='color: red; position: fixed; background: url(https://x.example)'>Hi",
         '<p style="color:red">Hi</p>'),
        ("<a href='https://x.example/?a=1&b=2' onclick=x() class=y>go</a>",
         '<a href="https://x.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">go</a>'),
        ("<a href='/history/1/undo/'>go</a>", '<a target="_blank" rel="noopener noreferrer">go</a>'),
        ("<style>p{}</style><title>T</title><form action=/x><input name=a>in</form><iframe src=x></iframe>", "in"),
        ("<table width=600 bgcolor=#fff><tr><td valign=top>a", '<table width="600" bgcolor="#fff"><tbody><tr>'
         '<td valign="top">a</td></tr></tbody></table>'),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)  # fmt: skip
def test_what_formats_text_is_left(given: str, left: str) -> None:
    assert clean(given) == left


def test_pictures_wait_until_they_are_asked_for() -> None:
    logo = '<img src="https://t.example/p.gif" alt="Logo"><img src="data:image/png;base64,AA"><img src="cid:a">'
    assert clean(logo) == '<img alt="Logo"><img><img>'
    assert clean(logo, images=True) == '<img src="https://t.example/p.gif" alt="Logo"><img><img>'


@pytest.mark.parametrize(
    ("html", "quoted"),
    [
        (f"<p>New</p>{QUOTED}", True),
        (f'<div>New</div><div class="gmail_quote">{ATTRIBUTION}<br>{QUOTED}</div>', True),
        (f"<div>New</div><blockquote type=cite>{QUOTED}Old words</blockquote> <br>", True),
        ("<p>New</p><div id=appendonsend></div><hr><div>From: Mira</div><p>Old words</p>", True),
        (f'<img src="https://x.example/new.png">{QUOTED}', True),
        (f"<p>New</p>{QUOTED}<p>in between</p>{QUOTED}", False),
        (f"<p>New</p>{QUOTED}<p>and below</p>", False),
        (f"<style>p {{}}</style><p> &nbsp; </p>{QUOTED}", False),
        ("<p>New, and no more</p>", False),
    ],
)
def test_what_is_quoted_is_folded_unless_there_are_words_below_it(html: str, quoted: bool) -> None:
    fresh, old = unfolded(html)
    assert ("Old words" in old, "Old words" in fresh) == (quoted, not quoted and "Old" in html)
    assert "New" not in old


@pytest.mark.parametrize("images", [False, True])
def test_the_frames_document_may_do_nothing(rf: RequestFactory, images: bool) -> None:
    html = f'<p onclick="x()">New <img src="https://t.example/p.gif"></p><script>x()</script>{QUOTED}'
    answer = framed(rf.get("/", {"images": "1"} if images else {}), html)
    page = answer.content.decode()
    policy = answer._csp_config  # type: ignore[attr-defined]
    assert (policy["default-src"], policy["img-src"]) == (["'none'"], ["https:", "http:"] if images else ["'none'"])
    assert policy["sandbox"] == list(SANDBOX)
    assert "allow-scripts" not in SANDBOX
    assert (answer["X-Frame-Options"], answer["Referrer-Policy"]) == ("SAMEORIGIN", "no-referrer")
    assert ("t.example" in page, "Show them" in page) == (images, not images)
    assert "x()" not in page
    assert re.search(r"<details class=.quoted.>.*Old words.*</details>", page, re.S)


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>" * 20_000, "".join(f"<b id={n}><p>" for n in range(10_000)),
        "".join(f"<font color='>{n}'><p>" for n in range(9_000)), "<p " + " ".join(f"{n:x}" for n in range(40_000)),
        "<a href=x><table><td></b>" * 9_000, "<img src=" * 20_000, "&" * MOST_LETTERS, "<" * MOST_LETTERS,
        "<p style='" + "color:red;" * 20_000,
    ],
    ids=range(9),
)  # fmt: skip
def test_no_text_takes_long(html: str) -> None:
    begun = time.process_time()
    assert sum(map(len, unfolded(html))) < 8 * MOST_LETTERS
    assert time.process_time() - begun < 5
