"""The machine with a mail server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.decisions.machine import Machine
from tests.decisions.receiver import Receiver


@pytest.fixture
def machine(tmp_path: Path, settings: Any) -> Iterator[type[Machine]]:
    receiver = Receiver()
    receiver.start()
    settings.EMAIL_URL = receiver.url

    class Here(Machine):
        pass

    Here.receiver, Here.folder = receiver, tmp_path
    yield Here
    print(f"{Here.steps} steps, {Here.letters_taken} letters")  # noqa: T201
    receiver.stop()
