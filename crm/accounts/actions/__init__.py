"""Verbs over accounts and contacts."""
