"""The search of Ctrl K through a real server, beside the bare statements over the same indexes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from django.db import connection

from tests.bench import sight
from tests.bench.asking import WARM
from tests.bench.figures import Figure, p95
from tests.bench.population import Population, say
from tests.bench.server import Site, cookie_of, serving

ASKED = 20
_FLOOR = Path(__file__).parent / "floors" / "search.sql"

#: key → (what it is, texts that are typed in turns). Each of `search.alike` holds nothing as a substring.
_TYPED = {
    "search.common": ("part of a common name", ("anna", "elwick", "garden", "osfar")),
    "search.rare": ("first and last name", ("carla zelwick", "umar quinxis", "sven marhart")),
    "search.mail": ("beginning of an e-mail", ("olga.1234", "second.777", "noah.4321")),
    "search.short": ("two letters", ("an", "ze", "ol")),
    "search.alike": ("misspelt", ("karla zellwikc", "anna quinxsi", "marhrat")),
}


def measure(population: Population) -> list[Figure]:
    figures = []
    with population.entered(), serving(population) as site:
        for key, (what, texts) in _TYPED.items():
            ours, bare = [], []
            for turn in range(WARM + ASKED):
                text = texts[turn % len(texts)]
                took, _ = site.get(f"/search/?{urlencode({'q': text})}")
                floor = _bare(text, alike=key == "search.alike")
                if turn >= WARM:
                    ours.append(took)
                    bare.append(floor)
            sizes, more = f"{population.accounts * 6 // 5:,} contacts", {"p95": round(p95(ours), 2)}
            figures.append(
                Figure(key, f"search, {what}", statistics.median(ours), statistics.median(bare), "ms", sizes, more)
            )
            say(f"  {figures[-1].what}: {figures[-1].ours:.1f} ms, bare {figures[-1].floor:.1f} ms")
        return [*figures, *_by_whom(population, site)]


def _by_whom(population: Population, site: Site) -> Iterator[Figure]:
    """The same of colleagues who do not see everything; without a floor."""
    with sight.confined():
        for sees, viewer in sight.VIEWERS.items():
            theirs = replace(site, cookie=cookie_of(viewer))
            for key, (what, texts) in _TYPED.items():
                took = [theirs.get(f"/search/?{urlencode({'q': texts[turn % len(texts)]})}")[0]
                        for turn in range(WARM + ASKED)][WARM:]  # fmt: skip
                sizes, more = f"{population.accounts * 6 // 5:,} contacts", {"p95": round(p95(took), 2)}
                words = f"search, {what}, seeing {sight.WORDS[sees]}"
                yield Figure(f"{key}.{sees}", words, statistics.median(took), None, "ms", sizes, more)
                say(f"  {words}: {statistics.median(took):.1f} ms")


def _bare(text: str, *, alike: bool) -> float:
    """Milliseconds of the statements alone: what only looks alike is asked for behind what holds the text."""
    parts = _FLOOR.read_text().split("-- panel: ")[1:]
    statements = dict(part.split("\n", 1) for part in parts)
    names = ["accounts", "contacts", *(["accounts alike", "contacts alike"] if alike else [])]
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(statements[name], {"text": text, "like": f"%{text}%" if len(text) > 2 else f"{text}%"})
            cursor.fetchall()
    return (time.perf_counter() - started) * 1000
