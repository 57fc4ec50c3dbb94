"""Senders: the addresses that mail leaves from, how fast each may, and whether it does."""
