"""What people fill in about mail."""

from django import forms

from crm.outbox.models import MailPolicy


class ReasonForm(forms.Form):
    """Why somebody decides about a message; kept with their name."""

    reason = forms.CharField(max_length=200, required=False, strip=True)


class GivenReasonForm(ReasonForm):
    reason = forms.CharField(
        max_length=200, error_messages={"required": "Say how you know; it is kept with your name."}, strip=True
    )


class ModeForm(forms.Form):
    """Whether mail leaves."""

    mode = forms.ChoiceField(choices=MailPolicy.Mode.choices)
    redirect_to = forms.EmailField(required=False)

    def clean(self) -> dict[str, str]:
        data = super().clean() or {}
        if data.get("mode") == MailPolicy.Mode.REDIRECT and not data.get("redirect_to"):
            self.add_error("redirect_to", "Say to which address all mail shall go.")
        return data
