"""How other systems name their columns, and what their values mean. Titles are compared without case and blanks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from crm.imports.rules import vcards

#: Changes a filled cell before it is read.
Change = Callable[[str], str]


@dataclass(frozen=True)
class Preset:
    """One system's files of one kind."""

    titles: Mapping[str, str]  # its title → our column; of several for one column, the first that is filled counts
    changes: Mapping[str, Change] = field(default_factory=dict)  # by our column
    deleted: tuple[str, ...] = ()  # columns whose yes says that the row is deleted there
    slashes: str = "month"  # 3/4/2024 is a date in March
    strange: tuple[str, ...] = ()  # titles under which that system keeps something else than we do


def first_of_list(cell: str) -> str:
    """HubSpot lists the ids of all companies of a contact; the first is the primary one."""
    return cell.split(";")[0].strip()


def first_of_commas(cell: str) -> str:
    """Pipedrive puts several addresses of one kind into one cell."""
    return cell.split(",")[0].strip()


def plain_words(cell: str) -> str:
    """HubSpot's industries are constants: COMPUTER_SOFTWARE."""
    return cell.replace("_", " ").capitalize() if cell.isupper() and "_" in cell else cell


def slashed_zone(cell: str) -> str:
    """HubSpot writes zones as europe_slash_berlin."""
    return cell.replace("_slash_", "/")


def opted_out_of_marketing(cell: str) -> str:
    """Pipedrive's marketing status: who unsubscribed or cannot be reached gets no mail. Others were not asked."""
    return "yes" if cell.strip().lower() in ("unsubscribed", "bounced") else ""


def bare_owner(cell: str) -> str:
    """The address in “Mira Okafor (mira@example.com)”, as HubSpot's exports name owners; else the name."""
    found = re.search(r"[^\s()<>]+@[^\s()<>]+", cell)
    return found[0] if found else cell


def long_id(cell: str) -> str:
    """A Salesforce id in its long form: reports give 15 characters whose case counts, the API 18 without that trap."""
    if len(cell) != 15 or not cell.isalnum():
        return cell
    suffix = ""
    for part in (cell[0:5], cell[5:10], cell[10:15]):
        bits = sum(1 << place for place, character in enumerate(part) if "A" <= character <= "Z")
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    return cell + suffix


_HUBSPOT = {
    "accounts": Preset(
        titles={
            "Record ID": "external_id", "Record ID - Company": "external_id", "Company name": "name", "Name": "name",
            "Company Domain Name": "domain", "Website URL": "domain", "Industry": "industry",
            "Company owner email": "owner_email", "Company owner": "owner_email", "Country/Region Code": "country",
            "Country/Region": "country",
        },
        changes={"owner_email": bare_owner, "industry": plain_words},
        strange=("Type",),
    ),
    "contacts": Preset(
        titles={
            "Record ID": "external_id", "Record ID - Contact": "external_id",
            "Associated Company IDs (Primary)": "account_external_id", "Associated Company IDs": "account_external_id",
            "Associated Company (Primary)": "account_name", "Associated Company": "account_name",
            "First Name": "first_name", "Last Name": "last_name", "Email": "email", "Phone Number": "phone",
            "Mobile Phone Number": "phone", "Job Title": "title", "Date of birth": "birthday", "Time Zone": "timezone",
            "Unsubscribed from all email": "opted_out", "Opted out of all email": "opted_out",
            "hs_email_optout": "opted_out",
        },
        changes={
            "account_external_id": first_of_list, "account_name": first_of_list, "email": first_of_list,
            "timezone": slashed_zone,
        },
    ),
}  # fmt: skip

_SALESFORCE = {
    "accounts": Preset(
        titles={
            "Id": "external_id", "Account ID": "external_id", "Name": "name", "Account Name": "name",
            "Website": "domain", "Industry": "industry", "BillingCountryCode": "country",
            "Billing Country Code": "country", "Billing Country": "country", "BillingCountry": "country",
            "Owner.Email": "owner_email", "Account Owner: Email": "owner_email", "Owner.Name": "owner_email",
            "Account Owner: Full Name": "owner_email", "Account Owner": "owner_email",
        },
        changes={"external_id": long_id},
        deleted=("IsDeleted", "Deleted"),
        strange=("Type", "Account Type"),
    ),
    "contacts": Preset(
        titles={
            "Id": "external_id", "Contact ID": "external_id", "Account ID": "account_external_id",
            "AccountId": "account_external_id", "Account.Name": "account_name", "Account Name": "account_name",
            "First Name": "first_name", "Last Name": "last_name", "Business Phone": "phone",
            "FirstName": "first_name", "LastName": "last_name", "Email": "email", "Phone": "phone",
            "MobilePhone": "phone", "Mobile": "phone", "Title": "title", "Birthdate": "birthday",
            "HasOptedOutOfEmail": "opted_out", "Email Opt Out": "opted_out",
        },
        changes={"external_id": long_id, "account_external_id": long_id},
        deleted=("IsDeleted", "Deleted"),
    ),
}  # fmt: skip

# Headings are those of a list's export: the object, a hyphen, the field.
_PIPEDRIVE = {
    "accounts": Preset(
        titles={
            "Organization - ID": "external_id", "ID": "external_id", "Organization - Name": "name", "Name": "name",
            "Organization - Website": "domain", "Organization - Industry": "industry",
            "Organization - Country of Address": "country", "Organization - Label": "tags",
            "Organization - Labels": "tags", "Organization - Organization created": "signed_up_on",
            "Organization - Owner": "owner_email",
        },
        slashes="",
    ),
    "contacts": Preset(
        titles={
            "Person - ID": "external_id", "ID": "external_id", "Organization - ID": "account_external_id",
            "Person - Organization": "account_name", "Organization - Name": "account_name",
            "Person - First name": "first_name", "Person - Last name": "last_name", "Person - Name": "full_name",
            "Person - Email - Work": "email", "Person - Email": "email", "Person - Email - Home": "email",
            "Person - Email - Other": "email", "Person - Phone - Work": "phone", "Person - Phone": "phone",
            "Person - Phone - Mobile": "phone", "Person - Job title": "title", "Person - Birthday": "birthday",
            "Person - Marketing status": "opted_out",
        },
        changes={"email": first_of_commas, "opted_out": opted_out_of_marketing},
        slashes="",
    ),
}  # fmt: skip

#: Of vCards, where nobody has chosen.
CARDS = Preset(titles=vcards.OURS, slashes="")

#: By name, then by kind.
PRESETS: Mapping[str, Mapping[str, Preset]] = {"hubspot": _HUBSPOT, "salesforce": _SALESFORCE, "pipedrive": _PIPEDRIVE}

#: As people know them.
LABELS = {"hubspot": "HubSpot", "salesforce": "Salesforce", "pipedrive": "Pipedrive"}
