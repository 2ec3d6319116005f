"""One typo in a long enough word is forgiven, whichever it is and wherever it stands."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from salle.venues.words import typos

WORD = st.text(alphabet=string.ascii_lowercase, min_size=6, max_size=14)
LETTER = st.sampled_from(string.ascii_lowercase)


def found(typed: str, names: str) -> bool:
    """As the statement of words.py looks for it."""
    pattern = typos(typed)
    return typed in names or bool(pattern and re.search(f" ({pattern}) ", names))


@given(word=WORD, letter=LETTER, data=st.data())
def test_any_single_typo_is_forgiven(word: str, letter: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    kind = data.draw(st.sampled_from(["missing", "added", "wrong", "exchanged"]))
    typed = {
        "missing": word[:at] + word[at + 1 :],
        "added": word[:at] + letter + word[at:],
        "wrong": word[:at] + letter + word[at + 1 :],
        "exchanged": word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }[kind]
    assert found(typed, f" salle {word} rennes "), (kind, typed)


@given(word=WORD)
def test_an_unlike_word_is_not_found(word: str) -> None:
    assert not found("9" + word[::-1] + "99", f" {word} ")


def test_short_words_and_numbers_are_taken_as_they_are() -> None:
    assert [typos(word) for word in ("ju", "dan", "35000", "")] == [None] * 4
