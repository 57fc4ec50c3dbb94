"""What billing gives to others: what comes in, its work, dates of cards, facts, its page and its cards."""

from __future__ import annotations

from crm import slots
from crm.billing import hooks, reading, repairing
from crm.billing.actions import wish_words, wishing
from crm.billing.actions.applying.methods import ADDED
from crm.billing.actions.attempts import RETRY_WANTED
from crm.billing.actions.linking import LINKED, PUT_AWAY, SET
from crm.billing.connecting import register_integrations
from crm.billing.erasing import forget_in_billing
from crm.billing.stripe import incoming, looking, trying
from crm.billing.stripe import wishing as stripe_wishing
from crm.history.undoing import echoes, irrevocable
from crm.slots import OwnedRows, deciding

slots.inbox_handlers.register(incoming.KIND, incoming.unpack)
slots.inbox_handlers.register(hooks.KIND, hooks.unpack)
slots.work.register("payment attempts", slots.Work(trying.work, trying.next_due, order=6))
slots.work.register("billing wishes", slots.Work(stripe_wishing.work, stripe_wishing.next_due, order=6))
slots.work.register("billing look", slots.Work(looking.work, looking.next_due, order=7))

# The first day on which a card is not valid any more, of one that would be charged: the primary one.
_CARDS = """
    SELECT m.account_id, NULL::bigint AS contact_id, NULL::bigint AS contract_id, m.expires_on AS day,
        'card:' || m.id || ':expires:' || to_char(m.expires_on, 'YYYY-MM-DD') AS fact, m.known_at
    FROM crm_paymentmethod m WHERE m.removed_at IS NULL AND m.is_default AND m.expires_on IS NOT NULL
"""
slots.date_fields.register("card.expires_on", slots.DateField("End of the card that is charged", _CARDS))

slots.register_facts(
    "Payments", {RETRY_WANTED: "Payment to be tried again"}, payment=9, external_id="inv-9", amount="400.00",
    currency="EUR", attempts=1, key="dunning:case:7:2",
)  # fmt: skip
slots.register_facts(
    "Payments", {ADDED: "Payment method added"}, method=3, brand="visa", last4="4242", expires_on="2028-06-01",
)  # fmt: skip

for _name, _owned in {
    "billing_customers": OwnedRows(
        "crm.BillingCustomer", "account", ("customer in billing", "customers in billing"), "move", "keep"
    ),
    "payment_methods": OwnedRows(
        "crm.PaymentMethod", "account", ("payment method", "payment methods"), "move", "keep"
    ),
}.items():  # fmt: skip
    slots.owned_rows.register(_name, _owned)
slots.traces.register("billing", forget_in_billing)
irrevocable.register(LINKED, "What billing said of them stands in the ledger. Merge the customers, or move contracts.")
irrevocable.register(
    PUT_AWAY, "They stand on the page of billing under “Who is not ours”: link them to a customer there."
)
irrevocable.register(SET, "Secrets that were replaced are not kept. Give the former one again.")
slots.kept_tables.register("crm.BillingSettings", slots.KeptTable())
slots.settings_pages.register(
    "billing",
    slots.SettingsPage(
        "Billing", "Stripe and other systems report contracts and payments", "credit-card", "billing:page",
        "Installation", 28, keywords="stripe subscriptions invoices payments webhooks secrets reconciliation dunning",
    ),
)  # fmt: skip
deciding.contract_decided.register("billing", wishing.hear)
deciding.contract_billed.register("billing", wishing.standing)
deciding.payments_reported.register("billing", reading.reporters)
deciding.accounts_billed.register("billing", reading.biller)
echoes.register("billing", wishing.turned)
slots.send_guards.register(wish_words.ORIGIN, wish_words.guard)
slots.explainers.register(wish_words.ORIGIN, wish_words.explain)
slots.loads.register(
    "billing wishes",
    slots.LoadSource(
        "Billing", repairing.select, lambda group, figure: "", lambda load: "what billing is to be told", order=45
    ),
)
slots.repairs.register("wishes", repairing.UNCERTAIN)
register_integrations(incoming.KIND, hooks.KIND)
