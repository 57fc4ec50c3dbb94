"""The addresses of pipelines and of deals."""

from django.urls import path

from crm.pipelines.views import beside, board, deal, facts, forecast, listing, moving, opening

app_name = "pipelines"
urlpatterns = [
    path("pipelines/", board.first, name="first"),
    path("pipelines/<int:pk>/", board.board, name="board"),
    path("pipelines/<int:pk>/stages/<int:stage_pk>/cards/", board.further, name="further"),
    path("pipelines/<int:pk>/news/", board.news, name="news"),
    path("pipelines/<int:pk>/list/", listing.of_pipeline, name="of_pipeline"),
    path("pipelines/<int:pk>/forecast/", forecast.forecast, name="forecast"),
    path("pipelines/deals/", listing.deals, name="list"),
    path("deals/new/", opening.new_deal, name="new"),
    path("deals/customers/", opening.customers, name="customers"),
    path("deals/beside/<slug:subject>/<int:pk>/", beside.beside, name="beside"),
    path("deals/<int:pk>/", deal.deal, name="deal"),
    path("deals/<int:pk>/place/", moving.place, name="place"),
    path("deals/<int:pk>/winning/", moving.winning, name="winning"),
    path("deals/<int:pk>/loss/", moving.loss, name="loss"),
    path("deals/<int:pk>/facts/<slug:name>/", facts.fact, name="fact"),
    path("deals/<int:pk>/checks/", facts.check, name="check"),
    path("deals/<int:pk>/people/", facts.people, name="people"),
    path("deals/<int:pk>/tickets/", facts.tickets, name="tickets"),
]
