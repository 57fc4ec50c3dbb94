"""Who may do what at which address: the table behind test_access_matrix. A new address needs a row here.

A row's name is the URL's, with its namespace. The default row is a page that everybody of ours may read (GET).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.core.files.base import ContentFile

from crm.accounts.actions import files
from crm.accounts.models import Account, AccountFile, Contact
from crm.correspondence.models import Mail, MailThread
from crm.duplicates.models import AccountPair
from crm.fields.models import CustomField
from crm.history.actions import act
from crm.history.models import Act, Run
from crm.imports.models import Import
from crm.inbox.models import InboundPayload
from crm.ledger.models import Contract, CurrencyRate
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import Notification, OutboundMessage, Sender, Topic
from crm.outbox.unsubscribing import url_for
from crm.pipelines.models import Deal, Pipeline, Stage
from crm.segments.models import SavedView, Segment
from crm.settings.models import HandOver
from crm.team.models import (
    ApiToken,
    BusinessHours,
    Device,
    Holiday,
    Invitation,
    Membership,
    Team,
    User,
    WriteKey,
)
from crm.team.models.keys import digest_of
from crm.tickets.models import Macro, Ticket, TicketFile, TicketMessage
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from retention.campaigns.models import Campaign
from retention.workflows.actions import enable
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.architecture import (
    access_billing,
    access_building,
    access_channels,
    access_desk,
    access_doubles,
    access_dunning,
    access_fields,
    access_forms,
    access_imports,
    access_ledger,
    access_levels,
    access_lists,
    access_mail,
    access_metrics,
    access_pipelines,
    access_retention,
    access_segments,
    access_team,
    access_tickets,
    access_value,
    access_webhooks,
)
from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about, for_admins, public
from tests.conftest import NOON

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
    note: TimelineEntry = field(init=False)  # Mira's own
    file: AccountFile = field(init=False)
    task: Task = field(init=False)
    message: OutboundMessage = field(init=False)
    asked: OutboundMessage = field(init=False)
    topic: Topic = field(init=False)
    campaign: Campaign = field(init=False)
    view: SavedView = field(init=False)
    segment: Segment = field(init=False)
    gone_view: SavedView = field(init=False)
    workflow: Workflow = field(init=False)
    enrollment: Enrollment = field(init=False)
    pair: AccountPair = field(init=False)  # with another of hers, which is not hidden by its name
    notification: Notification = field(init=False)
    act: Act = field(init=False)
    team: Team = field(init=False)
    token: ApiToken = field(init=False)
    device: Device = field(init=False)
    hand_over: HandOver = field(init=False)
    imported: Import = field(init=False)  # by Mira
    thread: MailThread = field(init=False)
    letter: Mail = field(init=False)  # in it
    unmatched: Mail = field(init=False)  # that Mira brought
    payload: InboundPayload = field(init=False)
    sender: Sender = field(init=False)
    pipeline: Pipeline = field(init=False)
    stage: Stage = field(init=False)
    deal: Deal = field(init=False)
    webhook: WebhookEndpoint = field(init=False)
    delivery: WebhookDelivery = field(init=False)
    ticket: Ticket = field(init=False)
    said: TicketMessage = field(init=False)  # by its customer
    answer: TicketMessage = field(init=False)  # Mira's
    enclosed: TicketFile = field(init=False)
    macro: Macro = field(init=False)
    own_macro: Macro = field(init=False)  # Mira's
    invited: str = "the secret of an invitation"
    holiday: Holiday = field(init=False)  # of the team, which has hours of its own
    rate: CurrencyRate = field(init=False)
    write_key: WriteKey = field(init=False)

    def __post_init__(self) -> None:
        self._people()
        self.account = factories.account(SECRET, owner=self.mira, external_id=SECRET)
        self.contact = factories.contact(self.account, last_name=SECRET)
        self.contract = factories.contract(self.account, date(2026, 1, 1), date(2027, 1, 1), plan=SECRET)
        (entry,) = record(Fact(self.account.pk, "note.added", SECRET, contact_id=self.contact.pk), now=NOON)
        self.entry = TimelineEntry.objects.get(pk=entry)
        note = Fact(self.account.pk, "note.written", SECRET, source="person", actor_id=self.mira.pk)
        self.note = TimelineEntry.objects.get(pk=record(note, now=NOON)[0])
        self.file = files.put(self.account, ContentFile(SECRET.encode(), SECRET), self.mira, NOON)
        self.notification = Notification.objects.create(
            user=self.token.user, kind="task.assigned", text=SECRET, url="/", account=self.account
        )
        with act("bulk.tag", SECRET, self.mira, NOON) as self.act:
            Account.objects.filter(pk=self.account.pk).update(tags=[SECRET])
        Run.objects.create(act=self.act, name="account.tag", total=1, ids=[self.account.pk])
        self.task = Task.objects.create(title=SECRET, account=self.account, owner=self.mira, due_at=NOON)
        self.view, self.gone_view = (
            SavedView.objects.create(subject="account", name=SECRET, owner=self.mira, deleted_at=deleted_at)
            for deleted_at in (None, NOON)
        )
        self.segment = Segment.objects.create(subject="account", name=SECRET, kind="static", owner=self.mira)
        self.workflow = enable("renewal-reminder", NOON)
        self.enrollment = Enrollment.objects.create(
            workflow=self.workflow, version_id=self.workflow.version_id, account=self.account, trigger_key=SECRET,
            step_id="x", due_at=NOON + timedelta(days=1),
        )  # fmt: skip
        self.imported = Import.objects.create(
            kind="accounts", file_name=SECRET, by=self.mira, state="done", finished_at=NOON, created=1, updated=0,
            skipped=0, rejected=0, report={"columns": {}, "unknown_columns": []},
        )  # fmt: skip
        options = [{"code": "gold", "label": "Gold"}]
        self.field, _ = (
            CustomField.objects.create(subject=subject, key="tier", name="Tier", type="choice", options=options)
            for subject in ("contact", "account")
        )
        twin = factories.account("Twin", owner=self.mira)
        self.pair = AccountPair.objects.create(first=self.account, second=twin, strength=60, signs=["name"])
        draft = Draft(
            key="secret", category="service", template_id=template(SECRET, SECRET), due_at=NOON,
            account_id=self.account.pk, contact_id=self.contact.pk,
        )  # fmt: skip
        self.message = OutboundMessage.objects.get(pk=enqueue([draft])["secret"])
        asked = replace(draft, key="asked", needs_approval_by=self.mira.pk)
        self.asked = OutboundMessage.objects.get(pk=enqueue([asked])["asked"])
        self.topic = Topic.objects.create(slug="secret", name=SECRET[:60])
        access_mail.correspond(self, SECRET)
        access_tickets.ask(self, SECRET)
        access_pipelines.sell(self, SECRET)
        access_ledger.pay(self, SECRET)
        access_value.count(self, SECRET)
        access_webhooks.tell(self, SECRET)
        access_dunning.fail(self, SECRET)
        access_billing.report(self, SECRET)
        access_retention.report(self)
        access_building.build(self)
        access_levels.measure(self, SECRET)
        access_desk.set_up_desk(self)
        access_forms.ask_anybody(self)

    def _people(self) -> None:
        """Mira's team, key, browser and holiday, and somebody who has been invited."""
        self.team = Team.objects.create(name="North")
        Membership.objects.create(team=self.team, user=self.mira)
        hours = BusinessHours.objects.create(team=self.team)
        self.holiday = Holiday.objects.create(
            hours=hours, name="Labour Day", starts_on=NOON.date(), ends_on=NOON.date()
        )
        self.rate = CurrencyRate.objects.create(code="USD", valid_from=NOON.date(), rate=1)
        self.write_key, _ = WriteKey.issue("Web app", "usage", self.mira, NOON)
        self.device = Device.objects.create(user=self.mira, session_key="elsewhere", signed_in_at=NOON)
        self.hand_over = HandOver.objects.create(giver=self.mira, to_words="nobody", at=NOON, until=NOON)
        newcomer = User.objects.create_user("nova@example.com", None, name="Nova", role="agent", is_active=False)
        self.token, _ = ApiToken.issue(newcomer, "read")
        Invitation.objects.create(
            user=newcomer, digest=digest_of(self.invited), sent_at=NOON, expires_at=NOON + timedelta(days=7)
        )

    def of_api(self) -> dict[str, int]:
        """The row that each path of the API is about, by the path's first word."""
        return {
            "accounts": self.account.pk, "contacts": self.contact.pk, "contracts": self.contract.pk,
            "entries": self.entry.pk, "tasks": self.task.pk, "segments": self.segment.pk, "acts": self.act.pk,
            "imports": self.imported.pk, "tickets": self.ticket.pk,
            "ratings": self.rating.pk, "forms": self.form.pk, "service-levels": self.level.pk,
            "payments": self.payment.pk, "purchases": self.purchase.pk, "account-values": self.account.pk,
            "deals": self.deal.pk, "pipelines": self.pipeline.pk, "stages": self.stage.pk,
            "blocked-senders": self.blocked.pk, "rotas": self.rota.pk, "macros": self.own_macro.pk,
            "ticket-categories": self.category.pk,
            "dunning-cases": self.case.pk, "payment-status-tokens": self.status_token.pk,
            "webhooks": self.webhook.pk, "webhook-deliveries": self.delivery.pk,
            "workflows": self.workflow.pk, "approvals": self.asked.pk, "topics": self.topic.pk,
            "campaigns": self.campaign.pk,
        }  # fmt: skip


