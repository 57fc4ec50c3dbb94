"""Changing what runs: what differs between versions, who is moved, how a pause ends, and stopping at once."""
