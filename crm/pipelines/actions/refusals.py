"""Why a verb of deals does not do what it was asked."""

from __future__ import annotations

from crm.history.undoing import UndoError
from crm.pipelines.models import Deal, Stage
from crm.pipelines.rules.gates import Missing


class DealError(UndoError):
    """Nothing was changed; the message is for the person who asked and says what to do instead."""


class GateError(DealError):
    """The stage asks for something first: show its form, do not merely tell.

    `stage.outcome` says which form: open, what is `missing`; won, what was sold and what is missing; lost, the reason.
    `missing` may be empty for the latter two.
    """

    def __init__(self, message: str, deal: Deal, stage: Stage, missing: Missing) -> None:
        super().__init__(message)
        self.deal, self.stage, self.missing = deal, stage, missing


class MovedError(DealError):
    """Somebody else has moved it since: `deal` is as it stands now, with its stage; the message says who."""

    def __init__(self, message: str, deal: Deal) -> None:
        super().__init__(message)
        self.deal = deal


class TakenError(DealError):
    """Another pipeline, stage or such has this name."""


class StaleError(DealError):
    """Somebody has changed the pipeline, or the stage, since this person looked at it; the message says who."""
