"""The pages of webhooks, under the settings."""
