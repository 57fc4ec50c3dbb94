"""Whatever is typed into any field of any form, or sent as any text of the API, is refused or kept: never a 500.

Forms and fields are found by reading the pages and the schema, so that a new one is asked too.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from crm.accounts.models import Account
from crm.team.models import User
from tests.architecture.access import ROWS, World
from tests.architecture.test_access_matrix import KNOWN, fingerprint

#: What no field expects.
NASTY = [
    "a\0b",
    "\ud800",
    "x" * 30_000,
    "9" * 5_000,
    "-1",
    "1e999",
    "NaN",
    "٣",
    "0x10",
    "\u202e",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31T23:59",
    "' OR 1=1 --",
    "{{ 7 | times: 7 }}",
    "%00",
    "\r\nX-Injected: 1",
    "[]",
    "true",
]
#: For a JSON field also what is no text.
NO_TEXT = [None, True, 10**400, -(10**19), 1.5, [], {}, [[]], {"a": "\0"}, ["x" * 30_000]]


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


class Forms(HTMLParser):
    """The forms of a page, (address, {field: value}), and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        values = dict(attributes)
        if tag == "form" and values.get("method", "").lower() == "post":
            self.found.append((values.get("action") or "", {}))
        elif tag in {"input", "textarea", "select", "button"} and values.get("name") and self.found:
            self.found[-1][1].setdefault(values["name"], values.get("value") or "")
        elif tag == "a" and values.get("href"):
            self.links.add(values["href"].partition("#")[0])


def posts(world: World) -> dict[str, set[str]]:
    """Every address that takes a form → the fields that pages offer for it, on their first view and on their tabs."""
    page = Client()
    page.force_login(User.objects.get(role="admin"))
    found: dict[str, set[str]] = {}
    ways = [f"{reverse('accounts:detail', kwargs=ROWS['accounts:detail'].at(world))}?log=1"]
    for name in KNOWN:
        row = ROWS[name]
        if name.startswith("api-"):
            continue
        url = reverse(name, kwargs=row.at(world))
        if "POST" in row.methods.split() and name != "account_logout":
            found.setdefault(url, set()).add("next")
        if "GET" in row.methods.split():
            ways.append(url)
    seen = set(ways)
    for way in ways:  # which grow
        forms, url = Forms(), way.partition("?")[0]
        forms.feed(b"".join(page.get(way)).decode(errors="replace"))
        for action, fields in forms.found:
            address = (action or url).partition("?")[0]
            if address != reverse("account_logout"):
                found.setdefault(address, set()).update(fields)
        tabs = {url + link if link.startswith("?") else link for link in forms.links if _TAB.search(link)}
        tabs = {link for link in tabs - seen if link.startswith(url)}
        ways += sorted(tabs)
        seen |= tabs
    return found


#: Of one parameter: tabs within tabs show the same forms.
_TAB = re.compile(r"\?tab=[\w-]+$")


#: Whether each place gets every text, or of those that are refused alike one after the other in turn.
EVERY = pytest.mark.parametrize(
    "every", [pytest.param(False, id="in turn"), pytest.param(True, marks=pytest.mark.long, id="every")]
)


@EVERY
@pytest.mark.usefixtures("kept_standing", "refusals_unlogged")
def test_no_field_of_a_form_breaks_a_page(world: World, ada: User, signed_in: Any, settings: Any, every: bool) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    browser = signed_in(ada)
    broken, asked = [], 0
    for place, (url, fields) in enumerate(posts(world).items()):
        names = sorted(fields - {"csrfmiddlewaretoken", "version"})
        for nasty in NASTY[:1]:
            for name in names:
                asked += 1
                # What stands in the other fields is plausible, so that this one is looked at.
                form = dict.fromkeys(names, "7") | {name: nasty}
                answer = browser.post(
                    url,
                    "&".join(f"{key}={_quoted(value)}" for key, value in form.items()),
                    content_type="application/x-www-form-urlencoded",
                )
                if answer.status_code >= 500:
                    broken.append(f"{url} {name}={nasty[:20]!r}: {answer.status_code}")
        for nasty in NASTY[2:8] if every else NASTY[2 + place % 2 : 8 : 2]:
            asked += 1
            answer = browser.post(url, dict.fromkeys(names, nasty))
            if answer.status_code >= 500:
                broken.append(f"{url} all={nasty[:20]!r}: {answer.status_code}")
    assert broken == []
    assert asked > 100


def _quoted(text: str) -> str:
    """As bytes of a form, half surrogate pairs included: not UTF-8 then."""
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass"))


