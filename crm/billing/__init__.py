"""What billing systems report: Stripe, and any other by a signed hook.

What one says of an object (a contract, a payment, a refund, a card) at a moment is a fact. All facts of an object, in
their order, become its state by one pure fold (`rules`), and the state is written into the ledger under a lock of its
customer (`actions.taking`): so neither order nor repetition of what arrives can matter.
"""
