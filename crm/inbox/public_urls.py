"""Addresses that providers post to."""

from django.urls import path

from crm.inbox import public_views

app_name = "hooks"
urlpatterns = [
    path("mail/<slug:provider>/", public_views.mail, name="mail"),
    path("telegram/", public_views.telegram_updates, name="telegram"),
    path("whatsapp/", public_views.meta_hook, {"source": "whatsapp"}, name="whatsapp"),
    path("instagram/", public_views.meta_hook, {"source": "instagram"}, name="instagram"),
    path("bridge/<slug:name>/", public_views.bridge_hook, name="bridge"),
]
