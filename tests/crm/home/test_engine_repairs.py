"""What people decide in the engine room about what stands still."""

from __future__ import annotations

import re
from html import unescape

import pytest

from crm import slots
from crm.home import engine
from crm.outbox import load, settling
from crm.outbox.models import OutboundMessage, Suppression
from crm.timeline.models import Pending, TimelineEntry
from retention.workflows.models import Enrollment
from tests.conftest import NOON
from tests.crm.home.conftest import ago, browser, everything

pytestmark = pytest.mark.usefixtures("way_out")


def ids_of(kind):
    if kind == "facts":
        return list(Pending.objects.exclude(parked_at=None).values_list("entry_id", flat=True))
    if kind == "enrollments":
        return list(Enrollment.objects.filter(state="parked").values_list("pk", flat=True))
    return list(OutboundMessage.objects.filter(state=kind).values_list("pk", flat=True))


VERBS = [
    ("uncertain", "sent"), ("uncertain", "again"), ("failed", "again"), ("failed", "discard"),
    ("enrollments", "again"), ("enrollments", "discard"), ("facts", "again"), ("facts", "discard"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_only_admins_mend(trouble, mira, sam, client, kind, verb):
    before, asked = everything(), {"id": ids_of(kind), "reason": "because"}
    for user in (mira, sam):
        assert browser(user).post(f"/engine/{kind}/{verb}/", asked).status_code == 403
    assert client.post(f"/engine/{kind}/{verb}/", asked).headers["Location"].startswith("/sign-in/")
    assert browser(mira).get(f"/engine/{kind}/{verb}/").status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_nothing_happens_without_a_reason_or_a_choice(trouble, ada, kind, verb):
    before = everything()
    for asked in ({"id": ids_of(kind)}, {"reason": "because"}, {"id": ["x", "-1", "9" * 30], "reason": "because"}):
        browser(ada).post(f"/engine/{kind}/{verb}/", asked)
    assert everything() == before


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_a_verb_twice_is_once(trouble, ada, kind, verb):
    asked, client = {"id": ids_of(kind), "reason": "I asked them"}, browser(ada)
    many = len(asked["id"])

    page = client.post(f"/engine/{kind}/{verb}/", asked, follow=True)
    assert f": {many}." in unescape(page.content.decode())
    after, entries = everything(), TimelineEntry.objects.count()
    assert ids_of(kind) == []

    page = client.post(f"/engine/{kind}/{verb}/", asked, follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert (everything(), TimelineEntry.objects.count()) == (after, entries)


def test_what_became_of_each(trouble, ada):
    failed, (uncertain,) = ids_of("failed"), ids_of("uncertain")
    client = browser(ada)
    client.post("/engine/uncertain/sent/", {"id": uncertain, "reason": "The reader has it"})
    client.post("/engine/failed/again/", {"id": failed[:2], "reason": "Mended"})
    client.post("/engine/failed/discard/", {"id": failed[2:], "reason": "Not needed"})
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert [states[pk] for pk in (uncertain, *failed)] == ["sent", "due", "due", "cancelled"]
    told = OutboundMessage.objects.get(pk=failed[2]).decisions.get()
    assert (told.verdict, told.by, told.reason) == ("dismissed", ada, "Not needed")


def test_discarding_mail_can_be_undone(trouble, ada):
    before, failed, client = everything(), ids_of("failed"), browser(ada)
    page = client.post("/engine/failed/discard/", {"id": failed, "reason": "Not needed"}, follow=True)
    (undo,) = re.findall(r'action="(/engine/failed/restore/[^"]*)"', unescape(page.content.decode()))
    client.post(undo)
    assert everything() == before
    client.post(undo)
    assert everything() == before


def test_mail_that_was_called_off_is_not_restored_as_failed(put, ada):
    message = put("cancelled")
    browser(ada).post(f"/engine/failed/restore/?ids={message.pk}")
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_a_suppressed_address_is_left_and_said(put, ada):
    good, bad = put("failed"), put("failed")
    Suppression.objects.create(address=bad.contact.email, reason="No such mailbox.")
    page = browser(ada).post("/engine/failed/again/", {"id": [good.pk, bad.pk], "reason": "Again"}, follow=True)
    assert "Tried again: 1. Left as they were: 1." in page.content.decode()
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert (states[good.pk], states[bad.pk]) == ("due", "failed")


def test_unknown_kinds_and_verbs_are_nowhere(db, ada):
    for place in ("failed/explode", "nothing/again"):
        assert browser(ada).post(f"/engine/{place}/", {"id": 1, "reason": "x"}).status_code == 404


def test_an_undo_restores_what_was_discarded_here_alone(put, ada, make_user):
    mine, theirs = put("failed"), put("failed")
    browser(make_user("Bea", "admin")).post("/engine/failed/discard/", {"id": theirs.pk, "reason": "Theirs"})
    asked = {"id": [mine.pk, theirs.pk], "reason": "Mine"}
    page = browser(ada).post("/engine/failed/discard/", asked, follow=True).content.decode()
    assert "Discarded: 1. Left as they were: 1." in page
    (undo,) = re.findall(r'action="(/engine/failed/restore/[^"]*)"', unescape(page))
    assert undo == f"/engine/failed/restore/?ids={mine.pk}"
    browser(ada).post(undo)
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert (states[mine.pk], states[theirs.pk]) == ("failed", "cancelled")


@pytest.mark.parametrize(("kind", "trace"), [("enrollments", "enrollment.retried"), ("facts", "fact.unparked")])
def test_trying_again_is_kept_with_reason_and_name(trouble, ada, kind, trace):
    browser(ada).post(f"/engine/{kind}/again/", {"id": ids_of(kind), "reason": "The filter is mended"})
    kept = TimelineEntry.objects.get(kind=trace)
    assert kept.actor == ada
    assert kept.text.endswith(": The filter is mended")


def test_what_a_person_settles_as_sent_was_not_sent_now(put, ada):
    put("sent", settled_at=ago(30))
    doubted = put("uncertain", sending_at=ago(9000))
    settling.settle_as_sent(doubted.pk, "The reader has it", ada, ago(30))
    assert load.lately(NOON).day == 1


def test_enter_decides_nothing_and_what_cannot_be_taken_back_asks_first(trouble, ada):
    page = browser(ada).get("/engine/").content.decode()
    for kind in ("uncertain", "failed", "enrollments", "facts"):
        form = page.partition(f'id="{kind}" method="post"')[2].partition("</form>")[0]
        buttons = re.findall(r"<button[^>]*>", form)
        assert "disabled" in buttons[0]  # the one that Enter presses
        plain, _, asked = form.partition("<dialog")
        for verb, each in slots.repairs[kind].verbs.items():
            if not each.offered:
                continue
            place = f'formaction="/engine/{kind}/{verb}/"'
            assert (place in plain, place in asked) == (not each.asks, bool(each.asks)), (kind, verb)
    asking = {(kind, verb) for kind, verb in VERBS if slots.repairs[kind].verbs[verb].asks}
    assert asking == {("uncertain", "sent"), ("uncertain", "again"), ("enrollments", "discard"), ("facts", "discard")}


def test_after_a_decision_one_stays_where_one_was(trouble, ada):
    failed, client = ids_of("failed"), browser(ada)
    first = client.post("/engine/failed/discard/", {"id": failed[:1], "reason": "Not needed"})
    rest = client.post("/engine/failed/discard/", {"id": failed[1:], "reason": "Not needed"})
    assert [first.headers["Location"], rest.headers["Location"]] == ["/engine/#failed", "/engine/#decisions"]


def test_how_many_more_there_are_is_said(put, ada):
    for _ in range(engine.SHOWN + 3):
        put("failed", reason="Refused.")
    page = browser(ada).get("/engine/").content.decode()
    assert f"The latest {engine.SHOWN} are shown, 3 more follow." in page
    assert f"Choose all {engine.SHOWN} shown with this cause" in page
    assert page.count('name="id"') == engine.SHOWN
    older = re.search(r'rel="next" href="(/engine/\?below=failed-\d+)#failed"', page)
    assert older
    page = browser(ada).get(unescape(older[1])).content.decode()
    shown = page.count('name="id"')
    assert (shown, "Older ones are shown." in page, 'rel="next"' in page) == (3, True, False)
    assert f'hx-get="{older[1]}"' in page  # the part that moves stays where one is
    for nonsense in ("failed-x", "nobody-3", "failed-", f"failed-{'9' * 30}"):
        assert browser(ada).get("/engine/", {"below": nonsense}).content.decode().count('name="id"') == engine.SHOWN


def test_who_is_parked_is_shown_since_it_was(enroll, ada):
    enroll("parked", due_at=ago(240), ended_because="KeyError: plan")
    (repair,) = browser(ada).get("/engine/").context["repairs"]
    ((words, rows, said),) = repair["causes"]
    assert words.startswith("Something is wrong on our side")
    assert said == ["KeyError: plan"]
    assert [row.since for row in rows] == [ago(300)]
