"""A period as it was known at a moment, beside what is known now, and whose facts were corrected in between."""
