"""The addresses of Today; in the demo also the folder into which its mail goes."""

from django.conf import settings
from django.urls import path

from crm.home import calendar, demo_hooks, demo_mail, engine, search, views

app_name = "home"
urlpatterns = [
    path("", views.today, name="today"),
    path("live/", views.live, name="live"),
    path("day/", views.day, name="day"),
    path("needs/<int:pk>/doing/", views.done, name="done"),
    path("needs/<int:pk>/snooze/", views.snooze, name="snooze"),
    path("needs/<int:pk>/return/", views.bring_back, name="bring_back"),
    path("search/", search.search, name="search"),
    path("me/calendar/", calendar.page, name="calendar"),
    path("me/calendar/revoking/", calendar.revoking, name="calendar_revoking"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar_feed"),
    path("engine/", engine.engine, name="engine"),
    path("engine/facts/", engine.facts, name="engine_facts"),
    path("engine/switches/", engine.switches, name="engine_switches"),
    path("engine/switches/lifting/", engine.lifting, name="engine_lifting"),
    path("engine/<slug:kind>/<slug:verb>/", engine.repair, name="engine_repair"),
]
if settings.HOLDFAST_DEMO:
    urlpatterns += [
        path("demo/mail/", demo_mail.folder, name="demo_mail"),
        path("demo/webhooks/", demo_hooks.take, name="demo_hooks"),
        path("demo/mail/<str:name>/", demo_mail.letter, name="demo_letter"),
    ]
