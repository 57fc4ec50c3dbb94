"""The addresses of this room: each ticket, and what is done with it."""

from django.urls import path

from crm.tickets import views
from crm.tickets.views import clock, insight, macros, moods

app_name = "tickets"
urlpatterns = [
    path("", views.queue, name="list"),
    path("new/", views.new_ticket, name="new"),
    path("callers/", views.callers, name="callers"),
    path("dues/", views.dues, name="dues"),
    path("onward/", views.onward, name="onward"),
    path("beside/<slug:subject>/<int:pk>/", views.beside, name="beside"),
    path("<int:pk>/", views.ticket, name="detail"),
    path("macros/", macros.macros, name="macros"),
    path("macros/new/", macros.new_macro, name="new_macro"),
    path("macros/<int:pk>/", macros.macro, name="macro"),
    path("macros/<int:pk>/removal/", macros.macro_removal, name="macro_removal"),
    path("insight/", insight.insight, name="insight"),
    path("insight/ratings/", insight.ratings, name="ratings"),
    path("<int:pk>/clock/", clock.clock, name="clock"),
    path("messages/<int:pk>/mood/", moods.mood, name="mood"),
    path("<int:pk>/presence/", views.presence, name="presence"),
    path("<int:pk>/messages/", views.write, name="write"),
    path("<int:pk>/messages/<int:message_pk>/", views.message, name="message"),
    path("<int:pk>/messages/<int:message_pk>/html/", views.message_html, name="message_html"),
    path("<int:pk>/messages/<int:message_pk>/calling-off/", views.calling_off, name="calling_off"),
    path("<int:pk>/messages/<int:message_pk>/fetching/", views.fetching, name="fetching"),
    path("<int:pk>/messages/<int:message_pk>/split/", views.split, name="split"),
    path("<int:pk>/files/<int:file_pk>/", views.file, name="file"),
    path("<int:pk>/ways/", views.ways, name="ways"),
    path("<int:pk>/draft/", views.draft, name="draft"),
    path("<int:pk>/canned/", views.canned, name="canned"),
    path("<int:pk>/canned/<int:macro_pk>/", views.canned_one, name="canned_one"),
    path("<int:pk>/facts/<slug:name>/", views.fact, name="fact"),
    path("<int:pk>/status/", views.status, name="status"),
    path("<int:pk>/taking/", views.taking, name="taking"),
    path("<int:pk>/following/", views.following_it, name="following"),
    path("<int:pk>/requester/", views.requester, name="requester"),
    path("<int:pk>/requester/new/", views.new_requester, name="new_requester"),
    path("<int:pk>/merging/", views.merging_it, name="merging"),
    path("<int:pk>/unmerging/", views.unmerging, name="unmerging"),
    path("<int:pk>/spam/", views.spam, name="spam"),
]
