"""How a record of the fund is written: with the exactness of its source, never more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from salle.grants.rules import EUR, Precision, Record
from salle.kernel.words import MONTHS
from salle.usage.figures import (
    CENTS,
    UNKNOWN,
    Exactness,
    Figure,
    amount_text,
    join_words,
    number_text,
)

EXACTNESS = {
    Precision.EXACT: Exactness.EXACT,
    Precision.ROUNDED_M: Exactness.TO_THE_MILLION,
    Precision.ROUNDED_TENTH_M: Exactness.TO_THE_TENTH_MILLION,
    Precision.MORE_THAN: Exactness.MORE_THAN,
    Precision.FORECAST: Exactness.FORECAST,
    Precision.NOT_DISCLOSED: Exactness.NOT_DISCLOSED,
}
KEYS = {
    "montant": "amount",
    "services_nationaux": "national_services",
    "startups_etat": "state_startups",
    "ouverture": "opening",
    "candidats": "applicants",
    "soutenus": "funded",
    "en_production": "in_production",
    "laureats": "laureates",
    "laureats_fc": "laureates_franceconnect",
    "laureats_api": "laureates_api",
    "collectivites": "local_authorities",
    "prevu": "planned",
    "periode": "period",
}
# After a number, in the summary lines; any other key uses the record's unit.
SHORT = {
    "services_nationaux": "à l’échelle nationale",
    "startups_etat": "start-ups d’État",
    "laureats_fc": "FranceConnect",
    "laureats_api": "API",
}
FRACTIONS = {
    Fraction(1, 2): "la moitié",
    Fraction(1, 3): "un tiers",
    Fraction(2, 3): "deux tiers",
    Fraction(1, 4): "un quart",
    Fraction(3, 4): "trois quarts",
}


def figure_key(record: Record) -> str:
    """`r02_amount_cents`, `r12_applicants`: stable as long as the record's code is."""
    key = f"{record.code.lower()}_{KEYS.get(record.key, record.key)}"
    return f"{key}_cents" if record.unit == EUR else key


def value_text(record: Record) -> str:
    """« 23,5 M€ », « plus de 3 200 », « deux tiers », « janvier 2021 », « non communiqué »."""
    if record.value is None:
        return UNKNOWN
    text = _plain_text(record, record.value)
    return f"plus de {text}" if record.precision == Precision.MORE_THAN else text


def _plain_text(record: Record, value: str) -> str:
    if record.cents is not None:
        return amount_text(record.cents, EXACTNESS[record.precision])
    if record.count is not None:
        return number_text(record.count)
    if record.fraction is not None:
        return FRACTIONS.get(record.fraction, value.replace("/", " sur "))
    if record.unit == "mois":
        return month_text(value)
    return value.replace("/", "–") if record.unit == "années" else value


def month_text(value: str) -> str:
    """« 2021-01 » → « janvier 2021 »."""
    return f"{MONTHS[int(value[5:]) - 1]} {value[:4]}"


def months_text(values: Sequence[str]) -> str:
    """« janvier et novembre 2021 », the year said once when it is the same."""
    ordered = sorted(values)
    if len({value[:4] for value in ordered}) == 1:
        names = [MONTHS[int(value[5:]) - 1] for value in ordered]
        return f"{join_words(names)} {ordered[0][:4]}"
    return join_words([month_text(value) for value in ordered])


def plural(count: int, word: str) -> str:
    """« 1 projet », « 131 projets »."""
    return f"{number_text(count)} {word}{'s' if abs(count) > 1 else ''}"


def counted(record: Record) -> str:
    """« 476 contributions », « 4 à l’échelle nationale », for the summary lines."""
    if record.count is None or record.precision == Precision.MORE_THAN:
        return f"{value_text(record)} {record.unit}{'s' if record.value else ''}"
    short = SHORT.get(record.key)
    return f"{number_text(record.count)} {short}" if short else plural(record.count, record.unit)


def capital(text: str) -> str:
    """First letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """First letter in lower case, unless the word is an acronym."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def declared(record: Record, label: str | None = None) -> Figure:
    """The figure of one record, as published."""
    value: int | str | None = record.value
    if record.cents is not None:
        value = record.cents
    elif record.count is not None:
        value = record.count
    words = "Aucune valeur publiée" if record.value is None else "Chiffre publié"
    if record.value is not None and record.precision != Precision.EXACT:
        words += f", {EXACTNESS[record.precision].label}"
    note = f" ; {record.note}" if record.note else ""
    return Figure(
        key=figure_key(record),
        label=label or record.label,
        value=value,
        unit=CENTS if record.unit == EUR else record.unit,
        display=value_text(record),
        definition=f"{words}{note}.",
        record_count=1,
        records=(record.code,),
        exactness=EXACTNESS[record.precision],
    )
