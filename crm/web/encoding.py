"""JSON of what rows hold, for the database and for files: nothing loses a digit on its way."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder


class _Exact(DjangoJSONEncoder):
    """Django's cuts moments to milliseconds: mail would leave a little before it is due, and facts change places."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def dumps(value: Any, **how: Any) -> str:
    """As json.dumps, which takes `how`; moments to the microsecond, decimals as text."""
    return json.dumps(value, cls=_Exact, **how)
