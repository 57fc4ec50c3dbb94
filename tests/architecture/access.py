"""Who may do what at which address: the table behind test_access_matrix. A new address needs a row here.

A row's name is the URL's, with its namespace. The default row is a page that everybody of ours may read (GET).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from crm.accounts.models import Account, Contact
from crm.ledger.models import Contract
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.outbox.unsubscribing import url_for
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from retention.workflows.actions import enable
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON

EVERYBODY = frozenset({"admin", "manager", "agent"})
MANAGERS = frozenset({"admin", "manager"})
ADMINS = frozenset({"admin"})

#: Stands in every foreign row; whoever is confined must never read it.
SECRET = "Verborgen 7f3a9"


@dataclass
class World:
    """Mira's customer with all that hangs on it, none of which Olaf may see."""

    mira: User
    account: Account = field(init=False)
    contact: Contact = field(init=False)
    contract: Contract = field(init=False)
    entry: TimelineEntry = field(init=False)
    task: Task = field(init=False)
    message: OutboundMessage = field(init=False)
    workflow: Workflow = field(init=False)
    enrollment: Enrollment = field(init=False)

    def __post_init__(self) -> None:
        self.account = factories.account(SECRET, owner=self.mira, external_id=SECRET)
        self.contact = factories.contact(self.account, last_name=SECRET)
        self.contract = factories.contract(self.account, date(2026, 1, 1), date(2027, 1, 1), plan=SECRET)
        (entry,) = record(Fact(self.account.pk, "note.added", SECRET, contact_id=self.contact.pk), now=NOON)
        self.entry = TimelineEntry.objects.get(pk=entry)
        self.task = Task.objects.create(title=SECRET, account=self.account, owner=self.mira, due_at=NOON)
        self.workflow = enable("renewal-reminder", NOON)
        self.enrollment = Enrollment.objects.create(
            workflow=self.workflow, version_id=self.workflow.version_id, account=self.account, trigger_key=SECRET,
            step_id="x", due_at=NOON + timedelta(days=1),
        )  # fmt: skip
        draft = Draft(
            key="secret", category="service", template_id=template(SECRET, SECRET), due_at=NOON,
            account_id=self.account.pk, contact_id=self.contact.pk,
        )  # fmt: skip
        self.message = OutboundMessage.objects.get(pk=enqueue([draft])["secret"])


@dataclass(frozen=True)
class Row:
    """`at` gives the URL's arguments; `foreign` says that they name rows Olaf must not see."""

    methods: str = "GET"
    readers: frozenset[str] = EVERYBODY
    writers: frozenset[str] = EVERYBODY
    at: Callable[[World], dict[str, Any]] = lambda world: {}
    foreign: bool = False
    public: bool = False


def _about(what: str, methods: str = "GET", **more: Any) -> Row:
    """An address under one foreign row, by its number."""
    return Row(methods, at=lambda world: {"pk": getattr(world, what).pk}, foreign=True, **more)


def _public(methods: str = "GET", **more: Any) -> Row:
    return Row(methods, public=True, **more)


def _of_workflow(methods: str = "POST") -> Row:
    return Row(methods, writers=ADMINS, at=lambda world: {"slug": world.workflow.slug})


