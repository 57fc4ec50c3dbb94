"""Building a workflow: a draft that may be unfinished, its page, and its file."""
