"""A customer's payments and purchases on a page, and whatever people enter there themselves, a first contract too."""
