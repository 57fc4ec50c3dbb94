"""The mail pages: who sees what, why it waits or was held back, and what can be done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import policy
from crm.outbox.models import MailPolicy, OutboundMessage, Switch
from crm.outbox.pages import TABS, rows_of, times
from crm.outbox.slots import needing_eyes
from crm.slots import Explanation
from crm.team.models import User
from crm.tickets.models.ratings import new_token
from crm.web.counting import how_many
from crm.web.pagination import keyset_page
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail


@pytest.fixture
def anna(db: None, mira: User) -> Contact:
    account = factories.account("Kelp & Co", owner=mira)
    return factories.contact(account, first_name="Anna", last_name="Berg", timezone="Asia/Tokyo")


@pytest.fixture(autouse=True)
def way_out(settings: Any) -> None:
    settings.EMAIL_URL = "folder:///nowhere"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def put(message: OutboundMessage, **fields: Any) -> OutboundMessage:
    OutboundMessage.objects.filter(pk=message.pk).update(**fields)
    return message


STATES = {
    "upcoming": "due", "held-back": "skipped", "uncertain": "uncertain", "failed": "failed", "sent": "sent",
}  # fmt: skip


@pytest.mark.parametrize("tab", STATES)
def test_each_tab_shows_its_own(anna: Contact, plan: Plan, mira: User, tab: str) -> None:
    for name, state in STATES.items():
        put(
            plan(anna, subject=f"About {name}"), state=state, settled_at=NOON, sending_at=NOON, reason=f"because {name}"
        )

    page = browser(mira).get("/mail/", {"tab": tab}).content.decode()

    for name in STATES:
        assert (f"About {name}" in page) == (name == tab)
        if name == tab:
            assert f"because {name}" in page


def test_what_was_held_back_by_one_guard(anna: Contact, plan: Plan, mira: User) -> None:
    for guard in ("consent", "late"):
        put(plan(anna, subject=f"Held by {guard}"), state="skipped", guard=guard, settled_at=NOON)

    page = browser(mira).get("/mail/", {"tab": "held-back", "guard": "late"}).content.decode()

    assert "Held by late" in page
    assert "Held by consent" not in page
    assert browser(mira).get("/mail/", {"tab": "held-back", "guard": "nonsense"}).status_code == 404


@pytest.mark.parametrize("tab", ["upcoming", "sent", "held-back"])
def test_pages_follow_one_another_and_cost_the_same(plan: Plan, mira: User, tab: str) -> None:
    for number in range(60):
        message = plan(factories.contact(factories.account()), subject=f"No {number:02}.", due_at=NOON)
        put(message, state=STATES[tab], settled_at=NOON - timedelta(minutes=number))
    client = browser(mira)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        first = client.get("/mail/", {"tab": tab})
    second = client.get("/mail/", {"tab": tab, "cursor": first.context["page"].next}, headers={"HX-Request": "true"})

    assert len(queries) <= 12
    assert "No 49." in first.content.decode()
    assert "No 50." not in first.content.decode()
    assert "No 50." in second.content.decode()
    assert "<html" not in second.content.decode()
    assert second.context["page"].next is None
    assert client.get("/mail/", {"cursor": "damaged"}).status_code == 400


def test_an_outsider_sees_only_own_and_unowned(anna: Contact, plan: Plan, olaf: User) -> None:
    foreign, unowned = plan(anna, subject="Foreign"), plan(factories.contact(), subject="Unowned")

    page = browser(olaf).get("/mail/").content.decode()

    assert "Unowned" in page
    assert "Foreign" not in page
    assert browser(olaf).get(reverse("outbox:detail", args=[foreign.pk])).status_code == 404
    assert browser(olaf).post(reverse("outbox:cancellation", args=[foreign.pk])).status_code == 404
    assert state_of(foreign) == "due"
    assert browser(olaf).get(reverse("outbox:detail", args=[unowned.pk])).status_code == 200


def test_mail_to_one_of_ours_is_for_that_user_and_admins(plan: Plan, ada: User, mira: User, sam: User) -> None:
    facts = {"link": "https://example.com/secret"}
    message = plan(user_id=mira.pk, category="transactional", body="{{ link }}", facts=facts, origin="sign-in")
    address = reverse("outbox:detail", args=[message.pk])

    assert browser(sam).get(address).status_code == 404
    for user in (ada, mira):
        page = browser(user).get(address)
        assert page.status_code == 200
        assert "secret" not in page.content.decode()


def test_the_page_of_a_message_tells_all_about_it(anna: Contact, plan: Plan, mira: User) -> None:
    message = plan(anna, origin="test", origin_id=5)
    message.decisions.create(
        verdict="moved", guard="quiet-hours", reason="Quiet hours 20:00–08:00 in Asia/Tokyo.", at=NOON,
        facts={"until": "2026-06-01T23:00:00+00:00"},
    )  # fmt: skip
    explained = {5: Explanation("Onboarding", "/workflows/onboarding/", [("Entered", "a contract began")])}

    with slots.explainers.temporarily("test", lambda ids: explained):
        page = browser(mira).get(reverse("outbox:detail", args=[message.pk])).content.decode()

    assert "Quiet hours 20:00–08:00 in Asia/Tokyo. Until 2 June 2026, 01:00." in page  # Mira's clock
    assert "Mon 1 Jun 2026, 21:00 JST" in page  # Anna's
    assert "Mon 1 Jun 2026, 14:00 CEST for you" in page
    assert "a contract began" in page
    assert 'href="/workflows/onboarding/"' in page


def test_text_from_outside_is_shown_as_text(anna: Contact, plan: Plan, mira: User) -> None:
    message = put(plan(anna), state="sent", rendered_body="<script>alert(1)</script>", rendered_subject="<b>x</b>")

    page = browser(mira).get(reverse("outbox:detail", args=[message.pk])).content.decode()

    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_links_that_are_the_readers_alone_are_not_for_us(anna: Contact, plan: Plan, sam: User) -> None:
    link, other = f"{settings.BASE_URL}/rate/{new_token()}/", f"{settings.BASE_URL}/tickets/7/"
    message = put(plan(anna), state="sent", rendered_body=f"How did we do? {link}?score=4 or {other}")

    page = browser(sam).get(reverse("outbox:detail", args=[message.pk])).content.decode()

    assert link not in page
    assert "/rate/…" in page
    assert other in page


VERBS = [
    ("due", "cancellation", "cancelled", "cancelled"), ("failed", "requeueing", "due", "requeued"),
    ("uncertain", "resending", "due", "requeued"), ("uncertain", "settlement", "sent", "settled"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "verb", "after", "verdict"), VERBS)
def test_a_manager_decides_and_it_is_kept(
    anna: Contact, plan: Plan, mira: User, before: str, verb: str, after: str, verdict: str
) -> None:
    message = put(plan(anna), state=before, attempts=5)

    response = browser(mira).post(reverse(f"outbox:{verb}", args=[message.pk]), {"reason": "I asked them"})

    assert response.status_code == 302
    assert state_of(message) == after
    decision = message.decisions.get()
    assert (decision.verdict, decision.by, decision.reason) == (verdict, mira, "I asked them")


@pytest.mark.parametrize(("before", "verb", "after", "verdict"), VERBS)
def test_an_agent_reads_only(
    anna: Contact, plan: Plan, sam: User, before: str, verb: str, after: str, verdict: str
) -> None:
    message = put(plan(anna), state=before)

    response = browser(sam).post(reverse(f"outbox:{verb}", args=[message.pk]), {"reason": "because"})

    assert response.status_code == 403
    assert (state_of(message), trail(message)) == (before, [])
    page = browser(sam).get(reverse("outbox:detail", args=[message.pk])).content.decode()
    assert reverse(f"outbox:{verb}", args=[message.pk]) not in page


@pytest.mark.parametrize("verb", ["resending", "settlement"])
def test_what_is_uncertain_is_settled_with_a_reason_only(anna: Contact, plan: Plan, mira: User, verb: str) -> None:
    message = put(plan(anna), state="uncertain")

    browser(mira).post(reverse(f"outbox:{verb}", args=[message.pk]))

    assert (state_of(message), trail(message)) == ("uncertain", [])


@pytest.mark.parametrize(
    ("state", "verb"), [("sent", "cancellation"), ("sending", "cancellation"), ("sent", "resending")]
)
def test_what_is_past_cannot_be_done(anna: Contact, plan: Plan, ada: User, state: str, verb: str) -> None:
    message = put(plan(anna), state=state)

    browser(ada).post(reverse(f"outbox:{verb}", args=[message.pk]), {"reason": "why not"})

    assert (state_of(message), trail(message)) == (state, [])


@pytest.mark.parametrize("verb", ["mode", "stop", "cancellation", "requeueing", "resending", "settlement"])
def test_no_get_changes_anything(anna: Contact, plan: Plan, ada: User, verb: str) -> None:
    message = plan(anna)
    arguments = [] if verb in ("mode", "stop") else [message.pk]

    assert browser(ada).get(reverse(f"outbox:{verb}", args=arguments)).status_code == 405
    assert state_of(message) == "due"


def test_an_admin_goes_live(anna: Contact, plan: Plan, ada: User, mira: User) -> None:
    policy.hold_for_import(NOON)
    plan(anna)

    assert "Mail is on hold: 1 message waits." in browser(ada).get("/mail/").content.decode()
    assert "Go live" not in browser(mira).get("/mail/").content.decode()
    assert browser(mira).post("/mail/mode/", {"mode": "live"}).status_code == 403
    assert MailPolicy.the_only().mode == "hold"

    browser(ada).post("/mail/mode/", {"mode": "live"})
    now = MailPolicy.the_only()
    assert (now.mode, now.went_live_at, now.mode_reason) == ("live", NOON, "Live since 1 June 2026, by Ada.")


def test_an_admin_redirects_with_an_address_only(ada: User) -> None:
    browser(ada).post("/mail/mode/", {"mode": "redirect", "redirect_to": "nobody"})
    assert MailPolicy.the_only().mode == "live"

    browser(ada).post("/mail/mode/", {"mode": "redirect", "redirect_to": "ops@us.example"})
    assert "All mail goes to ops@us.example" in browser(ada).get("/mail/").content.decode()


def test_an_admin_stops_all_mail_with_a_reason(ada: User, mira: User) -> None:
    browser(ada).post("/mail/stop/", {"reason": ""})
    assert browser(mira).post("/mail/stop/", {"reason": "no"}).status_code == 403
    assert not Switch.objects.exists()

    browser(ada).post("/mail/stop/", {"reason": "wrong price in the text"})
    switch = Switch.objects.get()
    assert (switch.scope, switch.thrown_by, switch.reason) == ("all", ada, "wrong price in the text")
    assert "wrong price in the text" in browser(mira).get("/mail/").content.decode()

    browser(ada).post("/mail/stop/", {"lift": "1"})
    assert not Switch.objects.exists()


def test_who_asked_to_be_left_alone_is_for_admins(anna: Contact, ada: User, mira: User, sam: User) -> None:
    policy.throw(f"contact:{anna.pk}", "is on sick leave", NOON)
    policy.throw("sender:default", "wrong signature", NOON)

    assert "is on sick leave" in browser(ada).get("/mail/").content.decode()
    for user in (mira, sam):
        page = browser(user).get("/mail/").content.decode()
        assert "sick leave" not in page
        assert "wrong signature" in page


def test_whoever_may_open_the_page_finds_it_in_the_menu(ada: User, mira: User, sam: User) -> None:
    for user in (ada, mira, sam):
        page = browser(user).get("/mail/")
        assert page.status_code == 200
        assert 'href="/mail/" aria-current="page"' in page.content.decode()


@pytest.mark.parametrize("tab", ["sent", "held-back"])
def test_an_index_serves_the_pages_of_what_is_past(anna: Contact, tab: str) -> None:
    rows = rows_of(OutboundMessage.objects.all(), tab)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        keyset_page(rows, TABS[tab].sort)
        cursor.execute("EXPLAIN " + queries[-1]["sql"])
        steps = "\n".join(row[0] for row in cursor.fetchall())
    assert "message_latest" in steps
    assert "Sort" not in steps


def test_without_a_way_out_the_page_says_what_to_set(mira: User, settings: Any) -> None:
    settings.EMAIL_URL = ""
    assert "EMAIL_URL is not set" in browser(mira).get("/mail/").content.decode()


def badge(viewer: User) -> int:
    rows: Any = needing_eyes(viewer)
    return how_many([rows], 99)[0]


def test_the_menu_counts_what_needs_a_person(anna: Contact, plan: Plan, mira: User, olaf: User) -> None:
    assert badge(mira) == 0
    for state in ("failed", "uncertain", "sent", "due"):
        put(plan(anna), state=state)

    assert badge(mira) == 2
    assert badge(olaf) == 0


@pytest.mark.parametrize("scope", ["all", "sender:default", "contact"])
def test_what_is_stopped_promises_no_time(anna: Contact, plan: Plan, ada: User, scope: str) -> None:
    message = plan(anna, due_at=NOON + timedelta(hours=1))
    page = browser(ada).get("/mail/").content.decode()
    assert ("Waits until mail is let go" in page, "in 1 h" in page) == (False, True)

    policy.throw(f"contact:{anna.pk}" if scope == "contact" else scope, "wrong price", NOON)
    page = browser(ada).get("/mail/").content.decode()
    assert ("Waits until mail is let go" in page, "in 1 h" in page) == (True, False)
    assert "it waits until mail is let go" in browser(ada).get(f"/mail/{message.pk}/").content.decode()


def test_that_mail_is_stopped_is_said_once(anna: Contact, plan: Plan, ada: User) -> None:
    policy.throw("all", "wrong price in the text", NOON)

    assert browser(ada).get("/mail/").content.decode().count("wrong price in the text") == 1
    assert browser(ada).get("/tasks/").content.decode().count("wrong price in the text") == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [("due", "Nothing yet: it waits for its time."), ("uncertain", "No history of this message is kept.")],
)
def test_a_message_without_history_says_so(anna: Contact, plan: Plan, mira: User, state: str, words: str) -> None:
    message = put(plan(anna), state=state)
    page = browser(mira).get(f"/mail/{message.pk}/").content.decode()
    assert words in page
    assert page.count("Nothing yet") == (state == "due")


def test_an_uncertain_message_asks_before_it_is_settled(anna: Contact, plan: Plan, mira: User) -> None:
    message = put(plan(anna), state="uncertain")
    page = browser(mira).get(f"/mail/{message.pk}/").content.decode()
    plain, _, asked = page.partition("<dialog")
    for verb in ("settlement", "resending"):
        assert f"/mail/{message.pk}/{verb}/" not in plain
        assert f"/mail/{message.pk}/{verb}/" in asked


@pytest.mark.parametrize(("seconds", "moved"), [(30, 0), (60, 1)])
def test_a_moved_message_names_its_time_once(anna: Contact, plan: Plan, mira: User, seconds: int, moved: int) -> None:
    message = put(plan(anna, due_at=NOON), due_at=NOON + timedelta(seconds=seconds))
    shown = [moment for moment in times(OutboundMessage.objects.get(pk=message.pk), mira) if not moment.rare]
    assert [moment.what for moment in shown] == [["Planned for"], ["Moved to"]][moved]
