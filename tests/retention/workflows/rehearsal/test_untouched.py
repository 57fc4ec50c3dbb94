"""A rehearsal writes nothing that others see, locks nothing, and leaves nothing behind."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import InternalError

from crm.accounts.models import Account
from crm.pipelines.models import Pipeline
from crm.webhooks.models import WebhookEndpoint
from retention.workflows import batch, published
from retention.workflows.kinds import step_kinds
from retention.workflows.rehearsal import scene, session
from retention.workflows.rehearsal.models import Rehearsal
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.conftest import stages_of
from tests.retention.workflows.plans import MAIL, TASK

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
#: A step of every kind. Whoever brings a new one writes down here what it looks like: it is then seen to write to
#: nothing but shadows (retention/workflows/rehearsal/scene.py names them).
EXAMPLES = {
    "message": MAIL,
    "task": TASK,
    "notify": {"do": "notify", "subject": "Look at {{ account.name }}", "body": "Please"},
    "wait": {"do": "wait", "for": {"days": 1, "at": "09:00"}},
    "await": {"do": "await", "fact": "ticket.opened", "called": "a ticket", "at_most_days": 2, "late": []},
    "branch": {"do": "branch", "if": {"field": "industry", "op": "is", "value": "Optics"}, "then": [], "else": []},
    "set": {"do": "set", "add_tags": ["rehearsed"]},
    "broadcast": {"do": "broadcast", "subject": "News", "body": "All of it", "over_hours": 2},
    "end": {"do": "end", "because": "Enough"},
    "split": {"do": "split", "arms": [{"name": "A"}, {"name": "B"}]},
    "enroll": {"do": "enroll", "workflow": "other"},
    "leave": {"do": "leave", "workflow": "other"},
    "deal": lambda: {
        "do": "deal",
        "title": "Renewal",
        "stage": stages_of(Pipeline.objects.create(name="A"), "One").one.pk,
    },
    "webhook": lambda: {
        "do": "webhook",
        "endpoint": WebhookEndpoint.objects.create(name="A", url="https://a.example/").pk,
    },
}


def _stage():
    return stages_of(Pipeline.objects.create(name="A"), "One").one.pk


def every_row():
    """Of each table a digest of all its rows as Postgres has them: with who wrote and who locked each last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        found = {}
        for (table,) in cursor.fetchall():
            if not table.startswith("retention_rehearsal"):
                cursor.execute(
                    f"SELECT md5(string_agg(xmin::text || xmax || ctid || t::text, '' ORDER BY ctid)) FROM {table} t"
                )
                found[table] = cursor.fetchone()[0]
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
                       " AND sequencename NOT LIKE 'retention_rehearsal%'")  # fmt: skip
        return found | dict(cursor.fetchall())


@pytest.fixture
def silent(mira):
    account = factories.account(last_seen_at=NOON - 10 * DAY, owner=mira)
    factories.contact(account)
    return account


@pytest.mark.parametrize("do", step_kinds.names())
def test_a_step_of_each_kind_writes_to_shadows_alone(rehearse, silent, publish, do):
    publish({"trigger": {"when": "silence", "days": 14}, "steps": [TASK]}, slug="other")
    example = EXAMPLES[do]
    step = {"id": "it", **(example() if callable(example) else example)}
    before = every_row()
    done = rehearse({"trigger": {"when": "silence", "days": 14}, "steps": [step, {**TASK, "id": "last"}]})
    assert (done.state, done.error) == ("done", "")
    assert done.lines.filter(outcome="entered").count() == 1
    assert list(done.lines.filter(outcome="failed").values_list("reason", flat=True)) == []
    assert done.lines.filter(step_id="last", outcome="task").count() == (do != "end")
    assert every_row() == before


def test_no_row_and_no_turn_of_others_is_held_while_it_is_played(rehearse, silent, monkeypatch):
    held, write = [], batch.Batch.write

    def look(self):
        write(self)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT locktype, mode, relname FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation"
                " WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relnamespace = 'public'::regnamespace)"
            )
            held.extend(cursor.fetchall())

    monkeypatch.setattr(batch.Batch, "write", look)
    rehearse({"trigger": {"when": "silence", "days": 14}, "steps": [MAIL, EXAMPLES["set"] | {"id": "tag"}]})
    assert held
    assert {(kind, mode) for kind, mode, _ in held} == {("relation", "AccessShareLock")}


def test_the_real_tables_are_out_of_reach(silent):
    with session.opened() as own:
        own.shadow("crm_account", where="true")
        own.close_off()
        Account.objects.update(name="Changed in front")
        assert Account.objects.get().name == "Changed in front"
        for refused in ("UPDATE public.crm_account SET name = 'x'", "SELECT FROM public.crm_account /**/FOR SHARE",
                        "DELETE FROM crm_contact", "SELECT nextval('public.crm_contact_id_seq')"):  # fmt: skip
            with pytest.raises(InternalError, match="read-only transaction"):
                own.run(refused)
    assert Account.objects.get().name != "Changed in front"


def test_the_session_is_gone_with_all_that_stood_in_it(silent):
    with session.opened() as own:
        own.shadow("crm_account")
        pid = own.rows("SELECT pg_backend_pid()")[0][0]
    with connection.cursor() as cursor:
        for _ in range(1000):  # a session that has been hung up on needs a moment
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
            if not cursor.fetchone()[0]:
                return
    raise AssertionError("the session lives on")


def test_what_is_remembered_of_versions_knows_nothing_of_it(rehearse, silent):
    published.of_version.cache_clear()
    done = rehearse({"trigger": {"when": "silence", "days": 14}, "steps": [TASK]})
    assert published.of_version(-done.pk).steps  # kept under a number below nought, which no version has
    assert Rehearsal.objects.get().pk > 0


def test_the_indexes_that_shadows_take_along_are_there(db):
    """One that is called otherwise by now would be left out in silence, and each look go over the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'")
        there = set(cursor.fetchall())
    wanted = {
        (table, name) for named in (scene.OWN, scene._IN_SCOPE_INDEXES) for table in named for name in named[table]
    }
    assert wanted <= there, wanted - there
