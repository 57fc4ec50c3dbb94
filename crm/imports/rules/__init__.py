"""How files of others are read: encodings, headers, cells and other systems' layouts. No database here."""

#: An import can be undone for so long; so long its rejects are kept.
UNDO_DAYS = 30

#: A file that nobody has imported is deleted after so many days.
DRAFT_DAYS = 7
