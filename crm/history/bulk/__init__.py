"""The same act on many rows: chosen one by one, or all that a list shows."""
