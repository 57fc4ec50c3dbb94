"""A Celery worker in which some texts kill the process that writes them: `os._exit`, no farewell.

Run as `python -m tests.faults.poisoned worker …` in the place of celery. What kills is a task or a mail whose title or
subject says "poison", so that the product knows nothing of it.
"""

from __future__ import annotations

import os
from typing import Any

import django


def main() -> None:
    import crm.config.celery  # noqa: F401

    django.setup()
    from celery.__main__ import main as celery

    from crm.outbox import rendering

    render = rendering.render

    def deadly(*arguments: Any, **named: Any) -> tuple[str, str]:
        written = render(*arguments, **named)
        if "poison" in written[0]:
            os._exit(137)
        return written

    rendering.render = deadly
    celery()


if __name__ == "__main__":
    main()
