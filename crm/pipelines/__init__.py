"""Pipelines: what is to be won, in the stages that admins shape, from the first talk to the contract."""
