"""A link to leave, for systems that write to customers themselves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import Contact
from crm.leaving import tokens
from crm.ledger.models import Contract
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.resources import Day, Resource, StrictSerializer, VisibleField


class LeaveLinkSerializer(StrictSerializer):
    contract = VisibleField(queryset=Contract.objects.all())
    contact = VisibleField(
        queryset=Contact.objects.all(), required=False,
        help_text="Whom it is for. When they are erased, it leads nowhere. Left out: nobody in particular.",
    )  # fmt: skip
    url = serializers.URLField(read_only=True)
    last_on = Day(read_only=True, help_text="The last day on which it opens the page.")


class LeaveLinkResource(Resource):
    """Addresses of the page on which a customer pauses or cancels a contract by themselves."""

    queryset = Contract.objects.all()
    serializer_class = LeaveLinkSerializer
    permission_classes = (ScopePermission, permitted("edit_contracts"))
    paged = frozenset[str]()
    pagination_class = None

    @extend_schema(request=LeaveLinkSerializer, responses={201: LeaveLinkSerializer})
    def create(self, request: Request) -> Response:
        """A link to one contract. Nothing is kept of it: asked again, it is another address of the same page."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        contract, contact = asked.validated_data["contract"], asked.validated_data.get("contact")
        if contact is not None and contact.account_id != contract.account_id:
            raise ValidationError({"contact": ["They are at another customer than the contract."]})
        if contract.status == Contract.Status.EXPECTED:
            raise ValidationError({"contract": ["It is expected only: confirm it first."]})
        last = tokens.last_day(clock.now())
        url = tokens.url_of(contract.pk, contact.pk if contact else None, last)
        made: dict[str, Any] = {"contract": contract.pk, "contact": contact and contact.pk, "url": url}
        return Response(made | {"last_on": last}, 201)
