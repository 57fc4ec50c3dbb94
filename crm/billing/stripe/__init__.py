"""Stripe: its webhooks, what its objects say in our words, and what it is asked."""
