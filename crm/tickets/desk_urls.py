"""The addresses of the desk's settings."""

from django.urls import path

from crm.tickets.views import desk, desk_macros, levels

app_name = "desk"
urlpatterns = [
    path("", desk.edit, name="edit"),
    path("preview/", desk.preview, name="preview"),
    path("blocked/", desk.block, name="block"),
    path("blocked/<int:pk>/removal/", desk.unblock, name="unblock"),
    path("levels/", levels.levels, name="levels"),
    path("levels/new/", levels.new_level, name="new_level"),
    path("levels/<int:pk>/", levels.level, name="level"),
    path("levels/<int:pk>/switch/", levels.switch_level, name="switch_level"),
    path("levels/<int:pk>/rank/", levels.raise_level, name="raise_level"),
    path("categories/", levels.categories, name="categories"),
    path("categories/<int:pk>/", levels.category, name="category"),
    path("categories/<int:pk>/switch/", levels.switch_category, name="switch_category"),
    path("rotas/<int:team_pk>/", levels.rota, name="rota"),
    path("macros/", desk_macros.macros, name="macros"),
    path("macros/new/", desk_macros.new, name="new_macro"),
    path("macros/<int:pk>/", desk_macros.change, name="macro"),
    path("macros/<int:pk>/switch/", desk_macros.switch, name="switch_macro"),
]
