"""Settings, URL map, API router, Celery app, WSGI and embedded servers: what holds the rooms together."""
