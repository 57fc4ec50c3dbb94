"""The addresses of these settings."""

from django.urls import path

from crm.outbox.house import topics, views

app_name = "sending"
urlpatterns = [
    path("", views.sending, name="settings"),
    path("stop/", views.stopping, name="stop"),
    path("rest/<int:pk>/", views.resting, name="rest"),
    path("wishes/<int:pk>/", views.wishes, name="wishes"),
    path("topics/", topics.topic_list, name="topics"),
    path("topics/new/", topics.new, name="new_topic"),
    path("topics/<int:pk>/", topics.edit, name="topic"),
    path("topics/<int:pk>/retirement/", topics.retirement, name="retirement"),
]
