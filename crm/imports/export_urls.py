"""Files that leave the house, under /exports/."""

from django.urls import path

from crm.imports import views

app_name = "exports"
urlpatterns = [
    path("<slug:subject>/", views.export, name="form"),
    path("accounts/<int:pk>/timeline/", views.export_timeline, name="timeline"),
]
