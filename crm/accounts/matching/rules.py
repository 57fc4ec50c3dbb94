"""What makes two records one, as arithmetic: keys to compare by, how strong each sign is, and its words."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers

#: Words at the end of a name that say how a company is registered, not what it is called. “& Co. KG” loses both.
LEGAL_FORMS = (
    "ab", "ag", "aps", "as", "bv", "co", "company", "corp", "corporation", "ek", "ev", "gbr", "gmbh", "inc",
    "incorporated", "kft", "kg", "kgaa", "lda", "limited", "llc", "llp", "ltd", "ltda", "mbh", "nv", "ohg", "oy",
    "oyj", "plc", "pty", "sa", "sarl", "sas", "se", "sl", "spa", "srl", "srls", "ug", "zrt",
)  # fmt: skip

#: Mail of everybody: an address there says nothing about where its owner works.
PUBLIC_DOMAINS = (
    "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com",
    "hey.com", "hotmail.com", "hotmail.co.uk", "icloud.com", "laposte.net", "libero.it", "live.com", "mail.com",
    "mail.ru", "mailbox.org", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de", "pm.me", "posteo.de",
    "proton.me", "protonmail.com", "qq.com", "seznam.cz", "t-online.de", "tutanota.com", "web.de", "wp.pl",
    "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.ru", "163.com",
)  # fmt: skip

#: Numbers with fewer than six digits are extensions: everybody has a 12.
_SHORTEST = 100_000
#: Names are alike from this trigram similarity on (0…1).
ALIKE = 0.6
#: People's names are shorter, so that one letter weighs more: “Anna Meyer” and “Anna Meier” come to 0.57.
PEOPLE_ALIKE = 0.5
#: A pair weaker than this is nobody's business. Of 100.
WORTH_A_LOOK = 45
#: So many points for each sign; a name counts in proportion to its similarity.
DOMAIN, EMAIL, PHONE = 80, 95, 50
NAME, NAME_BESIDE = 65, 15  # alone with a second sign, and beside a stronger one
COUNTRY, INDUSTRY, SAME_CUSTOMER = 8, 7, 20
STRONGEST = 99  # nobody but a person is sure

#: What each sign says, the strongest first.
WORDS = {
    "email": "the same e-mail address",
    "domain": "the same domain",
    "phone": "the same phone number",
    "same_name": "the same name",
    "name": "a similar name",
    "customer": "the same customer",
    "country": "the same country",
    "industry": "the same industry",
}


def reason(signs: Iterable[str]) -> str:
    """The signs of a match as one sentence: “The same domain, a similar name and the same country”."""
    said = set(signs)
    words = [text for sign, text in WORDS.items() if sign in said]
    if not words:
        return ""
    sentence = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return sentence[0].upper() + sentence[1:]


def strength_words(strength: int) -> str:
    """How sure the rules are, for people."""
    return "almost certain" if strength >= 85 else "likely" if strength >= 65 else "possible"


def bare_domain(text: str) -> str:
    """Of an address of the web as people paste it, or of e-mail: lower case, without www. Blank if there is none."""
    bare = text.strip().lower().rpartition("@")[2]
    return bare.partition("://")[2].partition("/")[0] if "://" in bare else bare.partition("/")[0]


def domain_key(text: str) -> str:
    """What domains are compared by; blank for one that everybody has an address at."""
    bare = bare_domain(text).removeprefix("www.")
    return "" if bare in PUBLIC_DOMAINS else bare


def names_its_country(phone: str) -> bool:
    """Whether it begins with a country's code, as +49 or 0049."""
    return phone.strip().startswith(("+", "00"))


def phone_key(phone: str, country: str = "") -> str:
    """The number as E.164 (“+49301234567”), blank if it is none. `country` is where one without +… is dialled."""
    text = phone.strip()
    if names_its_country(text):
        text = f"+{text.removeprefix('00').removeprefix('+')}"
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number) or (number.national_number or 0) < _SHORTEST:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