@EVERY
@pytest.mark.usefixtures("kept_standing", "refusals_unlogged")
def test_no_parameter_of_an_address_breaks_a_page(world: World, ada: User, signed_in: Any, every: bool) -> None:
    browser = signed_in(ada)
    names = [
        "q",
        "sort",
        "owner",
        "lifecycle",
        "tag",
        "f",
        "field",
        "op",
        "value",
        "cursor",
        "tab",
        "section",
        "show",
        "under",
        "guard",
        "state",
        "part",
        "next",
        "account",
        "customer",
        "after",
        "log",
        "all",
        "kind",
    ]
    broken = []
    for place, name in enumerate(KNOWN):
        if name.startswith("api-") or "GET" not in ROWS[name].methods.split() or name == "web:readyz":
            continue
        url = reverse(name, kwargs=ROWS[name].at(world))
        for nasty in NASTY[:4] if every else (NASTY[0], NASTY[1 + place % 3]):
            short = _quoted(nasty[:500])
            for query in ("&".join(f"{key}={short}" for key in names if key != "cursor"), f"cursor={short}"):
                answer = browser.get(f"{url}?{query}", headers={"HX-Request": "true"} if len(query) % 2 else {})
                if answer.status_code >= 500:
                    broken.append(f"{url} {nasty[:20]!r}: {answer.status_code}")
    assert broken == []


def schema() -> dict[str, Any]:
    with GENERATOR_STATS.silence():
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-any-return, no-untyped-call]


def fields_of(described: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = content.get("$ref", "").rpartition("/")[2]
    return sorted(described["components"]["schemas"].get(name, {}).get("properties", {}))


@pytest.mark.usefixtures("refusals_unlogged")
def test_no_field_of_the_api_breaks_it(world: World, ada: User, calling: Any) -> None:
    program, described, asked, term = calling(ada), schema(), 0, world.contract.terms.get().pk
    wrong = []
    good = {
        "account": world.account.pk,
        "name": "Kelp",
        "title": "Call",
        "due_at": "2026-06-02T09:00Z",
        "text": "x",
        "kind": "note.added",
        "plan": "Pro",
        "currency": "EUR",
        "starts_on": "2027-01-01",
        "mrr": "10",
    }
    for path, operations in described["paths"].items():
        url = path.replace("{id}", str(world.of_api().get(path.split("/")[3], ""))).replace("{term_id}", str(term))
        url = url.replace("{enrollment_id}", str(world.enrollment.pk)).replace("{slug}", world.workflow.slug)
        for method in operations.keys() & {"post", "put", "patch"}:
            fields = fields_of(described, operations[method])
            for name in fields:
                for nasty in [*NASTY[:2], *NO_TEXT[2:4]]:
                    body = {key: good[key] for key in fields if key in good} | {name: nasty}
                    asked += 1
                    answer = program.generic(method.upper(), url, json.dumps(body), "application/json")
                    if answer.status_code >= 500 or (nasty in ("a\0b", "\ud800") and answer.status_code < 400):
                        wrong.append(f"{method} {path} {name}={str(nasty)[:20]!r}: {answer.status_code}")
    assert wrong == []
    assert asked > 150


BODIES = {
    "not JSON": b"{",
    "not UTF-8": b'{"name": "\xff"}',
    "half a pair": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "\\u0000"}',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 900 + b"]" * 900,
    "NaN": b'{"lifetime_spend": NaN}',
    "Infinity": b'{"lifetime_spend": Infinity}',
    "a long number": b'{"account": ' + b"9" * 5_000 + b"}",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "nothing": b"",
    "twice": b'{"name": "a", "name": {}}',
    "BOM": b'\xef\xbb\xbf{"name": "a"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "exponent": b'{"lifetime_spend": 1e400}',
    "unknown": b'{"name": "x", "is_admin": 1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_taken_is_refused_with_a_reason(mira: User, calling: Any, body: bytes) -> None:
    program = calling(mira)
    program.get("/api/v1/accounts/")  # the first use of a token is noted
    before = fingerprint()
    for address in (
        "/api/v1/accounts/",
        "/api/v1/contacts/",
        "/api/v1/tasks/",
        "/api/v1/contracts/",
        "/api/v1/entries/",
    ):
        answer = program.generic("POST", address, body, "application/json")
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert fingerprint() == before


@pytest.mark.parametrize(
    "kind", ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_only_json_is_read(mira: User, calling: Any, kind: str) -> None:
    answer = calling(mira).generic("POST", "/api/v1/accounts/", b"name=x", kind)
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert not Account.objects.exists()


def test_large_bodies_are_not_read(mira: User, calling: Any, signed_in: Any) -> None:
    answer = calling(mira).generic("POST", "/api/v1/accounts/", b" " * 1_048_577 + b"{}", "application/json")
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert signed_in(mira).post("/accounts/new/", {"name": "x" * 3_000_000}).status_code in {400, 413}
    assert signed_in(mira).post("/accounts/new/", {f"f{n}": "1" for n in range(1_500)}).status_code == 400
    assert not Account.objects.exists()


def test_an_account_of_many_filters_is_refused(mira: User, calling: Any, signed_in: Any) -> None:
    deep = json.dumps({"field": "mrr", "op": ">=", "value": 1})
    for _ in range(200):
        deep = f'{{"not": {deep}}}'
    wide = json.dumps({"any": [{"field": "name", "op": "contains", "value": "a"}] * 3_000})
    for tree in (deep, wide, "[" * 50_000, '{"all": null}', '{"field": {}, "op": [], "value": {}}', "1", '"x"'):
        assert calling(mira).get("/api/v1/accounts/", {"filter": tree}).status_code == 400
        assert signed_in(mira).get("/accounts/", {"f": tree[:60_000]}).status_code in {200, 400}
