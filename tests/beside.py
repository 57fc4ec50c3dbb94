"""Verbs that run beside each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def beside(*verbs: Callable[[], Any]) -> list[Any]:
    """Run at once, each in a thread and connection of its own; what each gave, or the error it raised."""
    gave: list[Any] = [None] * len(verbs)
    gate = threading.Barrier(len(verbs))

    def run(place: int, verb: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            gave[place] = verb()
        except Exception as error:
            gave[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return gave
