"""How well customers are kept: the figures of a period, each defined once and opening the names behind it.

    facts ─► spans (crm.ledger) ─► counts (reading: one statement) ─► figures (rules: pure formulas)
                                └► names (filters of the one filter language that find exactly as many)

A period has a first and a last day of which only the ends are looked at: who was a customer on `start`, who is one on
`end`. What happens in between (payments, answers, movements) belongs to it from the day after `start` up to `end`, so
that periods which follow one another share no day.
"""
