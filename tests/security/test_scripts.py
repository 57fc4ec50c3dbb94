"""What people write is shown, and never run: every page that shows it, in a real browser (T19)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from crm.outbox.actions import Draft, enqueue, template, work
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from crm.web import clock
from retention.workflows import actions
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in
from tests.security.payloads import SCRIPTS

pytestmark = IN_A_BROWSER

#: Before any script of a page: counts what got through.
HELD = "window.__held = 0; window.held = () => { window.__held += 1; }; window.alert = window.held;"


@pytest.fixture
def pages(make_user: object) -> list[str]:
    """Every payload in every text that pages show, and the pages that show them."""
    now, all_of_it = clock.now(), " ".join(SCRIPTS)
    mira: User = make_user("Mira")  # type: ignore[operator]
    User.objects.create_user("x@example.com", "correct horse", name=SCRIPTS[2], role="manager")
    actions.enable("inactivity", now)
    message = 0
    for script in SCRIPTS:
        account = factories.account(
            script,
            owner=mira,
            domain=script[:60],
            industry=script[:60],
            primary_use_case=script,
            tags=[script[:50]],
            lifecycle="customer",
            mrr=9,
            last_seen_at=now,
        )
        factories.contact(account, first_name=script[:60], last_name=script[:60], title=script[:60])
        factories.contract(account, now.date(), plan=script[:60])
        task = Task.objects.create(title=script, body=all_of_it, owner=mira, account=account, due_at=now)
    record(
        [
            Fact(
                account.pk,
                "note.added",
                script,
                now,
                actor_id=mira.pk,
                source="person",
                payload={"note": all_of_it, "why_url": script},
            )
            for script in SCRIPTS
        ],
        now=now,
    )
    body = template(f"{{{{ account.name }}}} {SCRIPTS[0]}", "{{ account.name }} <script>held()</script> " + SCRIPTS[1])
    contact = account.contacts.get()
    for category in ("service", "reply"):
        draft = Draft(
            f"x:{category}", category, body, now, account.pk, contact.pk, facts={"account": {"name": all_of_it}}
        )
        message = enqueue([draft], now=now)[f"x:{category}"]
    work(now)
    return [
        "/",
        "/accounts/",
        f"/accounts/{account.pk}/",
        f"/accounts/{account.pk}/edit/",
        "/tasks/",
        f"/tasks/{task.pk}/",
        f"/accounts/{account.pk}/contacts/{contact.pk}/",
        "/tasks/new/",
        "/mail/",
        f"/mail/{message}/",
        "/workflows/inactivity/",
        "/workflows/inactivity/?tab=mail",
        "/accounts/?q=%3Cscript%3Eheld()%3C/script%3E",
        "/me/",
        '/accounts/?tag="><svg onload=held()>',
    ]


def test_nothing_that_people_wrote_is_run(page: Page, live_server: object, pages: list[str]) -> None:
    complaints: list[str] = []
    page.add_init_script(HELD)
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    server = live_server.url  # type: ignore[attr-defined]
    sign_in(page, server)
    for address in pages:
        answer = page.goto(server + address)
        assert answer
        assert answer.status < 500, address
        page.evaluate(
            "document.querySelectorAll('a, button, summary, input, [tabindex]').forEach(one => {"
            " one.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));"
            " one.dispatchEvent(new FocusEvent('focus')); })"
        )
        assert page.evaluate("window.__held") == 0, f"something ran at {address}"
        shady = page.evaluate(
            "[...document.querySelectorAll('a[href], form[action], iframe')].map(one => one.href || one.action"
            " || 'iframe').filter(at => !String(at).startsWith(location.origin))"
        )
        assert [at for at in shady if not str(at).startswith(("mailto:", "tel:", "http"))] == [], address
    assert complaints == []
