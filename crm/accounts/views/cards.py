"""A person for one's own address book."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from crm.accounts.cards import card
from crm.accounts.models import Contact


@require_safe
def vcard(request: HttpRequest, pk: int) -> HttpResponse:
    """The file that address books take."""
    found = get_object_or_404(Contact.objects.visible_to(request.user).select_related("account"), pk=pk)
    text = card(
        first_name=found.first_name, last_name=found.last_name, name=found.name, organisation=found.account.name,
        title=found.title, email=found.email or "", phone=found.phone, birthday=found.birthday, language=found.language,
        zone=found.timezone, url=settings.BASE_URL + found.get_absolute_url(), changed_at=found.updated_at,
    )  # fmt: skip
    answer = HttpResponse(text, content_type="text/vcard; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slugify(found.name) or "contact"}.vcf"'
    return answer
