"""Accounts and contacts in the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from crm import slots
from crm.accounts.actions.contacting import silence_changed
from crm.accounts.actions.hierarchy import circle
from crm.accounts.actions.owning import owner_changed
from crm.accounts.matching.finding import Match, like_account, like_contact
from crm.accounts.models import Account, Alias, Contact
from crm.fields.api import CustomField, WithCustomFields
from crm.segments.filters import FilterError, parse
from crm.team.api import UserField
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.timeline.actions import Fact, record
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER
from crm.web.resources import Creating, Editing, Listing, Resource, ResourceSerializer

MOST_TAGS = 50
_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


def _zone(name: str) -> str:
    if name and name not in clock.ZONE_NAMES:
        raise serializers.ValidationError("This is no time zone. Name one such as Europe/Berlin.")
    return name


class AccountSerializer(WithCustomFields, ResourceSerializer):
    owner = UserField(allow_null=True, required=False, queryset=Account.objects.none())
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False)
    last_seen_at = serializers.DateTimeField(source="seen.at", read_only=True, allow_null=True)
    custom = CustomField("account")

    class Meta:
        model = Account
        fields = (
            "id", "external_id", "name", "kind", "domain", "industry", "country", "timezone", "language", "owner",
            "parent", "tags", "tier", "risk", "do_not_contact", "signed_up_on", "last_seen_at", "primary_use_case",
            "expected_benefit", "suitability", "goal", "goal_due_on", "goal_state", "goal_checked_on",
            "lifetime_spend", "lifecycle", "customer_since", "mrr", "renews_on", "custom", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = (
            "tier", "risk", "goal_state", "goal_checked_on", "lifecycle", "customer_since", "mrr",
            "renews_on", "created_at", "updated_at",
        )  # fmt: skip
        extra_kwargs = {"lifetime_spend": {"min_value": 0}}

    def validate_country(self, code: str) -> str:
        if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
            raise serializers.ValidationError("This is no country code. Write two letters, such as DE.")
        return code.upper()

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def validate_tags(self, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))

    def validate_timezone(self, name: str) -> str:
        return _zone(name)

    def validate_lifetime_spend(self, spend: Decimal) -> Decimal:
        """An account that is sent whole has what it had."""
        kept = slots.kept_by_facts.get("lifetime_spend")
        row = self.instance
        if kept and isinstance(row, Account) and spend != row.lifetime_spend and (why := kept(row.pk)):
            raise serializers.ValidationError(why)
        return spend

    def validate_parent(self, parent: Account | None) -> Account | None:
        if parent and isinstance(self.instance, Account) and (why := circle(self.instance, parent)):
            raise serializers.ValidationError(why)
        return parent


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("filter", str, description="A tree of the filter language, as JSON."),
            OpenApiParameter("segment", int, description="Only those in this segment."),
            OpenApiParameter("external_id", str),
            OpenApiParameter("email", str, description="Of a contact at the account."),
        ]
    ),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class AccountResource(Creating, Editing, Listing, Resource):
    """Customers: companies or people."""

    queryset = Account.objects.select_related("owner", "seen")
    serializer_class = AccountSerializer
    permission_classes = (ScopePermission, permitted("edit"))
    parameters = frozenset({"filter", "segment", "external_id", "email"})
    volatile = frozenset({"last_seen_at", "tier", "risk", "lifecycle", "customer_since", "mrr", "renews_on"})
    conflicts = {"account_external_id_once": ("external_id", "Another account has this external id.")}

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if external_id := asked.get("external_id"):
            rows = rows.filter(
                Q(external_id=external_id) | Q(pk=Alias.holder("account", Alias.Kind.EXTERNAL_ID, external_id))
            )
        if email := asked.get("email"):
            rows = rows.filter(contacts__email=email.strip().lower())  # one at most: e-mails are unique
        if tree := asked.get("filter"):
            rows = _matching(rows, tree, clock.now(), "account", self.request.user)
        return _within(rows, asked, "account", self.request.user)

    def write(self, serializer: Any, now: datetime) -> Account:
        before = serializer.instance
        silent, owner = before is not None and before.do_not_contact, before and before.owner_id
        account: Account = super().write(serializer, now)
        owner_changed(account, owner, self.request.user, now)
        if before is None:
            _tell(self.request.user, account.pk, "account.added", f"{account.name} was added", now)
        if account.do_not_contact != silent:
            silence_changed(account, self.request.user, now, channel="api")
        return account

    def answer(self, row: Account, status: int = 200) -> Response:
        answer = super().answer(row, status)
        if status == HTTPStatus.CREATED:
            like = like_account(self.request.user, row.name, row.domain, row.country, row.industry, but=row.pk)
            answer.data["possible_duplicates"] = _doubles(like)
        return answer


def _doubles(found: Sequence[Match]) -> list[dict[str, Any]]:
    """Who was there already and looks like what has just been made; it was made all the same."""
    return [{"id": match.record.pk, "name": str(match.record), "reason": match.reason, "strength": match.strength}
            for match in found]  # fmt: skip


def _tell(by: Any, account_id: int, kind: str, text: str, now: datetime, contact_id: int | None = None) -> None:
    """The same facts as the pages record, but no person's hand did it."""
    record(Fact(account_id, kind, text, now, contact_id=contact_id, actor_id=by.pk, channel="api"), now=now)