def _of_api_workflow(methods: str, **more: frozenset[str]) -> Row:
    return Row(methods, writers=ADMINS, at=lambda world: {"pk": world.workflow.pk}, **more)  # type: ignore[arg-type]


def _of_workflow(methods: str = "POST", **more: frozenset[str]) -> Row:
    return Row(methods, writers=ADMINS, at=lambda world: {"slug": world.workflow.slug}, **more)  # type: ignore[arg-type]


_OTHERS = access_team.ROWS | access_desk.ROWS | access_doubles.ROWS | access_lists.ROWS | access_imports.ROWS
_OTHERS |= access_channels.ROWS | access_pipelines.ROWS | access_forms.ROWS
_OTHERS |= access_webhooks.ROWS | access_ledger.ROWS | access_value.ROWS | access_metrics.ROWS | access_billing.ROWS
_OTHERS |= access_retention.ROWS | access_dunning.ROWS | access_building.ROWS
_OTHERS |= access_mail.ROWS | access_fields.ROWS | access_segments.ROWS | access_tickets.ROWS | access_levels.ROWS

ROWS: dict[str, Row] = _OTHERS | {
    # pages
    "home:today": Row(),
    "home:live": Row(),
    "home:day": Row("POST"),
    "home:done": about("account", "POST"),
    "home:snooze": about("account", "POST"),
    "home:bring_back": about("account", "POST"),
    "home:search": Row(),
    "home:calendar": Row("GET POST"),
    "home:calendar_revoking": Row("POST"),
    # the secret names one user, whose calendar it is; another is like none
    "home:calendar_feed": public(at=lambda world: {"secret": "x"}),
    "notifications:list": Row(),
    "notifications:bell": Row(),
    "notifications:reading": Row("POST"),
    "notifications:unreading": Row("POST"),
    "notifications:opening": Row("", at=lambda world: {"pk": world.notification.pk}),  # another's is not there
    "notifications:preferences": Row("GET POST"),
    "history:act": about("act", readers=MANAGERS),
    "history:undo": about("act", "POST", writers=MANAGERS),
    "history:stop": about("act", "POST", writers=MANAGERS),
    "history:audit": Row(readers=ADMINS),
    "history:account": about("account"),
    "history:contact": about("contact"),
    "history:bulk": Row(
        "GET POST", readers=MANAGERS, writers=MANAGERS, at=lambda world: {"subject": "account", "name": "tag"}
    ),
    "web:healthz": public(),
    "web:readyz": public(),
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
    "account_login": public("GET POST"),
    "account_logout": public("GET POST"),
    "account_inactive": public(),
    "account_reset_password": public("GET POST"),
    "account_reset_password_done": public(),
    "account_reset_password_from_key": public("GET POST", at=lambda world: {"uidb36": "1", "key": "x"}),
    "account_reset_password_from_key_done": public(),
    "accounts:list": Row(),
    "accounts:new": Row("GET POST"),
    "accounts:detail": about("account"),
    "accounts:edit": about("account", "GET POST"),
    "accounts:add_contact": about("account", "GET POST"),
    "accounts:contact": Row(
        "GET POST", at=lambda world: {"pk": world.account.pk, "contact_pk": world.contact.pk}, foreign=True
    ),
    "todos:list": Row(),
    "todos:new": Row("GET POST"),
    "todos:customers": Row(),
    "todos:quick": Row("GET POST"),
    "todos:bulk": Row("POST"),
    "todos:bulk_undoing": Row("POST"),
    "todos:detail": about("task"),
    "todos:completion": about("task", "POST"),
    "todos:reopening": about("task", "POST"),
    "todos:snooze": about("task", "POST"),
    "todos:owner": about("task", "POST"),
    "outbox:list": Row(),
    "approvals:list": Row(),
    "approvals:approval": Row("POST"),
    "approvals:reconsideration": Row("POST"),
    "approvals:detail": about("asked", "GET POST", readers=MANAGERS, writers=MANAGERS),
    "approvals:refusal": about("asked", "POST", writers=MANAGERS),
    "sending:settings": for_admins("GET POST"),
    "sending:stop": for_admins("POST"),
    "sending:rest": about("contact", "POST"),
    "sending:wishes": about("contact"),
    "sending:topics": for_admins(),
    "sending:new_topic": for_admins("GET POST"),
    "sending:topic": for_admins("GET POST", pk=lambda world: world.topic.pk),
    "sending:retirement": for_admins("POST", pk=lambda world: world.topic.pk),
    "outbox:mode": Row("POST", writers=ADMINS),
    "outbox:stop": Row("POST", writers=ADMINS),
    "outbox:detail": about("message"),
    "outbox:cancellation": about("message", "POST", writers=MANAGERS),
    "outbox:requeueing": about("message", "POST", writers=MANAGERS),
    "outbox:readmission": about("message", "POST", writers=MANAGERS),
    "outbox:resending": about("message", "POST", writers=MANAGERS),
    "outbox:settlement": about("message", "POST", writers=MANAGERS),
    # the token names one person, who may read their own name
    "public:unsubscribe": public("GET POST", at=lambda world: {"token": url_for(world.contact.pk).split("/")[-2]}),
    "workflows:list": Row(),
    "workflows:detail": _of_workflow("GET"),
    "workflows:activation": _of_workflow(),
    "workflows:deactivation": _of_workflow("GET POST", readers=ADMINS),
    "workflows:pause": _of_workflow(),
    "workflows:resumption": _of_workflow("GET POST", readers=ADMINS),
    "workflows:return": _of_workflow("GET POST", readers=ADMINS),
    "workflows:moving": _of_workflow("GET POST", readers=ADMINS),
    "workflows:moving-people": _of_workflow("GET", readers=ADMINS),
    "api-workflow-list": Row("GET POST", writers=ADMINS),
    "api-workflow-detail": _of_api_workflow("GET"),
    "api-workflow-versions": _of_api_workflow("GET"),
    "api-workflow-moving": _of_api_workflow("GET POST", readers=ADMINS),
    "api-workflow-enrollments": _of_api_workflow("GET POST"),
    **{
        f"api-workflow-{verb}": _of_api_workflow("POST")
        for verb in ("activation", "pause", "resumption", "deactivation", "validation")
    },
    **{
        f"api-workflow-{verb}": Row(
            "POST", writers=MANAGERS, foreign=True,
            at=lambda world: {"pk": world.workflow.pk, "enrollment_id": world.enrollment.pk},
        )
        for verb in ("leaving", "hold", "release", "skip")
    },
    "workflows:restoration": Row("POST", writers=ADMINS, at=lambda world: {"slug": world.workflow.slug, "number": 1}),
    **{
        f"workflows:{verb}": Row(
            "POST", writers=MANAGERS, foreign=True,
            at=lambda world: {"slug": world.workflow.slug, "pk": world.enrollment.pk},
        )
        for verb in ("hold", "release", "skip", "leaving")
    },
    "workflows:settings": _of_workflow(),
    "workflows:holdout": for_admins("GET POST"),
    "workflows:held_out": _of_workflow(),
    "workflows:winner": _of_workflow(),
    "workflows:rehearsals": _of_workflow(),
    "workflows:rehearsal_cancellation": Row(
        "POST", writers=ADMINS, at=lambda world: {"slug": world.workflow.slug, "pk": 1}
    ),
    "workflows:why": Row(),
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
    "api-workflow-why": Row(at=lambda world: {"slug": world.workflow.slug}),
    "api-account-list": Row("GET POST"),
    "api-account-detail": about("account", "GET PUT PATCH"),
    "api-contact-list": Row("GET POST"),
    "api-contact-detail": about("contact", "GET PUT PATCH"),
    "api-entry-list": Row("GET POST"),
    "api-entry-detail": about("entry"),
    "api-contract-list": Row("GET POST", writers=MANAGERS),
    "api-contract-detail": about("contract", "GET PUT PATCH", writers=MANAGERS),
    "api-contract-terms": about("contract", "POST", writers=MANAGERS),
    "api-contract-term": Row(
        "PUT", writers=MANAGERS, foreign=True,
        at=lambda world: {"pk": world.contract.pk, "term_id": world.contract.terms.get().pk},
    ),
    "api-task-list": Row("GET POST"),
    "api-task-detail": about("task", "GET PUT PATCH"),
    "api-task-completion": about("task", "POST"),
    "api-task-reopening": about("task", "POST"),
    "ledger:confirmation": about("contract", "POST", writers=MANAGERS),
    "api-ticket-list": Row("GET POST"),
    "api-ticket-detail": about("ticket", "GET PUT PATCH"),
    "api-ticket-messages": about("ticket", "GET POST"),
    **{f"api-ticket-{verb}": about("ticket", "POST") for verb in (
        "status", "assignment", "merge", "unmerge", "split", "spam", "following", "mood",
    )},
    "api-act-list": Row(),
    "api-act-detail": about("act", readers=MANAGERS),
    "api-act-undo": about("act", "POST", writers=MANAGERS),
    "api-schema": public(),
    "api-docs": public(),
    "api-nowhere": Row("", at=lambda world: {"path": "nothing/"}),
}  # fmt: skip
