"""Purchases from files. A row is one item; the rows of one external_id are one purchase. Nothing is fired."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from crm.accounts.models import Account, Contact
from crm.ledger.actions.imports.touching import project_touched
from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import DAY_OF, RATE_ON, reject_unrated, sql_parameters
from crm.ledger.models import Purchase, PurchaseItem
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import recording_found
from crm.timeline.models import TimelineEntry
from crm.web.wording import money_sql

COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="order-1", label="Its id", policies=False,
        names=("id", "order id", "order number", "purchase id"), hint="Rows with the same id are one purchase",
    ),
    "account_external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="acme-1", label="Customer’s id", policies=False,
        names=("account id", "customer id", "company id"),
    ),
    "contact_email": ImportColumn(
        "email", example="anna@acme.example", label="Buyer’s e-mail", names=("email", "e-mail", "buyer", "contact"),
    ),
    "purchased_at": ImportColumn(
        "moment", required=True, example="2026-03-01 10:15", label="Bought", names=("date", "order date", "bought on"),
    ),
    "amount": ImportColumn(
        "money", example="49.90", label="Amount", names=("total", "price", "line total", "item total"),
        hint="Of all pieces of the item together",
    ),
    "currency": ImportColumn("currency", example="EUR", label="Currency"),
    "product": ImportColumn(
        max_length=200, example="Coffee beans 1 kg", label="Product", policies=False, names=("item", "sku", "article"),
    ),
    "quantity": ImportColumn("whole", example="2", label="Quantity", names=("qty", "pieces", "count")),
}  # fmt: skip


def load_purchases(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of purchases. An item is found again by its product; what a file leaves out stays."""
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.link("contact_id", Contact, "email", "contact_email")
    rows.link("target", Purchase, "external_id", "external_id")
    rows.admit(Account, "account_id", "account_external_id")
    rows.admit(Purchase, "target", "external_id")
    rows.respect(Purchase, {"contact_id": "contact_id", "purchased_at": "purchased_at", "currency": "currency"})
    rows.run("""
        ALTER TABLE import_rows ADD COLUMN code text, ADD COLUMN rate numeric, ADD COLUMN item_id bigint,
            ADD COLUMN nth bigint, ADD COLUMN place bigint, ADD COLUMN head bigint,
            ADD COLUMN fresh boolean, ADD COLUMN first boolean""")
    rows.run(_AGREE, reporting=settings.CURRENCY)
    _reject(rows)
    rows.run(_RATE, **sql_parameters())
    rows.run(_FIRST)
    _find_items(rows)
    rows.respect(PurchaseItem, {"amount": "amount", "quantity": "quantity"}, target="item_id")
    counts = _count(rows)
    rows.note("touched", Account, "SELECT DISTINCT account_id FROM import_rows")
    rows.write(Purchase, _PURCHASE, where="r.first")
    rows.link("target", Purchase, "external_id", "external_id")
    rows.write(PurchaseItem, _ITEM, merge={"place": "NULL"}, target="item_id")
    rows.run(recording_found(_TOLD))
    rows.note("created", TimelineEntry, _TOLD_KEYS)
    project_touched(rows, now)
    return counts


# What one row leaves blank, another row of the same purchase says; after them, what is there.
_AGREE = """
    UPDATE import_rows r SET head = m.head, purchased_at = coalesce(r.purchased_at, m.purchased_at, p.purchased_at),
        contact_id = coalesce(r.contact_id, m.contact_id), code = coalesce(m.currency, p.currency, %(reporting)s)
    FROM (SELECT external_id, min(purchased_at) AS purchased_at, min(contact_id) AS contact_id,
            min(currency) AS currency, min(target) AS target, min(line) AS head
        FROM import_rows GROUP BY external_id) m LEFT JOIN crm_purchase p ON p.id = m.target
    WHERE m.external_id = r.external_id
"""
_EARLIER = "EXISTS (SELECT FROM import_rows e WHERE e.line = r.head AND {differs})"
_ONE_PURCHASE = "The rows of one {external_id} are one purchase: correct one of them, or give it another id."


def _reject(rows: ImportRows) -> None:
    for condition, column, reason, remedy in (
        ("r.account_id IS NULL", "account_external_id", "is the id of no customer here",
         "Import the customers first, or correct the id."),
        ("EXISTS (SELECT FROM crm_purchase p WHERE p.id = r.target AND p.account_id <> r.account_id)",
         "account_external_id", "is not the customer who made this purchase",
         "A purchase stays with its customer: give it another {external_id}."),
        ("r.contact_email IS NOT NULL AND r.contact_id IS NULL", "contact_email", "is the address of nobody here",
         "Import the contacts first, correct it, or leave it blank."),
        ("r.purchased_at IS NULL", "purchased_at", "is missing", "Say when it was bought."),
        ("r.purchased_at > %(now)s", "purchased_at", "is still to come", "Give the moment of the purchase."),
        ("r.amount IS NULL", "amount", "is missing", "Say what was paid for the item; 0 for nothing."),
        ("r.amount < 0", "amount", "is negative", "Give what was paid, 0 or more; money that went back is a refund."),
        ("r.quantity < 1 OR r.quantity > 2147483647", "quantity", "is no number of pieces",
         "Give 1 or more, or leave it blank."),
        (_EARLIER.format(differs="e.account_id <> r.account_id"), "account_external_id",
         "differs from an earlier row of the same purchase", _ONE_PURCHASE),
        (_EARLIER.format(differs="e.purchased_at <> r.purchased_at"), "purchased_at",
         "differs from an earlier row of the same purchase", _ONE_PURCHASE),
        (_EARLIER.format(differs="e.currency <> r.currency"), "currency",
         "differs from an earlier row of the same purchase", _ONE_PURCHASE),
    ):  # fmt: skip
        rows.reject(condition, column, reason, remedy)
    reject_unrated(rows, _RATE_OF)


