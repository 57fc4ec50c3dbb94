"""The verbs of webhooks: on endpoints, and on what was told to them."""
