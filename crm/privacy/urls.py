"""The addresses of this room."""

from django.urls import path

from crm.privacy import views

app_name = "privacy"
urlpatterns = [
    path("<int:pk>/privacy/", views.person, name="person"),
    path("<int:pk>/privacy/export/", views.export, name="export"),
    path("<int:pk>/privacy/erasure/", views.erasure, name="erasure"),
]
