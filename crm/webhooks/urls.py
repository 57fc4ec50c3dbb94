"""The addresses of webhooks, under the settings."""

from django.urls import path

from crm.webhooks.views import deliveries, doing, endpoints

app_name = "webhooks"
urlpatterns = [
    path("", endpoints.endpoints, name="list"),
    path("new/", endpoints.new, name="new"),
    path("guide/", deliveries.guide, name="guide"),
    path("test/", doing.test_all, name="test_all"),
    path("deliveries/<int:pk>/", deliveries.delivery, name="delivery"),
    path("deliveries/<int:pk>/replay/", deliveries.replay, name="replay"),
    path("<int:pk>/", endpoints.endpoint, name="endpoint"),
    path("<int:pk>/edit/", endpoints.edit, name="edit"),
    path("<int:pk>/test/", doing.test, name="test"),
    path("<int:pk>/switch/", doing.switch, name="switch"),
    path("<int:pk>/secret/", doing.secret, name="secret"),
    path("<int:pk>/rotation/", doing.rotation, name="rotation"),
    path("<int:pk>/removal/", doing.removal, name="removal"),
    path("<int:pk>/replays/", doing.replays, name="replays"),
]
