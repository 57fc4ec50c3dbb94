"""How long a list may look for its rows: a question that takes longer is given up, and the page asks to narrow it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from psycopg.errors import QueryCanceled

#: Of each statement. A list asks two that may be slow, its rows and their number: together two seconds.
LONGEST_MS = 1000


def answers_or_asks_to_narrow(*narrowed_by: str, whole: str = "") -> Callable[[Any], Any]:
    """For a view that only reads. With one of these parameters in the address, its statements have LONGEST_MS each.

    Without them the list stands in the order of an index, and nothing has to be looked for. `whole` is the address
    of the list that nothing narrows, where it is not the page's own path.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def patient(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.GET.get(name) for name in narrowed_by):
                return view(request, *args, **kwargs)
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_MS)])
                    return view(request, *args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, QueryCanceled):
                    raise
            return render(request, "ui/narrow.html", {"whole": whole or request.path}, status=422)

        return patient

    return decorate
