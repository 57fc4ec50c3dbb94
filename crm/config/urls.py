"""The URL map: each room under its noun."""

from django.urls import include, path

urlpatterns = [
    path("", include("crm.home.urls")),
    path("", include("crm.web.urls")),
    path("", include("crm.team.urls")),
    path("", include("crm.history.urls")),
    path("settings/", include("crm.settings.urls")),
    path("settings/desk/", include("crm.tickets.desk_urls")),
    path("settings/fields/", include("crm.fields.urls")),
    path("settings/forms/", include("crm.forms.urls")),
    path("accounts/", include("crm.accounts.urls")),
    path("contacts/", include("crm.accounts.contact_urls")),
    path("contacts/", include("crm.privacy.urls")),
    path("lists/", include("crm.segments.urls")),
    path("segments/", include("crm.segments.segment_urls")),
    path("accounts/", include("crm.touches.urls")),
    path("duplicates/", include("crm.duplicates.urls")),
    path("data/", include("crm.quality.urls")),
    path("tickets/", include("crm.tickets.urls")),
    path("rate/", include("crm.tickets.rating_urls")),
    path("", include("crm.pipelines.urls")),
    path("tasks/", include("crm.todos.urls")),
    path("contracts/", include("crm.ledger.urls")),
    path("imports/", include("crm.imports.urls")),
    path("exports/", include("crm.imports.export_urls")),
    path("mail/", include("crm.outbox.urls")),
    path("settings/senders/", include("crm.outbox.senders.urls")),
    path("settings/channels/", include("crm.tickets.channels.urls")),
    path("settings/inbox/", include("crm.inbox.urls")),
    path("settings/webhooks/", include("crm.webhooks.urls")),
    path("hooks/", include("crm.inbox.public_urls")),
    path("", include("crm.correspondence.urls")),
    path("", include("crm.outbox.notifications.urls")),
    path("u/", include("crm.outbox.public_urls")),
    path("f/", include("crm.forms.public_urls")),
    path("workflows/", include("retention.workflows.urls")),
    path("api/v1/", include("crm.config.api")),
]

handler400 = "crm.web.problems.handler400"
handler403 = "crm.team.permissions.refused"
handler500 = "crm.web.problems.handler500"
