"""The addresses of what goes with every list."""

from django.urls import path

from crm.segments import views

app_name = "lists"
urlpatterns = [
    path("views/<int:pk>/state/", views.view_state, name="state"),
    path("views/<int:pk>/name/", views.view_name, name="name"),
    path("views/<int:pk>/default/", views.view_default, name="default"),
    path("views/<int:pk>/position/", views.view_position, name="position"),
    path("views/<int:pk>/deletion/", views.view_deletion, name="deletion"),
    path("views/<int:pk>/restoration/", views.view_restoration, name="restoration"),
    path("<slug:subject>/views/", views.keep_view, name="views"),
    path("<slug:subject>/filter/", views.filter_page, name="filter"),
    path("<slug:subject>/filter/form/", views.builder_form, name="form"),
    path("<slug:subject>/columns/", views.columns_page, name="columns"),
    path("<slug:subject>/by/<slug:name>/", views.quick_options, name="quick"),
]
