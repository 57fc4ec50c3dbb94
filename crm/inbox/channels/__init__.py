"""Ways in. Each stores what comes as it came, and makes nothing of it."""
