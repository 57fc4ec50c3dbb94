"""What a file of deals may bring."""

from __future__ import annotations

from crm.slots import ImportColumn

COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="deal-1", label="Its id", policies=False,
        names=("id", "deal id", "opportunity id"), hint="What finds the deal again",
    ),
    "account_external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="acme-1", label="Customer’s id", policies=False,
        names=("account id", "customer id", "company id"),
    ),
    "title": ImportColumn(
        required=True, filled=True, max_length=200, example="Acme: Team plan", label="Title",
        names=("name", "deal name", "deal", "opportunity name"),
    ),
    "pipeline": ImportColumn(
        max_length=60, example="Sales", label="Pipeline", policies=False, hint="Blank: the first one"
    ),
    "stage": ImportColumn(
        max_length=60, example="Demo", label="Stage", policies=False, names=("deal stage",),
        hint="Blank: the first open one. A deal that is here keeps its own",
    ),
    "amount": ImportColumn("money", example="1200.00", label="Amount", names=("value", "deal value")),
    "currency": ImportColumn("currency", example="EUR", label="Currency"),
    "owner_email": ImportColumn(
        "email", example="mira@example.com", label="Owner’s e-mail", names=("owner", "deal owner"),
        hint="Somebody who can sign in here",
    ),
    "expected_on": ImportColumn(
        "date", example="2026-09-30", label="Expected close", names=("close date", "expected close date"),
    ),
    "source": ImportColumn(max_length=60, example="Fair", label="Source", names=("lead source",)),
    "plan": ImportColumn(max_length=120, example="Team", label="Plan", names=("product",)),
    "mrr": ImportColumn("money", example="100.00", label="MRR", hint="In the deal’s currency"),
    "next_step": ImportColumn(max_length=200, example="Call Anna", label="Next step"),
    "lost_reason": ImportColumn(
        max_length=80, example="Too expensive", label="Reason of the loss", policies=False, hint="A new one is made",
        names=("closed lost reason", "loss reason", "lost because"),
    ),
    "created_at": ImportColumn(
        "moment", example="2026-01-05T09:30", label="Opened at", policies=False, names=("created", "create date"),
        hint="Blank: now",
    ),
    "closed_at": ImportColumn(
        "moment", example="2026-03-06T16:00", label="Won or lost at", policies=False, names=("closed",),
    ),
}  # fmt: skip

#: What a file changes in a deal that is here, with the table's columns.
OWN = {
    "title": "title", "amount": "amount", "currency": "currency", "owner_email": "owner_id",
    "expected_on": "expected_on", "source": "source", "plan": "plan", "mrr": "mrr", "next_step": "next_step",
}  # fmt: skip
