"""The verbs of the settings: invite by mail, hand over, look at the DNS, write a test mail."""
