"""What deals obey: their order in a stage, what a stage asks, when one is stuck."""
