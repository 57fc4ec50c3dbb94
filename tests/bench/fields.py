"""Fields that admins make: filters and sorts by them over all customers, before and after the indexes are there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db import connection, transaction

from crm.fields import indexes
from crm.fields.models import CustomField
from crm.web import clock
from tests.bench.figures import Figure
from tests.bench.population import Population, say
from tests.bench.server import Site, serving

#: Requests of each question.
ASKED = 5
_OPTIONS = [{"code": code, "label": code.capitalize()} for code in ("gold", "silver", "bronze", "rare")]
_FIELDS = {"bench_tier": "choice", "bench_seats": "number", "bench_live": "date", "bench_system": "text"}
#: Every customer has a value in each; one in fifty thousand is rare.
_FILL = """
    UPDATE crm_account SET custom = custom || jsonb_build_object(
        'bench_tier', CASE WHEN id % 50000 = 7 THEN 'rare' ELSE (ARRAY['gold', 'silver', 'bronze'])[1 + id % 3] END,
        'bench_seats', (id * 7919 % 5000)::text, 'bench_live', (DATE '2025-01-01' + (id * 31 % 900)::integer)::text,
        'bench_system', 'System ' || (id % 1000))
    WHERE NOT custom ? 'bench_tier'
"""
_FILTERS = {
    "a frequent choice": '{"field":"custom.bench_tier","op":"is","value":"gold"}',
    "a rare choice": '{"field":"custom.bench_tier","op":"is","value":"rare"}',
    "a number above": '{"field":"custom.bench_seats","op":">","value":4990}',
    "a text contains": '{"field":"custom.bench_system","op":"contains","value":"em 777"}',
}
_SORTS = ("custom.bench_seats", "-custom.bench_seats", "custom.bench_live", "-custom.bench_system")


def measure(population: Population, requests: int = ASKED) -> list[Figure]:
    with population.entered():
        _fill()
        try:
            return list(_measured(population, requests))
        finally:
            CustomField.objects.filter(key__in=_FIELDS).delete()
            _build()


def _measured(population: Population, requests: int) -> Iterator[Figure]:
    _build()
    with serving(population) as site:
        yield from _filters(site, "no index", requests)
        CustomField.objects.update(often=True)
        took = _build()
        yield Figure("fields.build", "indexes of four fields", took, None, "s")
        yield from _filters(site, "indexed", requests)
        for sort in _SORTS:
            yield _figure(site, f"sort by {sort}", f"/accounts/?{urlencode({'sort': sort})}", requests)


def _filters(site: Site, how: str, requests: int) -> Iterator[Figure]:
    for what, tree in _FILTERS.items():
        yield _figure(site, f"filter, {what}, {how}", f"/accounts/?{urlencode({'f': tree})}", requests)


def _figure(site: Site, what: str, address: str, requests: int) -> Figure:
    asked = [site.asked(address) for _ in range(requests)]
    took = statistics.median(milliseconds for milliseconds, _ in asked) / 1000
    more = {"answered": f"{sum(status == 200 for _, status in asked)} of {requests}"}
    say(f"  {what}: {took:.3f} s, answered {more['answered']}")
    return Figure("fields.asked", f"accounts, {what}", took, None, "s", more=more)


def _fill() -> None:
    """Once for each population, and without history."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_FILL.replace("%", "%%"), {})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE crm_account")
    for key, kind in _FIELDS.items():
        options = _OPTIONS if kind == "choice" else []
        CustomField.objects.get_or_create(
            subject="account", key=key, defaults={"name": key, "type": kind, "options": options}
        )


def _build() -> float:
    """Whatever a worker would do. Returns seconds."""
    began = time.monotonic()
    while indexes.work(clock.now()):
        pass
    return time.monotonic() - began
