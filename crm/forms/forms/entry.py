"""What anybody fills in: the fields that an admin has arranged, a box of consent, a trap and the page's token."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django import forms
from django.http import QueryDict

from crm.forms import answers, rules, targets, tokens
from crm.forms.models import PublicForm

#: No targets have such names: they hold a dot, or are one word of ours.
CONSENT, TRAP, TOKEN = "consent", "website", "token"

_TOO_QUICK = "That was very quick. Please send it once more: what you wrote is still here."
_TOO_OLD = "This page had been open for too long. Send it again, and it reaches us."
_OTHER_WORDS = "What you agree to has changed meanwhile. Read it again, then send this once more."


class AnswersForm(forms.Form):
    """The fields alone: what a program sends, and what a page asks."""

    def __init__(self, shown: PublicForm, *args: Any, **more: Any) -> None:
        super().__init__(*args, auto_id="ask_%s", **more)
        self.shown = shown
        self.asked = {}
        for one in shown.asked:
            if (field := answers.control(one)) is not None:
                self.fields[one.target] = self.asked[one.target] = field
        if shown.consent:
            self.fields[CONSENT] = forms.BooleanField(required=False, label=shown.consent)

    def clean_consent(self) -> bool:
        return bool(self.cleaned_data[CONSENT])

    @property
    def _given(self) -> dict[str, Any]:
        given = {name: self.cleaned_data.get(name) for name in self.asked}
        return {name: value for name, value in given.items() if value not in (None, "", [])}

    @property
    def answers(self) -> dict[str, Any]:
        """By target, without files; what nobody filled in is not there."""
        return {name: value for name, value in self._given.items() if name not in self._of_files}

    @property
    def brought(self) -> list[Any]:
        """Its files."""
        return [file for name in self._of_files for file in self._given.get(name, ())]

    @property
    def _of_files(self) -> list[str]:
        return [name for name, field in self.asked.items() if isinstance(field, answers.FilesField)]

    @property
    def said(self) -> dict[str, str]:
        """The answers in words, by label."""
        return {str(self.asked[name].label): answers.said(self.asked[name], value)
                for name, value in self._given.items()}  # fmt: skip

    @property
    def agreed(self) -> bool:
        return bool(self.cleaned_data.get(CONSENT))

    @property
    def suspicion(self) -> str:
        """Why a person should look at it first."""
        texts = [value for value in self.answers.values() if isinstance(value, str)]
        short = [self.answers.get(name, "") for name in (targets.NAME, "contact.first_name", "contact.last_name")]
        return rules.suspicion(texts, short)


class EntryForm(AnswersForm):
    """With what keeps programs out. `website` is a trap: people do not see it, and programs fill it in."""

    data: Any  # a QueryDict that can be changed: what is asked for again is put into it

    website = forms.CharField(required=False, max_length=200, label="Leave this empty")
    token = forms.CharField(required=False, widget=forms.HiddenInput, max_length=400)
    referrer = forms.CharField(required=False, widget=forms.HiddenInput, max_length=2000)

    def __init__(
        self, shown: PublicForm, now: datetime, given: QueryDict | None = None, files: Any = None,
        *, referrer: str = "",
    ) -> None:  # fmt: skip
        self.now = now
        self.number = ""
        self._is_quick = False
        initial = {TOKEN: tokens.issue(shown, now), "referrer": referrer}
        super().__init__(shown, None if given is None else given.copy(), files, initial=initial)
        self.fields[TRAP].widget.attrs |= {"tabindex": "-1", "autocomplete": "off"}

    @property
    def shows(self) -> list[Any]:
        """The bound fields that people see, in order."""
        return [self[name] for name in self.asked]

    @property
    def box(self) -> Any:
        """The box of consent, if the form has one."""
        return self[CONSENT] if CONSENT in self.fields else None

    def clean_token(self) -> str:
        """Not in time, it is asked for once more: with the same number, so that it becomes one entry all the same."""
        token = tokens.read(self.shown, self.cleaned_data[TOKEN])
        if token is None:
            self._ask_again(_TOO_OLD, "", again=False)
        late = rules.untimely(token.made_at, self.now)
        if late == "old":
            self._ask_again(_TOO_OLD, token.number, again=True)
        self._is_quick = bool(late) and not token.again
        if CONSENT in self.fields and CONSENT in self.data and token.consent != self.shown.consent_version:
            del self.data[CONSENT]
            self._ask_again(_OTHER_WORDS, token.number, again=True)
        self.number = token.number
        return str(self.cleaned_data[TOKEN])

    def clean(self) -> dict[str, Any] | None:
        """Whoever has to mend an answer sends it once more anyhow, and is not told about time as well."""
        if self._is_quick and not self.errors:
            self.add_error(TOKEN, _TOO_QUICK)  # with the token as it is: it comes of age
        return super().clean()

    def _ask_again(self, words: str, number: str, *, again: bool) -> NoReturn:
        self.data[TOKEN] = tokens.issue(self.shown, self.now, number, again=again)
        raise forms.ValidationError(words)

    @property
    def is_trapped(self) -> bool:
        return bool(self.cleaned_data.get(TRAP))
