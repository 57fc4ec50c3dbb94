"""Faults thrown at real processes. What was lost or sent twice is read from the receiver's own log."""
