"""What other rooms add to pages: lines of the rail, panels, marks, reasons for Today, notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import QuerySet, Subquery
    from django.http import HttpRequest


@dataclass(frozen=True)
class MenuEntry:
    """A line of the left rail. `count` gives its badge: a number, None for none, rows, or a statement that finds them.

    Rows are counted together with those of other entries, in one query: an index has to find them. Every page asks, so
    that a statement which is composed once (`crm.web.composed`) is better.
    """

    label: str
    icon: str  # a lucide name
    url_name: str
    order: int
    count: Callable[[Any], int | QuerySet[Any] | tuple[str, Sequence[Any]] | None] | None = None
    roles: frozenset[str] = frozenset({"admin", "manager", "agent"})
    place: str = "rail"  # bell: beside the name of the house, with its count alone; search: only Ctrl K finds it


@dataclass(frozen=True)
class Place:
    """A page of those about how customers are kept, which stand beside each other as tabs. Its name here is what it
    gives `{% keeping_places %}`."""

    label: str
    url_name: str
    order: int
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A part of a page about one subject. `context` runs at most one query; None hides the panel.

    The template finds what `context` gave beside what the page has: `request`, and the subject as `account`.
    """

    template: str
    context: Callable[[Any, HttpRequest], dict[str, Any] | None]
    order: int = 0


@dataclass(frozen=True)
class TodayReason:
    """Why a customer needs a human today. `find` returns (account id, one sentence, urgency 0…1, action word)."""

    find: Callable[[Any, datetime, int], Iterable[tuple[int, str, float, str]]]
    order: int = 0


@dataclass(frozen=True)
class ContractDoor:
    """A button on a contract's dialog, for whoever may edit contracts; `url_name` takes its id and is a dialog too."""

    label: str
    url_name: str


#: Name → an expression over the account that is read along with its row when its page is shown: panels and tiles find
#: the value as an attribute of the account, and ask nothing.
account_reads: Registry[Callable[[], Any]] = Registry("value read with an account's page")
contract_doors: Registry[ContractDoor] = Registry("door of a contract")
menu: Registry[MenuEntry] = Registry("menu entry")
keeping_places: Registry[Place] = Registry("place about keeping customers")


@dataclass(frozen=True)
class Mark:
    """A word beside a contact's name, such as “bounced”. `tone` is a badge's: good, warn, bad, info or blank."""

    text: str
    tone: str = ""
    title: str = ""


#: (contacts, now) → mark by contact id, in at most one query.
contact_marks: Registry[Callable[[Sequence[Any], datetime], Mapping[int, Mark]]] = Registry("contact mark")
account_panels: Registry[Panel] = Registry("account panel")  # the aside of the account page
contact_panels: Registry[Panel] = Registry("contact panel")  # the aside of a person's page
#: The aside of a ticket's page; the subject is the ticket, which may be of no customer, as `ticket`.
ticket_panels: Registry[Panel] = Registry("ticket panel")
today_cards: Registry[Panel] = Registry("card of Today")  # on top of it; `context` gets the viewer, and asks nothing
account_tiles: Registry[Panel] = Registry("account tile")  # the row of figures on top of it
today_reasons: Registry[TodayReason] = Registry("reason for Today")
#: Kind of fact → the name of what stands still for an account (OuterRef "pk") until it has one, or null.
fact_waits: Registry[Callable[[str], Subquery]] = Registry("wait for a fact")


@dataclass(frozen=True)
class Notice:
    """A sentence on top of every page. `tone` is warn or bad."""

    title: str
    text: str
    url: str
    action: str
    tone: str = "warn"


#: (request, how the work stands: crm.web.standing.Standing) → what this viewer should know on whatever page, or None.
notices: Registry[Callable[[HttpRequest, Any], Notice | None]] = Registry("notice")


@dataclass(frozen=True)
class SettingsPage:
    """A line of the settings. `hint` says in a few words what is set there."""

    label: str
    hint: str
    icon: str  # a lucide name
    url_name: str
    group: str  # You | Team | Record | Mail | Installation
    order: int = 0
    roles: frozenset[str] = frozenset({"admin"})
    keywords: str = ""  # what people may search it by, beside its words
    anchor: str = ""  # where on the page


settings_pages: Registry[SettingsPage] = Registry("settings page")
mail_tabs: Registry[MenuEntry] = Registry("tab of the mail page")  # pages of rooms above the outbox; `count` as there


@dataclass(frozen=True)
class Found:
    """A line of the search: something to open, or something to do."""

    title: str
    url: str
    icon: str  # a lucide name
    second: str = ""  # what tells it from others of the same name
    sends: tuple[tuple[str, str], ...] = ()  # fields of a form: it is done by posting them to `url`, else a link


@dataclass(frozen=True)
class SearchSource:
    """Where Ctrl-K looks. `find(viewer, text, limit)` runs at most one query, which an index serves, and gives rows
    that the viewer may see, the best first; `alike` is asked only when no source has found anything."""

    label: str
    find: Callable[[Any, str, int], Sequence[Found]]
    alike: Callable[[Any, str, int], Sequence[Found]] | None = None
    of_record: bool = True  # False: things to do and places to go, which are no answer to a search
    order: int = 0


search_sources: Registry[SearchSource] = Registry("search source")


@dataclass(frozen=True)
class StartPage:
    """A page without arguments on which people may begin, instead of Today. Users keep its name in the registry."""

    label: str
    url_name: str
    permission: str  # of the matrix: whoever lacks it is not offered the page, and begins on Today
    order: int = 0


start_pages: Registry[StartPage] = Registry("start page")
