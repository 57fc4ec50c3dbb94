"""Ways on which customers write: each makes tickets, and messages in them, of what came into the inbox."""
