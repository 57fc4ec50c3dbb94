"""Pages of failed payments, their settings, and what products and foreign pages ask."""
