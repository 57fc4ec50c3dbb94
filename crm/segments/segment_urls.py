"""The addresses of segments."""

from django.urls import path

from crm.segments import views

app_name = "segments"
urlpatterns = [
    path("", views.segment_list, name="list"),
    path("new/", views.new_segment, name="new"),
    path("count/<slug:subject>/", views.segment_count, name="count"),
    path("<int:pk>/", views.segment_page, name="detail"),
    path("<int:pk>/edit/", views.edit_segment, name="edit"),
    path("<int:pk>/archiving/", views.segment_archiving, name="archiving"),
    path("<int:pk>/restoration/", views.segment_restoration, name="restoration"),
]
