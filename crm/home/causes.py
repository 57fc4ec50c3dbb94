"""Technical causes in words for people: what went wrong, and beside it what the machine said."""

from __future__ import annotations

import re

_ANSWER = re.compile(r"The mail server answered (?P<at>[A-Z]+): ?(?P<code>\d{3})\b.*", re.S)
#: What codes of RFC 5321 mean where they are common; all others go by their first digit.
_CODES = {
    "421": "The mail server was too busy",
    "450": "The mailbox was busy, again and again",
    "452": "The mailbox is full",
    "550": "The mailbox does not exist, or takes no mail from us",
    "551": "The mailbox has moved somewhere else",
    "552": "The mailbox is full, or the mail too large",
    "553": "The mail server takes this for no address",
    "554": "The mail server refused it, as spam perhaps",
}
#: Sentences of ours that end in what the other side said.
_OURS = re.compile(r"(?P<words>(?:The|Nobody|Something)\b[^:\n]{8,120}): (?P<said>.+)", re.S)
_ERROR = re.compile(r"(?:[a-z_]+\.)*[A-Z]\w*(?:Error|Exception|Timeout|Canceled)\b.*", re.S)


def in_words(cause: str) -> tuple[str, str]:
    """What happened, and as it was said by the machine; blank where the words are all there is."""
    if not cause.strip():
        return "No cause is kept.", ""
    if answer := _ANSWER.fullmatch(cause):
        code = answer["code"]
        later = "The mail server asked to come back later, again and again"
        return _CODES.get(code, later if code.startswith("4") else "The mail server refused it"), cause
    if ours := _OURS.fullmatch(cause):
        return ours["words"], cause
    if _ERROR.fullmatch(cause):
        return "Something is wrong on our side: the mail or workflow asks for what is not there", cause
    return cause, ""
