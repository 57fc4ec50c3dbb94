"""Settings of signing in: passwords, second factors, passkeys and the forms that ask for them."""

AUTHENTICATION_BACKENDS = ["crm.team.backends.SignInBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:today"
ACCOUNT_ADAPTER = "crm.outbox.signin.MailingSignInAdapter"
ACCOUNT_FORMS = {
    "login": "crm.team.forms.SignInForm",
    "reauthenticate": "crm.team.forms.AgainForm",
    "reset_password": "crm.team.forms.ForgottenForm",
    "reset_password_from_key": "crm.team.forms.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # users are made by admins, who know their addresses
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900  # seconds for which a password is believed before something grave
MFA_ADAPTER = "crm.team.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "crm.team.forms.CodeForm",
    "reauthenticate": "crm.team.forms.CodeAgainForm",
    "activate_totp": "crm.team.forms.FirstCodeForm",
    "add_webauthn": "crm.team.passkeys.NewPasskeyForm",
    "authenticate_webauthn": "crm.team.passkeys.PasskeyForm",
    "login_webauthn": "crm.team.passkeys.PasskeyAloneForm",
    "reauthenticate_webauthn": "crm.team.passkeys.PasskeyAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # an address of nobody gets the same answer, and no mail
