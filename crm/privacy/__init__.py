"""What is known about a person: shown to them, and forgotten when they ask for it; and who agreed to what, when."""
