"""What stands under /hooks/: addresses that providers post to, of all rooms that have some."""

from django.urls import include, path

urlpatterns = [
    path("", include("crm.inbox.public_urls")),
    path("", include("crm.billing.public_urls")),
]
