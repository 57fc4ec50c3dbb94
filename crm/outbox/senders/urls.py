"""The addresses of senders, under the settings."""

from django.urls import path

from crm.outbox.senders import views

app_name = "senders"
urlpatterns = [
    path("", views.sender_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/pause/", views.pause, name="pause"),
    path("<int:pk>/test/", views.test, name="test"),
]
