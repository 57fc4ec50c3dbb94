"""What every answer forbids browsers to do, and what the settings of an installation behind https say (T29)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from crm.team.models import ApiToken, User
from tests.architecture.access import ROWS, World
from tests.architecture.test_access_matrix import KNOWN

STRICT = {
    "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "object-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'self'",
}  # fmt: skip
NOTHING = dict.fromkeys(("default-src", "frame-ancestors", "base-uri", "form-action"), "'none'")
#: Code in the page, or a style there, which the policy would forbid.
INLINE = re.compile(
    rb"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:",
    re.IGNORECASE,
)
NONCE = re.compile(r" 'nonce-[\w+/=-]+'")


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


def answers(world: World, ada: User) -> list[tuple[str, Any]]:
    """Every address that can be read, as an admin reads it; also what refuses, is nowhere and is malformed."""
    page, program = Client(raise_request_exception=False), Client(raise_request_exception=False)
    page.force_login(ada)
    token = {"Authorization": f"Bearer {ApiToken.issue(ada, 'write')[1]}"}
    found = []
    for name in KNOWN:
        row = ROWS[name]
        if "GET" in row.methods.split():
            url = reverse(name, kwargs=row.at(world))
            found.append((name, program.get(url, headers=token) if name.startswith("api-") else page.get(url)))
    found += [
        ("nowhere", page.get("/nowhere/")),
        ("a stranger", Client().get("/")),
        ("no token", Client().get("/api/v1/tasks/")),
    ]
    found += [("forbidden", page.post("/mail/mode/", {"mode": "x"})), ("not allowed", page.delete("/accounts/"))]
    found += [("a refused form", page.post("/accounts/new/", {})), ("bad", page.get("/accounts/?cursor=x"))]
    found += [("nowhere in the API", program.get("/api/v1/nowhere/", headers=token))]
    return [*found, ("a file", page.get("/static/js/shell.js"))]


def directives(header: str) -> dict[str, str]:
    found = {}
    for part in NONCE.sub("", header).split("; "):
        name, _, value = part.partition(" ")
        found[name] = value
    return found


#: What others wrote as HTML: shown in a frame of our pages, with a policy of its own that lets nothing run.
FRAMED = ("correspondence:html", "tickets:message_html")


#: What pages of others load, and how long it may be kept: scripts that hold nothing of anybody's, and whether a payment
#: is fine, for whoever has the token.
EMBEDDED = {
    "public_forms:embed": "public, max-age=3600", "dunning_status:banner": "public, max-age=3600",
    "dunning_status:status": "public, max-age=60",
}  # fmt: skip


@pytest.mark.usefixtures("kept_standing")
def test_every_answer_has_its_headers(world: World, ada: User) -> None:
    wrong = []
    for name, answer in answers(world, ada):
        expected = {
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }  # fmt: skip
        if name != "a file":
            expected |= {"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin"}
        if name in EMBEDDED:
            expected |= {"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": EMBEDDED[name]}
        if name in FRAMED:
            expected |= {"X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer"}
        wrong += [f"{name}: {key} is {answer.get(key)}" for key, value in expected.items() if answer.get(key) != value]
        if name == "a file":
            continue
        permissions = answer["Permissions-Policy"]
        wrong += [f"{name}: {what} is not denied" for what in ("camera=()", "microphone=()", "geolocation=()")
                  if what not in permissions]  # fmt: skip
        kept = not any(word in answer["Cache-Control"] for word in ("no-cache", "no-store"))
        if name not in EMBEDDED and kept:
            wrong.append(f"{name}: may be kept")
    assert wrong == []


@pytest.mark.usefixtures("kept_standing")
def test_every_page_has_the_strict_policy_and_keeps_it(world: World, ada: User) -> None:
    wrong = []
    for name, answer in answers(world, ada):
        if name in ("a file", "tickets:file", "tickets:message"):
            continue
        is_page = answer.get("Content-Type", "text/html").startswith("text/html")
        policy = answer["Content-Security-Policy"]
        if name in FRAMED:
            if "default-src 'none'" not in policy or "sandbox" not in policy or "allow-scripts" in policy:
                wrong.append(f"{name}: {policy}")
            continue
        if directives(policy) != (STRICT if is_page else NOTHING) or "unsafe" in policy:
            wrong.append(f"{name}: {policy}")
        if is_page and (inline := INLINE.search(answer.content)):
            wrong.append(f"{name}: {inline[0]!r}")
    assert wrong == []


def test_a_nonce_is_good_for_one_answer(world: World, ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    seen = [NONCE.search(browser.get("/")["Content-Security-Policy"]) for _ in range(2)]
    assert seen[0]
    assert seen[1]
    assert seen[0][0] != seen[1][0]


def test_cookies_are_for_us_alone(mira: User) -> None:
    browser = Client()
    browser.post("/sign-in/", {"login": "mira@example.com", "password": "correct horse"})
    browser.post("/theme/", {"theme": "dark"})
    assert set(browser.cookies) >= {"sessionid", "csrftoken", "theme"}
    for cookie in browser.cookies.values():
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), cookie


_ASK = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in NAMES}))
"""


def asked(names: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """The settings of a process of its own with this environment."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "DATABASE_URL", "REDIS_URL"}}
    environment = {"DJANGO_SETTINGS_MODULE": "crm.config.settings"} | environment
    code = _ASK.replace("NAMES", repr(names))
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment,
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        timeout=60,
    )


def test_behind_https_nothing_goes_in_the_clear() -> None:
    expected = {
        "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax", "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 31_536_000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "DEBUG": False, "USE_X_FORWARDED_HOST": False, "ALLAUTH_TRUSTED_PROXY_COUNT": 0,
        "SECURE_PROXY_SSL_HEADER": None,
    }  # fmt: skip
    run = asked(
        list(expected), SECRET_KEY="x" * 60, BASE_URL="https://crm.example.com", ALLOWED_HOSTS="crm.example.com"
    )
    assert json.loads(run.stdout or run.stderr) == expected


def test_without_a_secret_key_nothing_starts() -> None:
    run = asked(["DEBUG"], BASE_URL="https://crm.example.com")
    assert run.returncode != 0
    assert "SECRET_KEY" in run.stderr


def test_ci_asks_djangos_own_checks() -> None:
    assert "check --deploy --fail-level WARNING" in (settings.BASE_DIR / ".ci" / "run").read_text()
