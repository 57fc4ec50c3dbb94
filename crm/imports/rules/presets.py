"""How other systems name their columns, and what their values mean. Titles are compared without case and blanks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Changes a filled cell before it is read.
Change = Callable[[str], str]


@dataclass(frozen=True)
class Preset:
    """One system's files of one kind."""

    titles: Mapping[str, str]  # its title → our column; of two for one column, the earlier wins
    changes: Mapping[str, Change] = field(default_factory=dict)  # by our column
    deleted: tuple[str, ...] = ()  # columns whose yes says that the row is deleted there
    month_first: bool = True  # 3/15/2024 is a date in March


def first_of_list(cell: str) -> str:
    """HubSpot lists the ids of all companies of a contact; the first is the primary one."""
    return cell.split(";")[0].strip()


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
            "Company Domain Name": "domain", "Industry": "industry", "Company owner email": "owner_email",
        },
    ),
    "contacts": Preset(
        titles={
            "Record ID": "external_id", "Record ID - Contact": "external_id",
            "Associated Company IDs (Primary)": "account_external_id", "Associated Company IDs": "account_external_id",
            "First Name": "first_name", "Last Name": "last_name", "Email": "email", "Phone Number": "phone",
            "Job Title": "title", "Date of birth": "birthday",
            "Unsubscribed from all email": "opted_out", "Opted out of all email": "opted_out",
            "hs_email_optout": "opted_out",
        },
        changes={"account_external_id": first_of_list, "email": first_of_list},
    ),
}  # fmt: skip

_SALESFORCE = {
    "accounts": Preset(
        titles={
            "Id": "external_id", "Account ID": "external_id", "Name": "name", "Account Name": "name",
            "Website": "domain", "Industry": "industry", "BillingCountryCode": "country",
            "Billing Country Code": "country", "Owner.Email": "owner_email", "Account Owner: Email": "owner_email",
        },
        changes={"external_id": long_id},
        deleted=("IsDeleted", "Deleted"),
    ),
    "contacts": Preset(
        titles={
            "Id": "external_id", "Contact ID": "external_id", "Account ID": "account_external_id",
            "FirstName": "first_name", "LastName": "last_name", "Email": "email", "Phone": "phone",
            "MobilePhone": "phone", "Mobile": "phone", "Title": "title", "Birthdate": "birthday",
            "HasOptedOutOfEmail": "opted_out", "Email Opt Out": "opted_out",
        },
        changes={"external_id": long_id, "account_external_id": long_id},
        deleted=("IsDeleted", "Deleted"),
    ),
}  # fmt: skip

#: By name, then by kind.
PRESETS: Mapping[str, Mapping[str, Preset]] = {"hubspot": _HUBSPOT, "salesforce": _SALESFORCE}
