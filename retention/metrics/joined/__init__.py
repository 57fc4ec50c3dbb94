"""The pages of cohorts: the heat map of those who joined in a month, their curves, and two beside each other."""
