"""Notifications: who is told, who reads them, and the digest that leaves once a morning."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection, transaction
from django.urls import reverse

from crm import slots
from crm.outbox.models import Notification, NotificationPreference, OutboundMessage
from crm.outbox.notifications import digest, mark_read, mark_unread, notify, rules
from crm.templatetags.ui import undo_url
from crm.web import clock
from tests import factories
from tests.conftest import NOON

HTMX = {"HX-Request": "true"}
DAY = timedelta(days=1)


def tell(users, text="Something", kind="task.assigned", now=NOON, **more) -> int:
    return notify(users, kind, text, "/tasks/", now, **more)


def texts(user) -> list[str]:
    return list(Notification.objects.visible_to(user).order_by("id").values_list("text", flat=True))


def page(client, user, url="/notifications/", **headers) -> str:
    client.force_login(user)
    return unescape(client.get(url, **headers).content.decode())


def test_each_is_told_once_by_key_and_never_of_their_own_acts(ada, mira, sam, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert tell([ada, mira.pk, sam], key="a", by=ada) == 2
    assert tell([ada, mira, sam], key="a") == 1
    assert tell([mira]) == tell([mira]) == 1  # without a key each counts
    assert [len(texts(user)) for user in (ada, mira, sam)] == [1, 3, 1]
    assert tell([]) == tell([ada], by=ada) == 0


def test_nobody_is_told_of_what_they_switched_off_and_nobody_who_has_left(ada, mira, sam):
    NotificationPreference.objects.create(user=mira, kind="task.assigned", way="off")
    sam.is_active = False
    sam.save()
    assert tell([ada, mira, sam]) == 1
    assert tell([mira], kind="note.mention") == 1
    assert (len(texts(ada)), len(texts(mira)), Notification.objects.filter(user=sam).count()) == (1, 1, 0)


def test_an_unknown_kind_is_a_mistake(mira):
    with pytest.raises(KeyError):
        tell([mira], kind="nothing")


def test_a_long_text_is_cut(mira):
    tell([mira], "x" * 400)
    assert texts(mira) == ["x" * 299 + "…"]


def test_it_belongs_to_the_callers_transaction(mira):
    with transaction.atomic():
        tell([mira])
        transaction.set_rollback(True)
    assert texts(mira) == []


def test_rooms_below_the_outbox_tell_through_the_slots(mira):
    assert slots.tell([mira], "note.mention", "Ada mentions you", "/", NOON) == 1
    assert texts(mira) == ["Ada mentions you"]


def test_a_customer_out_of_sight_takes_its_notifications_along(client, mira, olaf):
    account = factories.account(owner=olaf)
    tell([olaf], "About his customer", account_id=account.pk)
    tell([olaf], "About nobody")
    assert len(texts(olaf)) == 2
    account.owner = mira
    account.save()
    assert texts(olaf) == ["About nobody"]
    assert "About his customer" not in page(client, olaf)
    hidden = Notification.objects.get(text="About his customer")
    assert client.post(reverse("notifications:opening", args=[hidden.pk])).status_code == 404
    assert Notification.objects.filter(read_at=None).count() == 2


def test_the_page_shows_the_unread_first_and_nobody_elses(client, mira, ada):
    for text in ("First", "Second", "Third"):
        tell([mira], text)
    tell([ada], "Hers")
    mark_read(mira, NOON, only=Notification.objects.get(text="Second").pk)
    client.force_login(mira)
    sections = client.get("/notifications/").context["sections"]
    shown = {section["label"]: [line["text"] for line in section["lines"]] for section in sections}
    assert shown == {"New": ["Third", "First"], "Earlier": ["Second"]}


def test_pages_go_on_where_the_last_one_ended(client, mira, monkeypatch):
    monkeypatch.setattr("crm.outbox.notifications.views._SIZE", 2)
    for number in range(5):
        tell([mira], f"N{number}")
    client.force_login(mira)
    (first,) = client.get("/notifications/").context["sections"]
    more = client.get("/notifications/", {"section": "new", "cursor": first["next"]}, headers=HTMX)
    assert [line["text"] for line in more.context["section"]["lines"]] == ["N2", "N1"]
    assert b"<html" not in more.content
    assert client.get("/notifications/", {"section": "new", "cursor": "x"}).status_code == 400
    assert client.get("/notifications/", {"section": "x"}).status_code == 404


def test_opening_reads_it_and_leads_on(client, mira, ada):
    tell([mira])
    row = Notification.objects.get()
    client.force_login(ada)
    assert client.post(reverse("notifications:opening", args=[row.pk])).status_code == 404
    client.force_login(mira)
    assert client.get(reverse("notifications:opening", args=[row.pk])).status_code == 405
    assert Notification.objects.get().read_at is None
    answer = client.post(reverse("notifications:opening", args=[row.pk]))
    assert (answer.status_code, answer["Location"], Notification.objects.get().read_at) == (302, "/tasks/", NOON)
    Notification.objects.update(url="https://elsewhere.example/")
    assert client.post(reverse("notifications:opening", args=[row.pk]))["Location"] == "/notifications/"


def test_all_that_was_shown_is_read_at_once_and_taken_back(client, mira, ada):
    tell([mira], "Old")
    mark_read(mira, NOON - DAY, upto=Notification.objects.get().pk)
    tell([mira, ada], "Shown")
    newest = Notification.objects.get(user=mira, text="Shown").pk
    tell([mira], "Since")
    client.force_login(mira)
    client.post("/notifications/reading/", {"newest": newest})
    unread = Notification.objects.filter(read_at=None)
    assert sorted(unread.values_list("text", "user")) == [("Shown", ada.pk), ("Since", mira.pk)]
    undo = undo_url(next(iter(client.get("/notifications/").context["messages"])).extra_tags)
    client.force_login(ada)
    client.post(undo)  # what somebody else takes back is theirs
    assert unread.count() == 2
    client.force_login(mira)
    client.post(undo)
    assert unread.filter(user=mira).count() == 2
    assert Notification.objects.get(text="Old").read_at == NOON - DAY


@pytest.mark.parametrize(("url", "data"), [("reading", {}), ("reading", {"newest": "x"}), ("unreading", {})])
def test_damaged_forms_change_nothing(client, mira, url, data):
    tell([mira])
    client.force_login(mira)
    assert client.post(f"/notifications/{url}/", data).status_code == 400
    assert client.post("/notifications/unreading/?at=2026-06-01T12:00:00").status_code == 400
    assert Notification.objects.filter(read_at=None).count() == 1


def test_the_bell_counts_and_asks_cheaply(client, mira, django_assert_num_queries):
    client.force_login(mira)
    client.get("/notifications/bell/")
    with django_assert_num_queries(3):  # session, user, one look-up
        assert client.get("/notifications/bell/", {"seen": "0"}).status_code == 204
    tell([mira])
    assert "<b>1</b>" in client.get("/notifications/bell/", {"seen": "0"}).content.decode()
    assert "<b>1</b>" in client.get("/me/").content.decode()


def test_preferences(client, mira, ada):
    client.force_login(mira)
    assert client.get("/me/notifications/").status_code == 200
    ways = dict.fromkeys(slots.notification_kinds.names(), "bell") | {"note.mention": "off"}
    for _ in range(2):
        assert client.post("/me/notifications/", ways).status_code == 302
    assert NotificationPreference.objects.filter(user=mira).count() == len(ways)
    assert tell([mira, ada], kind="note.mention") == 1
    assert client.post("/me/notifications/", ways | {"note.mention": "loud"}).status_code == 422


# The digest -----------------------------------------------------------------------------------------------------------

BERLIN_EIGHT = datetime(2026, 6, 2, 6, 0, tzinfo=UTC)  # Mira's next morning


def digests() -> list[OutboundMessage]:
    return list(OutboundMessage.objects.filter(origin="digest").order_by("id"))


def test_it_leaves_on_the_readers_morning_and_not_a_tick_before(mira):
    tell([mira], "Call them")
    assert digest.next_due(NOON) == BERLIN_EIGHT
    assert digest.work(BERLIN_EIGHT - timedelta(microseconds=1)) == 0
    assert digest.work(BERLIN_EIGHT) == 1
    assert digest.work(BERLIN_EIGHT) == 0
    (mail,) = digests()
    assert (mail.user, mail.key, mail.due_at) == (mira, f"digest:{mira.pk}:2026-06-02", BERLIN_EIGHT)
    subject, body = mail.preview()
    assert subject == "1 new in Holdfast"
    assert "- Call them" in body
    assert "/tasks/" in body
    assert digest.next_due(BERLIN_EIGHT) is None


def test_what_comes_in_later_waits_for_the_next_morning(mira):
    tell([mira], "First")
    digest.work(BERLIN_EIGHT)
    tell([mira], "Second", now=BERLIN_EIGHT)
    tell([mira], "Committed late", now=BERLIN_EIGHT - timedelta(seconds=1))
    assert digest.work(BERLIN_EIGHT + timedelta(hours=5)) == 0
    assert digest.next_due(BERLIN_EIGHT + timedelta(hours=5)) == BERLIN_EIGHT + DAY
    assert digest.work(BERLIN_EIGHT + DAY) == 1
    assert [line["text"] for line in digests()[1].facts["lines"]] == ["Committed late", "Second"]


def test_only_what_is_unread_of_kinds_that_want_it(mira, ada):
    tell([mira], "Read")
    mark_read(mira, NOON, upto=Notification.objects.get().pk)
    assert digest.work(BERLIN_EIGHT) == 0
    NotificationPreference.objects.create(user=ada, kind="task.assigned", way="bell")
    tell([ada], "By bell alone")
    assert digest.work(NOON + DAY) == 0
    assert digests() == []
    mark_unread(mira, NOON)
    assert digest.work(NOON + DAY) == 1


def test_it_does_not_say_what_the_reader_may_not_see_any_more(mira, olaf):
    account = factories.account(owner=olaf)
    tell([olaf], "Secret", account_id=account.pk)
    tell([olaf], "Open")
    account.owner = mira
    account.save()
    digest.work(NOON + DAY)
    assert [line["text"] for line in digests()[0].facts["lines"]] == ["Open"]


@pytest.mark.django_db(transaction=True)
def test_workers_beside_each_other_write_one_a_day(mira, ada):
    for number in range(20):
        tell([mira, ada], f"N{number}")

    def work(_: int) -> int:
        with clock.travelling(NOON + DAY):
            written = digest.work(NOON + DAY)
        connection.close()
        return written

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(8))) == 2
    assert [len(mail.facts["lines"]) for mail in digests()] == [20, 20]


def test_what_was_read_long_ago_is_let_go(mira):
    for text, at in (("Long ago", NOON - rules.KEPT - timedelta(microseconds=1)), ("Lately", NOON - rules.KEPT)):
        tell([mira], text)
        mark_read(mira, at, only=Notification.objects.get(text=text).pk)
    tell([mira], "Unread", now=NOON - 2 * rules.KEPT)
    digest.sweep(NOON)
    assert texts(mira) == ["Lately", "Unread"]


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        (datetime(2026, 3, 28, 7, 0, tzinfo=UTC), datetime(2026, 3, 28, 7, 0, tzinfo=UTC), (29, 6)),
        (datetime(2026, 3, 28, 6, 59, tzinfo=UTC), datetime(2026, 3, 27, 7, 0, tzinfo=UTC), (28, 7)),
        (datetime(2026, 3, 29, 6, 0, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC), (30, 6)),
    ],
)
def test_mornings_are_by_the_readers_clock(now, last, following):
    zone = clock.zone("Europe/Berlin")
    assert rules.last_morning(now, zone)[1] == last
    assert rules.next_morning(now, zone) == datetime(2026, 3, following[0], following[1], tzinfo=UTC)
