"""The verbs of deals and pipelines, each one transaction.

Locks are taken in one order everywhere: the account, then stages by id, then deals by id.
"""