def _matching(rows: QuerySet[Any], text: str, now: datetime, subject: str, viewer: Any) -> QuerySet[Any]:
    try:
        return parse(json.loads(text), subject, viewer).apply(rows, now)
    except FilterError as error:
        raise ValidationError({"filter": [str(error)]}) from None
    except (ValueError, RecursionError):
        raise ValidationError({"filter": ["filter: is not JSON"]}) from None


def _within(rows: QuerySet[Any], asked: Mapping[str, str], subject: str, viewer: Any) -> QuerySet[Any]:
    """Those in the segment that is asked for, if one is."""
    if "segment" not in asked:
        return rows
    try:
        chosen = parse({"field": "segment", "op": "is_in", "value": asked["segment"]}, subject, viewer)
    except FilterError as error:
        raise ValidationError({"segment": [error.message]}) from None
    return chosen.apply(rows, clock.now())


class ContactSerializer(WithCustomFields, ResourceSerializer):
    roles = serializers.ListField(
        child=serializers.ChoiceField(Contact.Role.choices), max_length=len(Contact.Role), required=False
    )
    last_seen_at = serializers.DateTimeField(source="seen.at", read_only=True, allow_null=True)
    custom = CustomField("contact")

    class Meta:
        model = Contact
        fields = (
            "id", "account", "external_id", "first_name", "last_name", "email", "phone", "title", "timezone",
            "language", "birthday", "email_consent", "roles", "is_primary", "do_not_contact", "last_seen_at",
            "automation_paused_until", "custom", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("automation_paused_until", "created_at", "updated_at")

    def validate_account(self, account: Account) -> Account:
        if self.instance and account.pk != self.instance.account_id:  # type: ignore[union-attr]
            raise serializers.ValidationError("A contact stays at its account.")
        return account

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def validate_email(self, email: str | None) -> str | None:
        return email.lower() if email else None

    def validate_timezone(self, name: str) -> str:
        return _zone(name)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("filter", str, description="A tree of the filter language about people, as JSON."),
            OpenApiParameter("segment", int, description="Only those in this segment."),
            OpenApiParameter("account", int),
            OpenApiParameter("external_id", str),
            OpenApiParameter("email", str),
        ]
    ),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class ContactResource(Creating, Editing, Listing, Resource):
    """People at accounts."""

    queryset = Contact.objects.select_related("seen")
    serializer_class = ContactSerializer
    permission_classes = (ScopePermission, permitted("edit"))
    parameters = frozenset({"account", "filter", "segment", "external_id", "email"})
    volatile = frozenset({"last_seen_at", "automation_paused_until"})
    conflicts = {
        "contact_external_id_once": ("external_id", "Another contact has this external id."),
        "contact_email_once": ("email", "Another contact has this e-mail."),
        "contact_primary_once": ("is_primary", "Another contact became primary just now. Try again."),
    }

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "account" in asked:
            rows = rows.filter(account_id=self.id_of("account", asked["account"]))
        if external_id := asked.get("external_id"):
            rows = rows.filter(
                Q(external_id=external_id) | Q(pk=Alias.holder("contact", Alias.Kind.EXTERNAL_ID, external_id))
            )
        if email := asked.get("email"):
            address = email.strip().lower()
            rows = rows.filter(Q(email=address) | Q(pk=Alias.holder("contact", Alias.Kind.EMAIL, address)))
        if tree := asked.get("filter"):
            rows = _matching(rows, tree, clock.now(), "contact", self.request.user)
        return _within(rows, asked, "contact", self.request.user)

    def write(self, serializer: Any, now: datetime) -> Contact:
        """A contact that becomes primary takes the place of the one that was."""
        data, before = serializer.validated_data, serializer.instance and serializer.instance.email_consent
        if data.get("is_primary"):
            account = data.get("account") or serializer.instance.account
            others = Contact.objects.filter(account=account, is_primary=True)
            others.exclude(pk=serializer.instance and serializer.instance.pk).update(is_primary=False, updated_at=now)
        is_new = serializer.instance is None
        contact: Contact = super().write(serializer, now)
        if is_new:
            _tell(self.request.user, contact.account_id, "contact.added", f"{contact.name} was added", now, contact.pk)
        elif contact.email_consent != before:
            text = f"{contact.name}: consent to mail is now “{contact.get_email_consent_display()}”"
            _tell(self.request.user, contact.account_id, "contact.consent_changed", text, now, contact.pk)
        return contact

    def answer(self, row: Contact, status: int = 200) -> Response:
        answer = super().answer(row, status)
        if status == HTTPStatus.CREATED:
            by_name = (row.first_name, row.last_name, row.email or "", row.phone)
            like = like_contact(self.request.user, *by_name, account=row.account, but=row.pk)
            answer.data["possible_duplicates"] = _doubles(like)
        return answer
