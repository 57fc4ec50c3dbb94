"""The URL map: each room under its noun."""

from django.urls import include, path

urlpatterns = [
    path("", include("crm.home.urls")),
    path("", include("crm.web.urls")),
    path("", include("crm.team.urls")),
    path("accounts/", include("crm.accounts.urls")),
    path("tasks/", include("crm.todos.urls")),
    path("mail/", include("crm.outbox.urls")),
    path("u/", include("crm.outbox.public_urls")),
    path("workflows/", include("retention.workflows.urls")),
    path("api/v1/", include("crm.config.api")),
]

handler400 = "crm.web.problems.handler400"
handler500 = "crm.web.problems.handler500"
