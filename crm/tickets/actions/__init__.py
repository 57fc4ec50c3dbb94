"""The verbs of tickets. Each is one transaction, takes the ticket first, and may run beside itself."""
