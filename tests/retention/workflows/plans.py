"""Workflows that several tests publish."""

from datetime import timedelta

DAY = timedelta(days=1)
TASK = {"id": "call", "do": "task", "title": "Call {{ account.name }}", "due_in_days": 1}
MAIL = {"id": "hello", "do": "message", "subject": "Hello {{ contact.first_name }}", "body": "Hi"}
AT_NINE = {"id": "morning", "do": "wait", "until": {"day": 1, "time": "09:00"}}
WON = {"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]}


def silent(days: int = 14, **more):
    """A task after so many days of silence."""
    return {"trigger": {"when": "silence", "days": days, **more}, "steps": [TASK]}


def reminder(**more):
    """A mail thirty days before a contract ends."""
    steps = [AT_NINE, {**MAIL, "subject": "Ends {{ contract.ends_on }} ({{ contract.plan }})"}]
    return {"trigger": {"when": "date", "field": "contract.ends_on", "offset_days": -30}, "steps": steps, **more}
