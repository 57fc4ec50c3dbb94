"""The order of cards in a stage: whole numbers with gaps between them, the smallest on top."""

from __future__ import annotations

#: Between a card and its neighbour, when there is no other reason: so many can be halved twenty times.
GAP = 2**20


def between(above: int | None, below: int | None) -> int | None:
    """A rank under the card `above` and over the card `below`, each None where there is none. None: no room is left."""
    if above is None:
        return 0 if below is None else below - GAP
    if below is None:
        return above + GAP
    middle = (above + below) // 2
    return middle if above < middle < below else None


def numbered(place: int) -> int:
    """The rank of the card at this place, from 0 on, of a stage that is numbered anew."""
    return (place + 1) * GAP
