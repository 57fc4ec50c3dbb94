"""The addresses of this room, under the settings."""

from django.urls import path

from crm.inbox import views

app_name = "inbox"
urlpatterns = [
    path("", views.payloads, name="list"),
    path("address/", views.address, name="address"),
    path("mailbox/test/", views.test_mailbox, name="test_mailbox"),
    path("<int:pk>/", views.payload, name="payload"),
    path("<int:pk>/replay/", views.replay, name="replay"),
    path("<int:pk>/discarding/", views.discarding, name="discarding"),
]
