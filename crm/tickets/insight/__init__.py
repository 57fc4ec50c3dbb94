"""How the desk does: how quickly customers are answered and helped, what waits, and how content they are."""
