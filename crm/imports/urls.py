"""The addresses of imports."""

from django.urls import path

from crm.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.history, name="list"),
    path("new/", views.upload, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/mapping/", views.mapping, name="mapping"),
    path("<int:pk>/loading/", views.loading, name="loading"),
    path("<int:pk>/undo/", views.undo, name="undo"),
    path("<int:pk>/removal/", views.removal, name="removal"),
    path("<int:pk>/rejects.csv", views.rejects, name="rejects"),
    path("<int:pk>/rows/", views.rows, name="rows"),
    path("<int:pk>/kept/", views.kept, name="kept"),
]
