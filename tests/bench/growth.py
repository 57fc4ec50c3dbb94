"""Ten times the customers: each page, and the sweep, beside a tenth of the population."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench import asking, pages, spine
from tests.bench.figures import Figure
from tests.bench.population import FEWEST, Population, prepare, say
from tests.bench.server import serving

#: Keys of pages whose cost must not grow.
_KEYS = (
    "pages.accounts.name", "pages.accounts.name.deep", "pages.accounts.silence", "pages.account.ordinary",
    "pages.account.busy", "pages.tasks", "pages.today.kept",
)  # fmt: skip


def measure(population: Population, requests: int = asking.ASKED) -> list[Figure]:
    small = prepare(max(population.accounts // 10, FEWEST))
    return [*_pages(small, population, requests), _sweep(small, population)]


def _pages(small: Population, large: Population, requests: int) -> Iterator[Figure]:
    """Two servers side by side, asked in turns."""
    with ExitStack() as running:
        sites, asked = [], []
        for population in (small, large):
            with population.entered():
                asked.append({page.key: page for page in pages.pages_of(population) if page.key in _KEYS})
                sites.append(running.enter_context(serving(population)))
        for key in _KEYS:
            took: list[list[float]] = [[], []]
            for turn in range(asking.WARM + requests):
                for site, known, times in zip(sites, asked, took, strict=True):
                    milliseconds, _ = site.get(known[key].ours)
                    if turn >= asking.WARM:
                        times.append(milliseconds)
            before, after = (statistics.median(times) for times in took)
            say(f"  {asked[1][key].what}: {before:.1f} ms, then {after:.1f} ms")
            sizes = f"from {small.accounts:,} to {large.accounts:,} accounts"
            yield Figure(f"growth.{key}", f"growth: {asked[1][key].what}", after, before, "ms", sizes)


def _sweep(small: Population, large: Population) -> Figure:
    before, after = (spine.sweep(population)[0] for population in (small, large))
    sizes = f"from {small.accounts:,} to {large.accounts:,} accounts"
    return Figure("growth.sweep", "growth: inactivity sweep", after.ours, before.ours, "s", sizes)
