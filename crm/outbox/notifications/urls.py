"""The addresses of notifications. A change of state is a POST to a resource."""

from django.urls import path

from crm.outbox.notifications import views

app_name = "notifications"
urlpatterns = [
    path("notifications/", views.notification_list, name="list"),
    path("notifications/bell/", views.bell, name="bell"),
    path("notifications/reading/", views.reading, name="reading"),
    path("notifications/unreading/", views.unreading, name="unreading"),
    path("notifications/<int:pk>/opening/", views.opening, name="opening"),
    path("me/notifications/", views.preferences, name="preferences"),
]
