"""What the page of a customer says, as arithmetic: the next step, where an entry stands in time, how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError

from crm.web import wording

#: A renewal nearer than this is worth a sentence on top of the page.
RENEWAL_NEAR_DAYS = 60


#: Of a birthday whose year nobody knows: a leap year in which nobody was born who is alive.
YEAR_UNKNOWN = 1604
#: A birthday or an anniversary nearer than this is worth a word.
DAY_NEAR_DAYS = 14


@dataclass(frozen=True, slots=True)
class OpenTask:
    title: str
    due_at: datetime  # in the viewer's zone


@dataclass(frozen=True, slots=True)
class Renewal:
    """The contract that runs out next: `on` is its first day without service."""

    on: date
    mrr: Decimal
    currency: str
    auto_renew: bool


@dataclass(frozen=True, slots=True)
class Next:
    """The sentence that says what to do: its first words stand out."""

    lead: str
    rest: str


def next_step(task: OpenTask | None, renewal: Renewal | None, now: datetime) -> Next | None:
    """The earliest open task and the renewal, when it is near; None when there is nothing to say.

    `now` is in the viewer's zone. A contract that renews by itself is no reason to act, only something to know.
    """
    days = (renewal.on - now.date()).days if renewal else None
    near = renewal is not None and days is not None and 0 <= days <= RENEWAL_NEAR_DAYS
    about = _renewal(renewal, days) if near and renewal and days is not None else ""
    if task:
        return Next(_full_stop(task.title), " ".join(filter(None, [_due(task.due_at, now), about])))
    if near and renewal and not renewal.auto_renew:
        return Next("Talk about the renewal.", about)
    return None


def _renewal(renewal: Renewal, days: int) -> str:
    money = wording.money(renewal.mrr, renewal.currency)
    verb = "renews by itself" if renewal.auto_renew else "runs out"
    return f"The contract over {money} a month {verb} {wording.in_days(days)}."


def _due(due_at: datetime, now: datetime) -> str:
    days = (due_at.date() - now.date()).days
    if due_at < now:
        return f"It was due {wording.in_days(days)}." if days else f"It was due today at {due_at:%H:%M}."
    return f"It is due {wording.in_days(days)}{f' at {due_at:%H:%M}' if days < 2 else ''}."


def _full_stop(title: str) -> str:
    return title if title[-1:] in ".?!…" else f"{title}."


def heading(day: date, today: date) -> str:
    """Under which heading of the timeline a day stands: today, yesterday, this week, or its month."""
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day >= today - timedelta(days=today.weekday()):
        return "This week"
    return f"{day:%B}" if day.year == today.year else f"{day:%B %Y}"


#: Icon (lucide) and tone by the noun of an entry's kind.
FACES = {
    "account": "building-2", "call": "phone", "chat": "message-circle", "contact": "user-round",
    "contract": "file-text", "deal": "circle-dollar-sign", "email": "mail", "file": "paperclip",
    "form": "clipboard-pen", "goal": "target", "hand_off": "handshake", "import": "file-input", "interview": "mic",
    "mail": "mail", "meeting": "users-round", "message": "mail", "note": "sticky-note", "payment": "banknote",
    "purchase": "shopping-cart", "task": "square-check", "ticket": "ticket", "usage": "activity", "workflow": "zap",
}  # fmt: skip

#: What the timeline can be narrowed to: the chip's word, and the nouns of the kinds it shows. What is in no group
#: is a change of the record.
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "calls": ("Calls", ("call",)),
    "meetings": ("Meetings", ("meeting", "interview")),
    "notes": ("Notes", ("note", "file")),
    "mail": ("Mail", ("email", "mail", "message", "chat", "form")),
    "tickets": ("Tickets", ("ticket",)),
    "tasks": ("Tasks", ("task",)),
    "deals": ("Deals", ("deal",)),
    "product": ("Product", ("usage",)),
    "money": ("Money", ("contract", "payment", "purchase")),
}
EVERYTHING, CHANGES = "everything", "changes"
CHIPS: Mapping[str, str] = {
    EVERYTHING: "Everything", **{name: label for name, (label, _) in GROUPS.items()}, CHANGES: "Changes"
}  # fmt: skip
#: Of all groups together.
GROUPED = tuple(noun for _, nouns in GROUPS.values() for noun in nouns)

#: Verbs that are bad or good news.
BAD = frozenset(
    {"bounced", "cancelled", "churned", "complained", "dropped", "ended", "failed", "fell", "lost", "missed", "overdue"}
)
GOOD = frozenset({"renewed", "started", "won", "grew", "reached"})


def face(kind: str, source: str) -> tuple[str, str]:
    """The icon of an entry and its tone: auto, in, good, bad, or "" for what people of ours did."""
    noun, _, verb = kind.partition(".")
    tone = {"automatic": "auto", "customer": "in"}.get(source, "")
    if verb in BAD:
        tone = "bad"
    elif verb in GOOD:
        tone = "good"
    return FACES.get(noun, "circle-dot"), tone


def tag_list(text: str) -> list[str]:
    """Tags as typed, between commas: trimmed, each once, in the order of typing."""
    return list(dict.fromkeys(" ".join(tag.split()) for tag in text.split(",") if tag.strip()))


#: Of the two-letter codes that CLDR names: unions, exceptional reservations and codes for tests, no countries.
_NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


@cache
def _countries() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code → name, by name."""
    names = Locale("en", "GB").territories
    named = {code: str(name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES}
    return dict(sorted(named.items(), key=lambda pair: pair[1].casefold()))


def country_name(code: str) -> str:
    """“Germany” for DE; a code that is none stays as it is."""
    return _countries().get(code, code)


def country_choices(stored: str = "") -> list[tuple[str, str]]:
    """For a form. What is stored stays choosable, country or not."""
    strange = [(stored, stored)] if stored and stored not in _countries() else []
    return [("", "Unknown"), *strange, *_countries().items()]


#: Languages of a country that people write differently from the others.
_REGIONAL = ("en-GB", "en-US", "pt-BR", "zh-TW")


def language_choices(stored: str = "") -> list[tuple[str, str]]:
    """For a form, by name. What is stored stays choosable."""
    known = {str(code) for code in Locale("en").languages if len(str(code)) == 2}
    codes = known | {*_REGIONAL} | ({stored} if stored else set())
    return sorted(((code, language_name(code)) for code in codes), key=lambda one: one[1])


def next_yearly(day: date, today: date) -> date:
    """When a day of some year comes round again, today included; 29 February is the 28th where there is none."""
    for year in (today.year, today.year + 1):
        try:
            again = day.replace(year=year)
        except ValueError:
            again = date(year, 2, 28)
        if again >= today:
            return again
    return again


def birthday_words(birthday: date | None, today: date) -> str:
    """“birthday in 3 days”; blank when it is further away than a fortnight."""
    if birthday is None:
        return ""
    days = (next_yearly(birthday, today) - today).days
    return f"birthday {wording.in_days(days)}" if days <= DAY_NEAR_DAYS else ""


def anniversary_words(since: date | None, today: date) -> str:
    """“3 years a customer in 6 days”; blank when it is further away than a fortnight, and in the first year."""
    if since is None or since >= today:
        return ""
    again = next_yearly(since, today)
    years, days = again.year - since.year, (again - today).days
    if not years or days > DAY_NEAR_DAYS:
        return ""
    return f"{years} year{'' if years == 1 else 's'} a customer {wording.in_days(days)}"


@lru_cache(maxsize=1024)
def language_name(code: str) -> str:
    """“German” for de, “Portuguese (Brazil)” for pt-BR; a code that is none stays as it is."""
    try:
        name = Locale.parse(code.replace("-", "_")).get_display_name("en") if code else ""
    except (ValueError, UnknownLocaleError):
        name = ""
    return name or code
