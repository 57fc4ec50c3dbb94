"""The addresses of history; the histories of records stand under the records."""

from django.urls import path

from crm.history import views

app_name = "history"
urlpatterns = [
    path("history/acts/<int:pk>/", views.act, name="act"),
    path("history/acts/<int:pk>/undo/", views.undo, name="undo"),
    path("history/acts/<int:pk>/stop/", views.stop, name="stop"),
    path("settings/audit/", views.audit, name="audit"),
    path("accounts/<int:pk>/history/", views.record, {"subject": "account"}, name="account"),
    path("contacts/<int:pk>/history/", views.record, {"subject": "contact"}, name="contact"),
    path("bulk/<slug:subject>/<slug:name>/", views.bulk, name="bulk"),
]
