"""People's cards (vCard 2.1, 3.0 and 4.0) as rows of a table with the same columns for all files; memory does not grow.

Of several addresses and numbers the preferred one comes first, and the others stand beside it. A birthday without a
year gets the year that says so. What nobody can tell from a card, such as “about 1950”, is left out.
"""

from __future__ import annotations

import hashlib
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crm.accounts.rules import YEAR_UNKNOWN

#: The columns, whatever a card says.
TITLES = (
    "UID", "Full name", "First name", "Last name", "Organisation", "Job title", "E-mail", "Other e-mails", "Phone",
    "Other phones", "Birthday", "Language", "Time zone", "Website", "Address", "Note",
)  # fmt: skip
#: Columns that go to ours, where nobody has decided.
OURS = {
    "UID": "external_id", "Full name": "full_name", "First name": "first_name", "Last name": "last_name",
    "Organisation": "account_name", "Job title": "title", "E-mail": "email", "Phone": "phone", "Birthday": "birthday",
    "Language": "language", "Time zone": "timezone",
}  # fmt: skip

_READ = frozenset({"VERSION", "UID", "FN", "N", "ORG", "TITLE", "ROLE", "EMAIL", "TEL", "BDAY", "LANG", "TZ", "URL",
                   "ADR", "NOTE", "KIND", "X-ABSHOWAS"})  # fmt: skip
#: Characters of one property, and properties of one card: more than anybody writes.
_LONGEST, _MOST = 65_536, 400


def holds_cards(start: str) -> bool:
    """Whether a file that begins so holds cards rather than rows."""
    return start.lstrip("\ufeff \t\r\n")[:11].upper() == "BEGIN:VCARD"


@dataclass(slots=True)
class Property:
    """`kinds` are its types, small; `texts` its value's parts, split where no backslash stands."""

    name: str
    kinds: frozenset[str]
    rank: int  # how much it is preferred: the smaller, the more
    value: str

    def parts(self, mark: str = ";") -> list[str]:
        return [_plain(part) for part in re.split(rf"(?<!\\){mark}", self.value)]

    @property
    def text(self) -> str:
        return _plain(self.value)


@dataclass(slots=True)
class Card:
    line: int  # where it begins
    found: list[Property] = field(default_factory=list)
    problem: str = ""

    def all(self, name: str) -> list[Property]:
        return [each for each in self.found if each.name == name and each.value.strip(" ;")]

    def first(self, name: str) -> str:
        return next((each.text for each in self.all(name)), "")


def cards(lines: Iterable[str], encoding: str) -> Iterator[Card]:
    """The cards of a file, which was opened in this encoding with errors="surrogateescape"."""
    card, depth = Card(0), 0
    for number, line in _unfolded(lines):
        name = line.strip().upper()
        if name == "BEGIN:VCARD":
            depth += 1
            if depth == 1:
                card = Card(number)
        elif name == "END:VCARD" and depth:
            depth -= 1
            if depth == 0:
                yield card
        elif depth == 1 and (found := _property(line, encoding)):
            if len(found.value) > _LONGEST or len(card.found) >= _MOST:
                card.problem = "has more in it than a card of a person; an END:VCARD may be missing"
            else:
                card.found.append(found)
    if depth:
        card.problem = "has no END:VCARD, so the file may have been cut off"
        yield card


def cells(card: Card) -> list[str]:
    """A row under TITLES."""
    family, given, *more = [*(part.replace(",", " ") for part in _named(card)), "", ""][:5]
    emails = [re.sub("^mailto:", "", each.text, flags=re.IGNORECASE) for each in _ranked(card.all("EMAIL"))]
    phones = [_number(each.text) for each in _ranked(card.all("TEL"), ("cell", "work"), ("fax", "pager"))]
    full, organisation = card.first("FN"), next((each.parts()[0] for each in card.all("ORG")), "")
    zone = card.first("TZ")
    return [
        "" if emails else card.first("UID") or _fingerprint(full or f"{given} {family}", organisation, *phones[:1]),
        full, " ".join(filter(None, (given, *more[:1]))), family, organisation,
        card.first("TITLE") or card.first("ROLE"), *_one_and_others(emails), *_one_and_others(phones), _birthday(card),
        card.first("LANG")[:10], zone if "/" in zone else "", card.first("URL"),
        ", ".join(part for part in next((each.parts() for each in card.all("ADR")), []) if part), card.first("NOTE"),
    ]  # fmt: skip


