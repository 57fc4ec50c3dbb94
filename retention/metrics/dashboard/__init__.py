"""The dashboard: what a period says on one page, kept beforehand where it takes long to count."""
