"""Pages on which what runs is changed."""
