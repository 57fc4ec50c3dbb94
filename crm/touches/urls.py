"""The addresses of this room, under the customer's."""

from django.urls import path

from crm.touches import views

app_name = "touches"
urlpatterns = [
    path("mentions/", views.mentions, name="mentions"),
    path("<int:pk>/entries/", views.log, name="log"),
    path("<int:pk>/entries/<int:entry_pk>/", views.note, name="note"),
    path("<int:pk>/entries/<int:entry_pk>/deletion/", views.deletion, name="note_deletion"),
    path("<int:pk>/plan/", views.plan, name="plan"),
]
