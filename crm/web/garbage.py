"""How often Python looks for garbage that points at itself."""

import gc

#: By default it looks whenever 2,000 more objects were made than went. What works on rows by the thousand makes them by
#: the hundred thousand, of which hardly one ever points at itself: looking takes a quarter of its time.
_NEW, _YOUNG, _OLD = 100_000, 50, 100


def look_seldom() -> None:
    """From here on, in this process and those that it forks. What stands by now is never looked at again."""
    gc.freeze()
    gc.set_threshold(_NEW, _YOUNG, _OLD)
