"""What kinds of triggers and steps there are. Rooms above bring their own in the same way: they register them here.

A kind of step is its model (what a definition says of it), its verb (what it does), its line (how pages say it), and
how people find it in the builder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from crm.slots import Registry

if TYPE_CHECKING:
    from retention.workflows.batch import Batch
    from retention.workflows.causes import Filtered
    from retention.workflows.definition import Step
    from retention.workflows.models import Enrollment, Workflow
    from retention.workflows.wording import Line


@dataclass(frozen=True, slots=True)
class Cause:
    """Who is made to enter, as SQL with its values.

    A SELECT of account_id, contact_id (NULL: whoever reads for the account), fact (the trigger key: what caused it),
    at (when it happened), anchor (the day that steps count from, or NULL), due_at and facts (JSON, kept with the
    enrollment). `each_person`: it is about people, so that each of them may enter once where an account may.
    """

    sql: str
    values: Sequence[Any]
    each_person: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was asked of a customer, what was seen, and whether it lets them enter (None: no matter)."""

    label: str
    value: str
    holds: bool | None


def _nobody(trigger: Any, workflow: Workflow, now: datetime) -> None:
    return None


@dataclass(frozen=True)
class TriggerKind:
    """A trigger, registered by its `when`. The functions get the trigger (its model) first.

    Whatever it looks at, it gives a cause, which makes the sweep (or the matching of facts) one statement.
    """

    model: type[Filtered]
    label: str  # “A date comes near”
    about: str  # a sentence for whoever chooses between kinds
    icon: str
    group: str
    #: In words, on pages: “30 days before the end of a contract”.
    sentence: Callable[[Any], str]
    #: What made one enrollment enter, from the facts kept at its entry: (facts, today).
    cause: Callable[[dict[str, Any], date], str]
    #: What a sweep looks for: who has been reached since `workflow.swept_until` (None: it takes the current ones too).
    #: None where there is nothing to look for at this moment.
    causes: Callable[[Any, Workflow, datetime], Cause | None] = _nobody
    #: When the next sweep finds somebody; None if nobody can say, or nobody will be found.
    next_moment: Callable[[Any, Workflow, datetime], datetime | None] = _nobody
    #: Whether sweeps have anything to look for at all; others enter by facts, or by hand.
    swept: bool = True
    #: The kinds of facts that it reacts to, and who is made to enter by some of these entries of the timeline.
    listens: Callable[[Any], Collection[str]] = lambda trigger: ()
    caused_by: Callable[[Any, Workflow, Sequence[int], datetime], Cause | None] | None = None
    #: Which of these (account_id, key), for which somebody has entered, still stand. None: what has happened stays so.
    standing: Callable[[Any, Sequence[tuple[int, str]]], set[tuple[int, str]]] | None = None
    #: What must hold for a customer to enter, and what is seen of it: (trigger, workflow, account id, now).
    why: Callable[[Any, Workflow, int, datetime], Sequence[Verdict]] = lambda trigger, workflow, account_id, now: ()
    #: Whom “also the current ones” lets in when it is switched on, in words; blank: nobody.
    already: Callable[[Any], str] = lambda trigger: ""
    #: When it notices what has happened, where people would not expect it; else blank.
    noticed: Callable[[Any], str] = lambda trigger: ""
    order: int = 0
    room: str = ""  # whose workflows alone may have it, see Workflow.room; blank: all


#: By what a definition writes after `when`.
trigger_kinds: Registry[TriggerKind] = Registry("trigger")


#: Gets the step, the enrollments that stand at it and their batch. It notes a run for every enrollment and moves it:
#: `step_id` to where it goes next (blank: the way ends) and `due_at` to when. It touches Postgres only, and tables by
#: their bare names only: a rehearsal puts shadows of the engine's tables before them.
type Verb = Callable[[Any, Sequence[Enrollment], Batch], None]


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step that workflows may have, by its `do`."""

    model: type[Step]
    verb: Verb
    line: Callable[[Any], Line]  # one step in words
    label: str  # in the builder's list of steps: “Send a message”
    about: str  # a sentence below it
    icon: str
    group: str  # a heading of that list
    order: int = 100
    acts: bool = False  # changes something outside the workflow: not for those who are held out, to measure
    room: str = ""  # whose workflows alone may have it, see Workflow.room; blank: all


step_kinds: Registry[StepKind] = Registry("workflow step")
