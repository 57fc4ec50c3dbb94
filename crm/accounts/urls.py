"""The addresses of this room."""

from django.urls import path

from crm.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("new/", views.create, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("names/", views.names, name="names"),
    path("<int:pk>/facts/<slug:name>/", views.fact, name="fact"),
    path("<int:pk>/narrowing/", views.narrowing, name="narrowing"),
    path("<int:pk>/files/", views.folder, name="files"),
    path("<int:pk>/files/<int:file_pk>/", views.file, name="file"),
    path("<int:pk>/files/<int:file_pk>/deletion/", views.deletion, name="file_deletion"),
    path("<int:pk>/files/<int:file_pk>/restoration/", views.restoration, name="file_restoration"),
    path("<int:pk>/hand-off/", views.hand_offs, name="hand_offs"),
    path("<int:pk>/hand-off/new/", views.hand_off, name="hand_off"),
    path("<int:pk>/goal/", views.goal, name="goal"),
    path("<int:pk>/contacts/", views.add_contact, name="add_contact"),
    path("<int:pk>/contacts/<int:contact_pk>/", views.edit_contact, name="contact"),
]
