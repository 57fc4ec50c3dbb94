"""What customers behind a figure are called: read back from the filter, and from nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from crm.segments import filterbar
from retention.metrics import names
from retention.metrics.heading import headed
from retention.metrics.reading import Period

START, END = date(2026, 3, 31), date(2026, 6, 30)
SPRING, JUNE = Period(START, END), date(2026, 6, 1)
SEGMENT = {"field": "segment", "op": "is_in", "value": 3}


@pytest.mark.parametrize(
    ("conditions", "words", "page"),
    [
        (names.behind("customers_lost", SPRING), "Lost between 31 Mar 2026 and 30 Jun 2026", "Retention"),
        (names.behind("customers_new", SPRING), "New between 31 Mar 2026 and 30 Jun 2026", "Retention"),
        (names.behind("customers_kept", SPRING), "Kept from 31 Mar 2026 to 30 Jun 2026", "Retention"),
        (names.behind("customers_start", SPRING), "Customers on 31 Mar 2026", "Retention"),
        (names.behind("mrr_end", SPRING), "Paying on 30 Jun 2026", "Retention"),
        (names.behind("repeat_buyers", SPRING), "Bought twice or more by 30 Jun 2026", "Retention"),
        (names.of_moves("contraction", SPRING), "MRR shrank between 31 Mar 2026 and 30 Jun 2026", "Retention"),
        (names.of_cohort(JUNE), "Joined in June 2026", "Cohorts"),
        (names.of_cell(JUNE, date(2026, 8, 31)), "Joined in June 2026, customers on 31 Aug 2026", "Cohorts"),
        (names.of_leavers(date(2025, 1, 1), 3, SPRING),
         "Joined in January 2025 to March 2025, lost between 31 Mar 2026 and 30 Jun 2026", "Retention"),
    ],
)  # fmt: skip
def test_each_figure_is_called_what_it_is(conditions, words, page):
    found = headed(conditions)
    assert found is not None
    assert (found.words, found.page) == (words, page)
    narrower = headed([*conditions, SEGMENT])
    assert narrower is not None
    assert narrower.words == f"{words}, of those chosen"


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [SEGMENT],
        [SEGMENT, *names.behind("customers_lost", SPRING)],
        [{"field": "customer.on:soon", "op": "is", "value": True}],
        [{"field": "customer.on:2026-06-30", "op": "is", "value": False}],
        [{"field": "customer.first_on", "op": "after", "value": "2026-06-04"},
         {"field": "customer.first_on", "op": "before", "value": "2026-06-20"}],
        [{"field": "customer.first_on", "op": "after", "value": "9999-12-31"},
         {"field": "customer.first_on", "op": "before", "value": "0001-01-01"}],
        [{"field": "customer.churn_within:2026-06-30..2026-03-31", "op": "is", "value": True}],
        [{"any": names.behind("customers_lost", SPRING)}],
    ],
)  # fmt: skip
def test_what_is_no_figures_filter_has_no_heading(conditions):
    assert headed(conditions) is None


def test_a_long_filter_is_read_as_quickly_as_a_short_one(monkeypatch):
    made = []
    monkeypatch.setattr(names, "behind", lambda *asked: made.append(asked) or [])
    days = [START + timedelta(days=day) for day in range(50)]
    headed([*names.of_cohort(JUNE), *({"field": f"customer.on:{day}", "op": "is", "value": True} for day in days)])
    assert len(made) < 30


def test_the_page_leads_back_to_the_days_of_the_figure(ada):
    client = Client()
    client.force_login(ada)
    lost = filterbar.write(names.behind("customers_lost", SPRING))
    page = client.get("/accounts/", {"view": "all", "f": lost})
    assert page.context["headed"].words == "Lost between 31 Mar 2026 and 30 Jun 2026"
    url = urlparse(page.context["headed"].url)
    assert (url.path, parse_qs(url.query)) == (
        "/retention/", {"period": ["own"], "from": ["2026-03-31"], "to": ["2026-06-30"]},
    )  # fmt: skip
    assert "<h1>Lost between 31 Mar 2026 and 30 Jun 2026</h1>" in page.content.decode()
    searched = client.get("/accounts/", {"view": "all", "f": lost, "q": "kelp"})
    assert searched.context["headed"].words == "Lost between 31 Mar 2026 and 30 Jun 2026, of those chosen"
    assert "<h1>Accounts</h1>" in client.get("/accounts/").content.decode()
