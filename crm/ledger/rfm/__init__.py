"""RFM: what a customer is worth by when they were last there, how often they bought and how much they spent.

A nightly walk gathers the facts that rooms register in `slots.value_facts` into one narrow row for each customer who
ever bought, compares them, and gives each a class. `rules` has the formula; nothing else knows it.
"""
