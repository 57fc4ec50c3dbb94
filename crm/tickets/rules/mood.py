"""How somebody feels who writes to us, by the words that they use: −100 … 100, and which words decided.

A lexicon of our own for mail to a support desk. Words within reach of a negation turn round, boosters and capitals
strengthen, what follows a “but” counts more than what stands before it. Sums are folded into ±100 by s / √(s² + 15).
English only: of any other language, and of what is too short to tell, there is no mood rather than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from crm.tickets.rules.mood_words import BOOSTERS, EMOJI, ENGLISH, FOREIGN, NEGATIONS, PHRASES, WORDS

#: From here on somebody is frustrated, and people are told; between these two they are neither.
FRUSTRATED, NEGATIVE, POSITIVE = -50, -15, 15
#: What somebody can correct it to, and the score that stands for it; None: it is not to be judged.
CHOICES = {"frustrated": -75, "unhappy": -30, "neutral": 0, "content": 50, "none": None}
#: Characters that are read, and words that are named.
_READ, _NAMED = 5000, 5
#: What a negation makes of a word behind it, within so many words.
_TURNED, _REACH = -0.74, 3
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.3
_CAPITALS, _EXCLAIMED, _FOLD = 1.25, 0.15, 15

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?\n;]+")
_NOISE = re.compile(r"https?://\S+|\S+@\S+|```.*?```|`[^`]*`|^\s*(?:at |File |Traceback|>).*$", re.M | re.S)
_PHRASE = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, PHRASES), key=len, reverse=True))})(?!\w)")
_FACE = re.compile("|".join(sorted(map(re.escape, EMOJI), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Mood:
    score: int
    words: tuple[str, ...]  # that decided, the weightiest first, as they stand in the text


@dataclass(frozen=True, slots=True)
class _Weighed:
    words: str
    weight: float


def mood(text: str) -> Mood | None:
    """None where it cannot be told: another language, or nothing to read."""
    plain = _NOISE.sub(" ", text[:_READ].replace("’", "'"))
    if not is_english(plain):
        return None
    found = [one for sentence in _sentences(plain) for one in _weigh(sentence)]
    found += [_Weighed(face, EMOJI[face]) for face in _FACE.findall(plain)]
    total = sum(one.weight for one in found)
    total *= 1 + min(plain.count("!"), 4) * _EXCLAIMED
    decided = sorted((one for one in found if one.weight * total > 0), key=lambda one: -abs(one.weight))
    named = tuple(dict.fromkeys(one.words for one in decided))[:_NAMED]
    return Mood(round(100 * total / sqrt(total * total + _FOLD)), named)


def label(score: int) -> str:
    """“Frustrated”, “Unhappy”, “Neutral” or “Content”."""
    if score <= FRUSTRATED:
        return "Frustrated"
    return "Unhappy" if score <= NEGATIVE else "Content" if score >= POSITIVE else "Neutral"


def is_english(text: str) -> bool:
    """By its small words; short texts must at least hold a word that we know, and none of another language."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        return bool(_FACE.search(text))
    ours = sum(word in ENGLISH for word in words)
    theirs = sum(word in FOREIGN for word in words)
    if len(words) < 6:
        told = any(word in WORDS for word in words) or _PHRASE.search(text.casefold())
        return not theirs and (ours > 1 or bool(told))
    return ours > 2 * theirs and ours >= len(words) * 0.15


def _sentences(text: str) -> Iterator[str]:
    return (part for part in _SENTENCE.split(text) if part.strip())


def _weigh(sentence: str) -> list[_Weighed]:
    """The words of a sentence that weigh something."""
    found: list[tuple[int, _Weighed]] = []
    lowered = sentence.casefold() if len(sentence.casefold()) == len(sentence) else sentence.lower()
    taken = [(match.start(), match.end()) for match in _PHRASE.finditer(lowered)]
    for begin, end in taken:
        if weight := PHRASES[lowered[begin:end]]:
            found.append((begin, _Weighed(sentence[begin:end], weight)))
    words = [(match.start(), match.group()) for match in _WORD.finditer(sentence)]
    shouted = any(word.islower() for _, word in words)
    for place, (at, word) in enumerate(words):
        weight = WORDS.get(word.casefold(), 0.0)
        if not weight or any(begin <= at < end for begin, end in taken):
            continue
        before = words[max(0, place - _REACH) : place]
        if word.isupper() and len(word) > 1 and shouted:
            weight *= _CAPITALS
        found.append((at, _within(sentence, before, at, word, weight)))
    return _around_but(lowered, found)


def _within(sentence: str, before: Sequence[tuple[int, str]], at: int, word: str, weight: float) -> _Weighed:
    """A word as those before it leave it."""
    if before and before[-1][1].casefold() in BOOSTERS:
        weight *= 1 + BOOSTERS[before[-1][1].casefold()] / 100
    turned = next((begin for begin, one in before if one.casefold() in NEGATIONS), None)
    if turned is None:
        return _Weighed(word, weight)
    return _Weighed(sentence[turned : at + len(word)], weight * _TURNED)


def _around_but(lowered: str, found: list[tuple[int, _Weighed]]) -> list[_Weighed]:
    turn = max((match.start() for match in re.finditer(r"\b(?:but|however)\b", lowered)), default=-1)
    if turn < 0:
        return [one for _, one in found]
    return [_Weighed(one.words, one.weight * (_BEFORE_BUT if at < turn else _AFTER_BUT)) for at, one in found]
