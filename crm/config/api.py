"""The API's map: each room's resources, the schema, and its page."""

from django.urls import path, re_path
from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from crm.accounts.api import AccountResource, ContactResource
from crm.forms.api import FormResource
from crm.history.api import ActResource
from crm.imports.api import ExportResource, ImportResource
from crm.leaving.api import LeaveLinkResource
from crm.ledger.api import ContractResource, PaymentResource, PurchaseResource
from crm.outbox.api import ApprovalResource, TopicResource
from crm.pipelines.api import DealResource, PipelineResource, StageResource
from crm.segments.api import SegmentResource
from crm.tickets.api import (
    BlockedResource,
    CategoryResource,
    InsightResource,
    MacroResource,
    RatingResource,
    RotaResource,
    ServiceLevelResource,
    TicketResource,
)
from crm.timeline.api import EntryResource
from crm.todos.api import TaskResource
from crm.webhooks.api import DeliveryResource, WebhookResource

router = SimpleRouter()
router.register("accounts", AccountResource, "api-account")
router.register("contacts", ContactResource, "api-contact")
router.register("entries", EntryResource, "api-entry")
router.register("contracts", ContractResource, "api-contract")
router.register("leave-links", LeaveLinkResource, "api-leave-link")
router.register("payments", PaymentResource, "api-payment")
router.register("purchases", PurchaseResource, "api-purchase")
router.register("segments", SegmentResource, "api-segment")
router.register("tasks", TaskResource, "api-task")
router.register("tickets", TicketResource, "api-ticket")
router.register("ratings", RatingResource, "api-rating")
router.register("service-levels", ServiceLevelResource, "api-service-level")
router.register("rotas", RotaResource, "api-rota")
router.register("ticket-categories", CategoryResource, "api-ticket-category")
router.register("ticket-insight", InsightResource, "api-ticket-insight")
router.register("macros", MacroResource, "api-macro")
router.register("blocked-senders", BlockedResource, "api-blocked-sender")
router.register("deals", DealResource, "api-deal")
router.register("pipelines", PipelineResource, "api-pipeline")
router.register("stages", StageResource, "api-stage")
router.register("approvals", ApprovalResource, "api-approval")
router.register("topics", TopicResource, "api-topic")
router.register("webhooks", WebhookResource, "api-webhook")
router.register("webhook-deliveries", DeliveryResource, "api-webhook-delivery")
router.register("forms", FormResource, "api-form")
router.register("acts", ActResource, "api-act")
router.register("imports", ImportResource, "api-import")
router.register("exports", ExportResource, "api-export")
#: Those of retention by their names alone: crm never imports it.
for _prefix, _resource, _name in (
    ("metrics", "retention.metrics.api.MetricsResource", "api-metrics"),
    ("account-values", "retention.value.api.ValueResource", "api-account-value"),
    ("dunning-cases", "retention.dunning.api.CaseResource", "api-dunning-case"),
    ("campaigns", "retention.campaigns.api.CampaignResource", "api-campaign"),
    ("workflows", "retention.workflows.api.WorkflowResource", "api-workflow"),
    ("payment-status-tokens", "retention.dunning.api.StatusTokenResource", "api-payment-status-token"),
):
    router.register(_prefix, import_string(_resource), _name)


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Other addresses under /api/v1/ answer in JSON too, and only to whoever has a token."""

    def get(self, request: Request, path: str) -> Response:
        raise NotFound("There is no such address. Addresses end in a slash; /api/v1/schema/ lists them.")

    post = put = patch = delete = options = get


_why = import_string("retention.workflows.why.api.WhyResource")

urlpatterns = [
    *router.urls,
    re_path(r"^workflows/(?P<slug>[-a-zA-Z0-9_]+)/why/$", _why.as_view(), name="api-workflow-why"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="crm/web/api_docs.html"),
        name="api-docs",
    ),
    re_path(r"^(?P<path>.*)$", Nowhere.as_view(), name="api-nowhere"),
]
