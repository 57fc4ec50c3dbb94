"""What customers use most (interests) and who uses the product most (heavy users), worked out every night.

A nightly walk sums each customer's counts into one narrow row and compares those rows. `rules` has the definitions.
"""
