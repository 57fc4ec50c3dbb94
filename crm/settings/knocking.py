"""Whether others reach us: an address of ours is asked from outside, as a stranger would."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings

from crm.slots import WayIn
from crm.web import outgoing

#: Bytes of an answer that are read.
_LARGEST = 64 * 1024


class Unreachable(Exception):
    """Others do not reach us there; the message says why, and what to look at."""


def knock(way: WayIn) -> str:
    """The address that answered as it should. Raises Unreachable."""
    url = urljoin(settings.BASE_URL, way.path)
    try:
        answer = outgoing.call(way.method, url, largest=_LARGEST)
    except outgoing.Forbidden:
        raise Unreachable(
            f"{url} is an address of this machine or its network, so others cannot reach it. Set BASE_URL in .env to"
            " what they call you by."
        ) from None
    except (outgoing.NotSent, outgoing.NoAnswer) as error:
        said = f"{url} does not answer. {error} Look at BASE_URL in .env, and at the proxy in front."
        raise Unreachable(said) from None
    if answer.status != way.status or way.holds.encode() not in answer.body:
        raise Unreachable(
            f"{url} answers {answer.status}, and not as Holdfast does: BASE_URL in .env leads somewhere else, or the"
            " proxy in front answers instead."
        )
    return url
