"""The part of the settings about chats and billing: whom others speak for, and whom we may call by HTTP.

Each secret that something is checked by may be several, separated by commas, while an old one makes way for a new one.
"""

import environ

_env = environ.Env()

TELEGRAM_TOKEN = _env.str("TELEGRAM_TOKEN", "")
TELEGRAM_SECRETS = _env.list("TELEGRAM_SECRET", default=[])
TELEGRAM_BOT = _env.str("TELEGRAM_BOT", "").lstrip("@")
TELEGRAM_API_URL = _env.str("TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")

WHATSAPP_TOKEN = _env.str("WHATSAPP_TOKEN", "")
WHATSAPP_PHONE_ID = _env.str("WHATSAPP_PHONE_ID", "")
WHATSAPP_APP_SECRETS = _env.list("WHATSAPP_APP_SECRET", default=[])
WHATSAPP_VERIFY_TOKEN = _env.str("WHATSAPP_VERIFY_TOKEN", "")
WHATSAPP_TEMPLATE = _env.str("WHATSAPP_TEMPLATE", "")
WHATSAPP_API_URL = _env.str("WHATSAPP_API_URL", "https://graph.facebook.com/v25.0").rstrip("/")

INSTAGRAM_TOKEN = _env.str("INSTAGRAM_TOKEN", "")
INSTAGRAM_ACCOUNT_ID = _env.str("INSTAGRAM_ACCOUNT_ID", "")
INSTAGRAM_APP_SECRETS = _env.list("INSTAGRAM_APP_SECRET", default=[])
INSTAGRAM_VERIFY_TOKEN = _env.str("INSTAGRAM_VERIFY_TOKEN", "")
INSTAGRAM_API_URL = _env.str("INSTAGRAM_API_URL", "https://graph.instagram.com/v25.0").rstrip("/")

BRIDGES = _env.str("BRIDGES", "")

#: Billing: what is not given on its page. Another address of Stripe's is for tests alone.
STRIPE_SIGNING_SECRETS = _env.list("STRIPE_SIGNING_SECRET", default=[])
STRIPE_API_KEY = _env.str("STRIPE_API_KEY", "")
STRIPE_API_URL = _env.str("STRIPE_API_URL", "https://api.stripe.com").rstrip("/")
BILLING_HOOK_SECRETS = _env.list("BILLING_HOOK_SECRET", default=[])

#: Names and networks that may be called although they are not of the public internet.
OUTGOING_ALLOW = _env.list("OUTGOING_ALLOW", default=[])