def of_a_company(card: Card) -> bool:
    kind = card.first("KIND").lower()
    return kind in ("org", "group", "location") or card.first("X-ABSHOWAS").upper() == "COMPANY"


def _unfolded(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Whole properties, with the number of the line at which each begins; what nobody reads is cut short."""
    number, whole = 0, ""
    for at, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        quoted = whole.endswith("=") and "QUOTED-PRINTABLE" in whole.partition(":")[0].upper()
        if quoted or line[:1] in (" ", "\t"):
            more = line if quoted else line[1:]
            whole = whole[:-1] + more if quoted else whole + more if len(whole) <= _LONGEST else whole
            continue
        if whole:
            yield number, whole
        number, whole = at, line
    if whole:
        yield number, whole


#: Group, name, and what stands between it and the colon; a colon inside quotation marks ends nothing.
_LINE = re.compile(r'(?:[\w-]+\.)?([\w-]+)((?:;(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)


def _property(line: str, encoding: str) -> Property | None:
    """None for what is no property, or none that is read."""
    if not (match := _LINE.fullmatch(line)) or match[1].upper() not in _READ:
        return None
    said: dict[str, list[str]] = {}
    for part in re.findall(r';((?:"[^"]*"|[^";])*)', match[2]):
        key, equals, text = part.partition("=")
        # In 2.1 a type or an encoding may stand alone.
        key, text = (key.upper(), text) if equals else ("TYPE", key)
        said.setdefault(key, []).extend(text.replace('"', "").lower().split(","))
    kinds = frozenset(said.get("TYPE", []))
    quoted = "quoted-printable" in (*said.get("ENCODING", []), *kinds)
    charset = said.get("CHARSET", [""])[0]
    rank = int(said["PREF"][0]) if said.get("PREF", [""])[0].isdecimal() else 1 if "pref" in kinds else 101
    return Property(match[1].upper(), kinds, rank, _decoded(match[3], quoted, charset, encoding))


def _decoded(value: str, quoted: bool, charset: str, encoding: str) -> str:
    if not quoted and (not charset or value.isascii()):
        return value
    octets = value.encode(encoding, "surrogateescape")
    if quoted:
        octets = quopri.decodestring(octets)
    for name in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            return octets.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return octets.decode("utf-8", "surrogateescape")


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _named(card: Card) -> list[str]:
    return next((each.parts() for each in card.all("N")), [])


def _ranked(found: list[Property], rather: tuple[str, ...] = (), never: tuple[str, ...] = ()) -> list[Property]:
    """The preferred first, then those of the kinds in `rather`, then as they stand; those in `never` last."""

    def place(each: Property) -> tuple[bool, int, int]:
        kind = next((n for n, name in enumerate(rather) if name in each.kinds), len(rather))
        return not each.kinds.isdisjoint(never), each.rank, kind

    return sorted(found, key=place)


def _one_and_others(values: list[str]) -> tuple[str, str]:
    several = list(dict.fromkeys(values)) or [""]
    return several[0], ", ".join(several[1:])


def _number(text: str) -> str:
    """Also from the address tel:+49-30-1;ext=5."""
    number, _, more = re.sub("^tel:", "", text, flags=re.IGNORECASE).partition(";")
    extension = re.search(r"ext=(\d+)", more)
    return f"{number} ext. {extension[1]}" if extension else number


_DAY = re.compile(r"(\d{4}|--)-?(\d{2})-?(\d{2})(?:[T ].*)?")


def _birthday(card: Card) -> str:
    found = _DAY.fullmatch(card.first("BDAY"))
    return f"{YEAR_UNKNOWN if found[1] == '--' else found[1]}-{found[2]}-{found[3]}" if found else ""


def _fingerprint(*words: str) -> str:
    """What tells a card from others that has neither address nor number of its own: it is found again by that."""
    known = "\0".join(words)
    return f"vcard-{hashlib.sha256(known.encode(errors='replace')).hexdigest()[:24]}" if known.strip("\0 ") else ""