_RATE_OF = RATE_ON.format(code="r.code", day=DAY_OF.format(at="r.purchased_at"))
# A booked rate stays, unless the purchase turns out to be in another currency.
_RATE = f"""
    UPDATE import_rows r SET rate = {_RATE_OF}
    WHERE r.target IS NULL OR r.code <> (SELECT p.currency FROM crm_purchase p WHERE p.id = r.target)
"""  # noqa: S608  (a constant of ours)

_FIRST = """
    UPDATE import_rows r SET fresh = r.target IS NULL, first = (m.line = r.line),
        nth = m.nth FROM (SELECT line AS row, min(line) OVER (PARTITION BY external_id) AS line,
            row_number() OVER (PARTITION BY external_id, coalesce(product, '') ORDER BY line) AS nth
        FROM import_rows) m WHERE m.row = r.line
"""

# The nth row of a product is the nth item of it. New ones come behind those that are there.
_FIND = """
    UPDATE import_rows r SET item_id = i.id
    FROM (SELECT id, purchase_id, product,
            row_number() OVER (PARTITION BY purchase_id, product ORDER BY place) AS nth
        FROM crm_purchaseitem WHERE purchase_id IN (SELECT target FROM import_rows)) i
    WHERE i.purchase_id = r.target AND i.product = coalesce(r.product, '') AND i.nth = r.nth
"""
_PLACE = """
    UPDATE import_rows r SET place = n.place
    FROM (SELECT line, row_number() OVER (PARTITION BY external_id ORDER BY line)
            + coalesce((SELECT max(i.place) FROM crm_purchaseitem i WHERE i.purchase_id = f.target), 0) AS place
        FROM import_rows f WHERE item_id IS NULL) n
    WHERE n.line = r.line
"""


def _find_items(rows: ImportRows) -> None:
    rows.run(_FIND)
    rows.run(_PLACE)
    # An order of more lines than this is no order.
    rows.reject(f"r.place > {_MOST_ITEMS}", "external_id", f"has more than {_MOST_ITEMS:,} items",
                "Give the purchases ids of their own.")  # fmt: skip


_MOST_ITEMS = 1000


def _count(rows: ImportRows) -> ImportCounts:
    """New items are created, rows that change an item or its purchase updated."""
    created = rows.ids("SELECT count(*) FROM import_rows WHERE item_id IS NULL")[0]
    updated = rows.ids("""
        SELECT count(*) FROM import_rows r
        JOIN crm_purchaseitem i ON i.id = r.item_id JOIN crm_purchase p ON p.id = i.purchase_id
        WHERE (i.amount, i.quantity) IS DISTINCT FROM (coalesce(r.amount, i.amount), coalesce(r.quantity, i.quantity))
            OR r.first AND (p.purchased_at, p.currency, p.contact_id) IS DISTINCT FROM
                (r.purchased_at, r.code, coalesce(r.contact_id, p.contact_id))""")[0]
    return ImportCounts(created, updated)


_PURCHASE = {
    "external_id": "r.external_id", "account_id": "r.account_id", "contact_id": "r.contact_id",
    "purchased_at": "r.purchased_at", "currency": "r.code", "rate": "r.rate",
}  # fmt: skip
_ITEM = {
    "purchase_id": "r.target", "place": "r.place", "product": "r.product", "quantity": "r.quantity",
    "amount": "r.amount",
}  # fmt: skip

# What was bought, by its first three items and how many more.
_TOLD = f"""
    SELECT k.account_id, k.contact_id, 'purchase.made', k.purchased_at, 'import', NULL::bigint, '',
        left('Bought ' || coalesce(k.products, 'something') || ' for ' || {money_sql("k.amount", "k.code")}, 400),
        jsonb_build_object('purchase', k.target, 'amount', k.amount::text, 'currency', k.code, 'items', k.items),
        'purchase.made:' || k.target
    FROM (SELECT r.target, min(r.account_id) AS account_id, min(r.contact_id) AS contact_id,
            min(r.purchased_at) AS purchased_at, min(r.code) AS code, count(*) AS items,
            round(sum(r.amount), 2) AS amount,
            array_to_string((array_agg(DISTINCT r.product))[1:3], ', ')
                || CASE WHEN count(DISTINCT r.product) > 3 THEN ' and more' ELSE '' END AS products
        FROM import_rows r WHERE r.fresh GROUP BY r.target) AS k
"""  # noqa: S608  (constants of ours)
_TOLD_KEYS = """
    SELECT id FROM crm_timelineentry WHERE key IN (
        SELECT 'purchase.made:' || r.target FROM import_rows r WHERE r.fresh AND r.first)
"""


def register_purchases() -> None:
    import_kinds.register(
        "purchases",
        ImportKind(
            COLUMNS, load_purchases, label="Purchases", settle=project, order=4,
            hint="One row for each item; rows with the same id are one purchase",
            tables=("crm.Purchase", "crm.PurchaseItem", "crm.TimelineEntry"),
        ),
    )  # fmt: skip
