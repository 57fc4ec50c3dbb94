"""Arithmetic of billing: the fold of what was said, amounts, and what a subscription brings a month."""
