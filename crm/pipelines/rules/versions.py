"""Whether what somebody changes is still what they looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def version(values: Mapping[str, object]) -> str:
    """A short name of these values: another one as soon as any of them differs."""
    said = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2s(said.encode(), digest_size=8).hexdigest()
