"""The clock that processes under test read: one moment in a file, which stands still or runs."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path


class ClockFile:
    """`path` always holds a whole moment: it is replaced, never written into."""

    def __init__(self, path: Path, start: datetime) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.set(start)

    def set(self, moment: datetime) -> None:
        with self._lock:
            draft = self.path.with_suffix(".new")
            draft.write_text(moment.isoformat())
            os.replace(draft, self.path)
            self.now = moment

    def skip(self, seconds: float) -> datetime:
        """Jump ahead; returns the new moment."""
        self.set(self.now + timedelta(seconds=seconds))
        return self.now

    @contextlib.contextmanager
    def running(self, speed: float = 1.0) -> Iterator[None]:
        """Inside the block the clock runs, `speed` seconds in a second, so that leases end by themselves."""
        over = threading.Event()

        def run() -> None:
            last = time.monotonic()
            while not over.wait(0.02):
                now = time.monotonic()
                self.skip((now - last) * speed)
                last = now

        runner = threading.Thread(target=run, daemon=True)
        runner.start()
        try:
            yield
        finally:
            over.set()
            runner.join()
