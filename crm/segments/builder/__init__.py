"""The filter builder: a tree as a form of nested groups, and such a form as a tree again.

Any form can hold one: `Builder.of(tree, subject)` shown by `crm/segments/builder.html` (with `how=HOW`), and
`Builder.read(request.POST, subject)` when the form comes back. A change is a button named `do`, or a field that htmx
sends with one, to the address `lists:form`, which answers with the builder alone; where there is no script the form's
own view does `builder.asked(do)` and shows itself again. `builder.tree()` gives the filter, or raises FilterError after
noting what is wrong beside the condition that it is about.

Segments are offered to, and taken from, a `viewer=` alone; a form that names none asks about no segments.

A part's place is its way from the top, such as `0-2-1`; its fields are named `f<place>.<what>`.
"""

from crm.segments.builder.form import Builder
from crm.segments.builder.parts import HOW, Condition, Parts, words_of

__all__ = ["HOW", "Builder", "Condition", "Parts", "words_of"]
