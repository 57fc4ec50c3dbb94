"""The monthly review: what changed, why customers left, what is broken, what renews next, and who was saved."""