ROWS: dict[str, Row] = {
    # pages
    "home:today": Row(),
    "home:live": Row(),
    "web:healthz": _public(),
    "web:readyz": _public(),
    "web:metrics": Row(readers=ADMINS),
    "web:theme": Row("POST"),
    "home:engine": Row(readers=ADMINS),
    "home:engine_facts": Row(readers=ADMINS),
    # A GET leads back to the page.
    "home:engine_switches": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "home:engine_lifting": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "home:engine_repair": Row(
        "GET POST", readers=ADMINS, writers=ADMINS, at=lambda world: {"kind": "failed", "verb": "again"}
    ),
    "account_login": _public("GET POST"),
    "account_logout": _public("GET POST"),
    "account_inactive": _public(),
    "account_reset_password": _public("GET POST"),
    "account_reset_password_done": _public(),
    "account_reset_password_from_key": _public("GET POST", at=lambda world: {"uidb36": "1", "key": "x"}),
    "account_reset_password_from_key_done": _public(),
    "team:me": Row("GET POST"),
    "team:password": Row("POST"),
    "accounts:list": Row(),
    "accounts:new": Row("GET POST"),
    "accounts:detail": _about("account"),
    "accounts:edit": _about("account", "GET POST"),
    "accounts:log": _about("account", "POST"),
    "accounts:add_contact": _about("account", "GET POST"),
    "accounts:contact": Row(
        "GET POST", at=lambda world: {"pk": world.account.pk, "contact_pk": world.contact.pk}, foreign=True
    ),
    "todos:list": Row(),
    "todos:new": Row("GET POST"),
    "todos:customers": Row(),
    "todos:detail": _about("task"),
    "todos:completion": _about("task", "POST"),
    "todos:reopening": _about("task", "POST"),
    "todos:snooze": _about("task", "POST"),
    "todos:owner": _about("task", "POST"),
    "outbox:list": Row(),
    "outbox:mode": Row("POST", writers=ADMINS),
    "outbox:stop": Row("POST", writers=ADMINS),
    "outbox:detail": _about("message"),
    "outbox:cancellation": _about("message", "POST", writers=MANAGERS),
    "outbox:requeueing": _about("message", "POST", writers=MANAGERS),
    "outbox:readmission": _about("message", "POST", writers=MANAGERS),
    "outbox:resending": _about("message", "POST", writers=MANAGERS),
    "outbox:settlement": _about("message", "POST", writers=MANAGERS),
    # the token names one person, who may read their own name
    "public:unsubscribe": _public("GET POST", at=lambda world: {"token": url_for(world.contact.pk).split("/")[-2]}),
    "workflows:list": Row(),
    "workflows:detail": _of_workflow("GET"),
    "workflows:activation": _of_workflow(),
    "workflows:deactivation": _of_workflow(),
    "workflows:pause": _of_workflow(),
    "workflows:resumption": _of_workflow(),
    "workflows:settings": _of_workflow(),
    "workflows:enrollment": Row(
        at=lambda world: {"slug": world.workflow.slug, "pk": world.enrollment.pk}, foreign=True
    ),
    "workflows:discard": Row(
        "POST", writers=ADMINS, at=lambda world: {"slug": world.workflow.slug, "pk": world.enrollment.pk}, foreign=True
    ),
    "workflows:retry": Row(
        "POST", writers=ADMINS, at=lambda world: {"slug": world.workflow.slug, "pk": world.enrollment.pk}, foreign=True
    ),
    # API
    "api-account-list": Row("GET POST"),
    "api-account-detail": _about("account", "GET PUT PATCH"),
    "api-contact-list": Row("GET POST"),
    "api-contact-detail": _about("contact", "GET PUT PATCH"),
    "api-entry-list": Row("GET POST"),
    "api-entry-detail": _about("entry"),
    "api-contract-list": Row("GET POST", writers=MANAGERS),
    "api-contract-detail": _about("contract", "GET PUT PATCH", writers=MANAGERS),
    "api-contract-terms": _about("contract", "POST", writers=MANAGERS),
    "api-contract-term": Row(
        "PUT", writers=MANAGERS, foreign=True,
        at=lambda world: {"pk": world.contract.pk, "term_id": world.contract.terms.get().pk},
    ),
    "api-task-list": Row("GET POST"),
    "api-task-detail": _about("task", "GET PUT PATCH"),
    "api-task-completion": _about("task", "POST"),
    "api-task-reopening": _about("task", "POST"),
    "api-schema": _public(),
    "api-docs": _public(),
    "api-nowhere": Row("", at=lambda world: {"path": "nothing/"}),
}  # fmt: skip
