"""What a page offers where a step asks for a person, a team, a stage, a field, a webhook, a workflow, a tag."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Func

from crm.accounts.models import Account
from crm.accounts.rules import language_name
from crm.fields import known
from crm.fields.asking import PREFIX
from crm.outbox.models import Topic
from crm.pipelines.models import Outcome, Stage
from crm.team.models import Team, User
from crm.webhooks.models import WebhookEndpoint
from retention.workflows.asking import choices
from retention.workflows.models import Workflow
from retention.workflows.steps.setting import COLUMNS

type Offered = Sequence[tuple[str, str]]

#: So many tags are offered, of the customers who came last; another one may be typed.
_MOST_TAGS, _LATELY = 200, 5000

_LANGUAGES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr", "hu", "id", "it", "ja", "ko",
    "lt", "lv", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sr", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip


def _users(viewer: User) -> Offered:
    return [(str(user.pk), str(user)) for user in User.objects.filter(is_active=True).order_by("name", "id")]


def _groups(viewer: User) -> Offered:
    teams = [(f"team:{pk}", name) for pk, name in Team.objects.order_by("name").values_list("id", "name")]
    return [*teams, *((f"role:{role}", f"All: {label.lower()}s") for role, label in User.Role.choices)]


def _stages(viewer: User) -> Offered:
    """Open ones: what became of a deal, a person says."""
    rows = Stage.objects.in_use().filter(pipeline__archived_at=None, outcome=Outcome.OPEN).select_related("pipeline")
    rows = rows.order_by("pipeline__order", "pipeline__name", "pipeline_id", "order", "id")
    return [(str(stage.pk), f"{stage.pipeline}: {stage}") for stage in rows]


def _fields(viewer: User) -> Offered:
    own = [(f"{PREFIX}{of.key}", of.name) for of in known.fields("account")]
    return [*COLUMNS.items(), *own]


def _workflows(viewer: User) -> Offered:
    return list(
        Workflow.objects.filter(version__isnull=False, room="").order_by("name", "id").values_list("slug", "name")
    )


def _webhooks(viewer: User) -> Offered:
    return [(str(pk), name) for pk, name in WebhookEndpoint.objects.there().order_by("name").values_list("id", "name")]


def _tags(viewer: User) -> Offered:
    lately = Account.objects.visible_to(viewer).order_by("-id").exclude(tags=[])[:_LATELY]
    each = Account.objects.filter(pk__in=lately.values("pk")).annotate(tag=Func(F("tags"), function="unnest"))
    found = each.order_by("tag").values_list("tag", flat=True).distinct()[:_MOST_TAGS]
    return [(tag, tag) for tag in found]


def _topics(viewer: User) -> Offered:
    return list(Topic.objects.offered().values_list("slug", "name"))


def _languages(viewer: User) -> Offered:
    """Those that many write in; another one may be typed."""
    return sorted(((code, language_name(code)) for code in _LANGUAGES), key=lambda pair: pair[1])


for _what, _offered in {
    "user": _users, "group": _groups, "pipeline_stage": _stages, "field": _fields, "workflow": _workflows,
    "webhook": _webhooks, "tag": _tags, "topic": _topics, "language": _languages,
}.items():  # fmt: skip
    choices.register(_what, _offered)
