"""A refused form speaks plainly, a toast says which field it means, and a wrong method is answered with a page."""

from __future__ import annotations

import pytest
from django import forms
from django.test import Client

from crm.team.models import User
from crm.web.faults import first_fault


class Asked(forms.Form):
    until = forms.DateField(label="Until")
    reason = forms.CharField(max_length=5, error_messages={"required": "Say why."})
    who = forms.ChoiceField(choices=[("a", "A")], required=False)
    to = forms.EmailField(required=False)
    site = forms.URLField(required=False)
    sum = forms.DecimalField(max_digits=4, decimal_places=1, required=False)
    address = forms.SlugField(required=False)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reason": "x"}, "Until: fill this in."),
        ({"until": "soon", "reason": "x"}, "Until: this is no day of the calendar."),
        ({"until": "2026-06-01"}, "Say why."),
        ({"until": "2026-06-01", "reason": "longer"}, "Reason: at most 5 characters fit here, and these are 6."),
        ({"until": "2026-06-01", "reason": "x", "who": "b"}, "Who: “b” is not in the list: choose one that is."),
        ({"until": "2026-06-01", "reason": "x", "to": "b"},
         "To: this is no e-mail address. Write one such as name@example.com."),
        ({"until": "2026-06-01", "reason": "x", "sum": "9" * 60},
         "This number is too long: at most 4 digits fit here."),
        ({"until": "2026-06-01", "reason": "x", "sum": "1.25"}, "Too many digits behind the point: 1 fit here."),
        ({"until": "2026-06-01", "reason": "x", "site": "javascript:1"},
         "Site: this is no address of a page. Write one such as https://www.example.com."),
        ({"until": "2026-06-01", "reason": "x", "address": "x y"},
         "Address: write letters, digits and hyphens only, without blanks."),
    ],
)  # fmt: skip
def test_a_toast_names_the_field_unless_the_words_do(given: dict[str, str], told: str) -> None:
    assert first_fault(Asked(given)) == told


@pytest.mark.django_db
def test_a_wrong_method_is_answered_with_a_page(client: Client, sam: User) -> None:
    client.force_login(sam)

    page = client.post("/accounts/", headers={"accept": "text/html"})

    assert (page.status_code, page["Allow"]) == (405, "GET")
    assert "Nothing was changed." in page.content.decode()
    assert client.post("/accounts/").content == b""  # a program gets what it got
