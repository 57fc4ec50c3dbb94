"""Campaigns: one letter to many at once. Each is a workflow of its own, made by a form, that the engine runs once."""
