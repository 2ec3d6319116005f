"""French identifiers and calendar words: UAI, RNA, SIREN, SIRET, school year."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from stdnum.fr import siret as stdnum_siret

UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_UAI = re.compile(r"^(\d{7})([A-Z])$")
_RNA = re.compile(r"^W\d[A-Z\d]\d{7}$")


def compact(text: str) -> str:
    """Without any white space, dot or hyphen, upper case."""
    return re.sub(r"[\s.\-\u00a0\u202f]", "", text).upper()


def is_uai(text: str) -> bool:
    """7 digits then the letter of the number modulo 23 (alphabet without I, O, Q)."""
    match = _UAI.match(text)
    return bool(match) and UAI_LETTERS[int(match[1]) % 23] == match[2] if match else False


def is_rna(text: str) -> bool:
    """W + digit + letter or digit (Corsica and overseas prefectures) + 7 digits."""
    return bool(_RNA.match(text))


def is_siret(text: str) -> bool:
    """14 digits with the Luhn key, La Poste's exception included."""
    return bool(stdnum_siret.is_valid(text))


def school_year(day: date) -> str:
    """« 2026-2027 » for any day from 1 September 2026 to 31 August 2027."""
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}-{first + 1}"


def school_year_bounds(label: str) -> tuple[date, date]:
    """First and last civil day of a school year written « 2026-2027 »."""
    first = int(label[:4])
    return date(first, 9, 1), date(first + 1, 8, 31)


def fold(text: str) -> str:
    """Lower case without accents or ligatures, for comparing words."""
    text = text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("Æ", "ae")
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def slugify(text: str) -> str:
    """« Gymnase des Tilleuls » → « gymnase-des-tilleuls »."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
