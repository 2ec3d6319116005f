"""Words typed in French, compared with those of rooms (words.sql): accents and typos forgiven.

A word is found as it is anywhere in the names, the equipment or the description; with one wrong,
missing, added or exchanged letter, or as likely the same to pg_trgm, in the names and the
equipment only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from salle.kernel.french import fold
from salle.venues.rules import RoomKind

MOST = 8
LONGEST = 40
WHOLE = 2  # letters: a shorter word must stand alone
FORGIVEN, MORE_FORGIVEN, LOOSE = 4, 5, 6  # letters from which typos are forgiven
_LETTER = "[a-z0-9]"
# As typed, with accents: « à » says nothing, « A » may be the name of a hall.
_LITTLE = frozenset(
    (
        *("à", "au", "aux", "avec", "d", "dans", "de", "des", "du", "en", "et", "l", "la", "le"),
        *("les", "ou", "où", "par", "pour", "près", "salle", "salles", "sur", "un", "une"),
    )
)
_PARTS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class WordConditions:
    """SQL on `w`, a row of room_words: whether every word is there, and how well (0 to 1)."""

    where: str
    likeness: str
    parameters: dict[str, Any]


def fold_words(typed: str) -> str:
    """« Collège St-Exupéry » → « college st exupery », as fold_words() of words.sql does."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", fold(typed)).split())


def read_words(typed: str) -> list[str]:
    """The words that say something, folded."""
    parts = [part.lower() for part in _PARTS.findall(typed.replace("’", "'"))]
    telling = [part for part in parts if part not in _LITTLE] or parts
    folded = [word for part in telling for word in fold_words(part).split()]
    return [word[:LONGEST] for word in folded][:MOST]


def word_conditions(typed: str) -> WordConditions:
    """The conditions for all the words of a question; nothing is found when it holds none."""
    words = read_words(typed)
    if not words:
        return WordConditions(where="false", likeness="0", parameters={})
    wheres, scores, parameters = [], [], {}
    for number, word in enumerate(words):
        where, score, more = _one(number, word)
        wheres.append(where)
        scores.append(score)
        parameters.update(more)
    likeness = f"round(CAST(({' + '.join(scores)}) / {len(words)} AS numeric), 2)"
    return WordConditions(where=" AND ".join(wheres), likeness=likeness, parameters=parameters)


def _one(number: int, word: str) -> tuple[str, str, dict[str, Any]]:
    name = f"word{number}"
    parameters = {name: f"% {word} %" if len(word) <= WHOLE else f"%{word}%"}
    exact = [f"w.names LIKE :{name}"]
    for kind in _kinds(word):
        key = f"{name}_{kind}"
        exact.append(f"w.names LIKE :{key}")
        parameters[key] = f"% ={kind} %"
    tests = [(" OR ".join(exact), "1.0"), (f"w.description LIKE :{name}", "0.5")]
    if (pattern := typos(word)) is not None:
        tests.insert(1, (f"w.names ~ :{name}_typos", "0.8"))
        ending = f"{_LETTER}{{0,2}}" if len(word) >= LOOSE else ""
        parameters[f"{name}_typos"] = f" ({pattern}){ending} "
    if len(word) >= LOOSE and not word.isdigit():
        parameters[f"{name}_loose"] = word
        score = f"strict_word_similarity(:{name}_loose, w.names)"
        tests.append((f":{name}_loose <<% w.names", score))
    cases = " ".join(f"WHEN {test} THEN {score}" for test, score in tests)
    where = " OR ".join(test for test, _ in tests)
    return f"({where})", f"CASE {cases} ELSE 0 END", parameters


def _kinds(word: str) -> list[str]:
    """Kinds of room named so, a typo forgiven: « gymnase », « auditoriums », « polivalente »."""
    pattern = re.compile(typos(word) or re.escape(word))
    found = []
    for kind in RoomKind:
        label = [part for part in read_words(kind.label) if part != "autre"]
        if any(part == word or pattern.fullmatch(part) for part in label):
            found.append(kind.value)
    return found


def typos(word: str) -> str | None:
    """A regular expression of that word with one typo; None for what is short or a number."""
    size = len(word)
    if size < FORGIVEN or word.isdigit():
        return None
    forms = [word[:i] + _LETTER + word[i:] for i in range(1, size + 1)]
    forms += [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(size - 1)]
    if size >= MORE_FORGIVEN:
        forms += [word[:i] + _LETTER + word[i + 1 :] for i in range(size)]
        forms += [word[:i] + word[i + 1 :] for i in range(size)]
    return "|".join(dict.fromkeys(forms))
