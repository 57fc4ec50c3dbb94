"""What published workflows do: versions never change, so their definitions are kept for the process's life."""

from __future__ import annotations

import logging
from functools import lru_cache

from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.models import Workflow, WorkflowVersion

logger = logging.getLogger(__name__)


@lru_cache(maxsize=256)
def of_version(version_id: int) -> Definition:
    """The definition of a published version. Raises DefinitionError."""
    return parse(WorkflowVersion.objects.get(pk=version_id).definition, published=True)


def runnable(workflow: Workflow) -> Definition | None:
    """What a workflow does now; None, with a line in the log, when it has nothing to do or cannot be read any more.

    After an upgrade a field that its filters name may be gone: that workflow stands still, and no other.
    """
    return readable(workflow.version_id) if workflow.version_id else None


def readable(version_id: int) -> Definition | None:
    """As `of_version`; None, with a line in the log, when it cannot be read any more."""
    try:
        return of_version(version_id)
    except DefinitionError as error:
        logger.error("Version %d of a workflow cannot run: %s", version_id, error)
        return None
