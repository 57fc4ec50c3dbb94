"""The addresses of people."""

from django.urls import path

from crm.accounts.views import cards, contacts, listing

app_name = "contacts"
urlpatterns = [
    path("", listing.contact_list, name="list"),
    path("new/", contacts.new, name="new"),
    path("<int:pk>/", contacts.detail, name="detail"),
    path("<int:pk>/facts/<slug:name>/", contacts.fact, name="fact"),
    path("<int:pk>/vcard/", cards.vcard, name="vcard"),
    path("<int:pk>/edit/", contacts.edit, name="edit"),
    path("<int:pk>/deletion/", contacts.deletion, name="deletion"),
]
