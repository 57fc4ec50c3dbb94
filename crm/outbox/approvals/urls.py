"""The addresses of mail that waits for a yes."""

from django.urls import path

from crm.outbox.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.waiting, name="list"),
    path("approval/", views.approval, name="approval"),
    path("reconsideration/", views.reconsideration, name="reconsideration"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/refusal/", views.refusal, name="refusal"),
]
