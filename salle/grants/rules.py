"""Words of the fund's file and what each value may look like. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from salle.kernel.enums import LabelledEnum

EUR = "EUR"


class RecordKind(LabelledEnum):
    """What a record speaks of (values of the published file)."""

    ENVELOPE = "enveloppe", "enveloppe"
    AXIS = "axe", "axe"
    SCHEME = "dispositif", "dispositif"
    WAVE = "vague", "vague"
    FIGURE = "chiffre", "chiffre"
    CHECK = "controle", "contrôle"
    PROJECT = "projet", "projet"
    MILESTONE = "jalon", "jalon"
    PROGRAMME = "programme", "programme"


class Precision(LabelledEnum):
    """How exactly a figure is known (values of the published file)."""

    EXACT = "exact", "exact"
    ROUNDED_M = "arrondi_M", "arrondi au million"
    ROUNDED_TENTH_M = "arrondi_0,1M", "arrondi au dixième de million"
    MORE_THAN = "plus_de", "plus de"
    FORECAST = "prevision", "prévision"
    NOT_DISCLOSED = "non_communique", "non communiqué"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the fund's file; `value` is the text as published, None = unknown."""

    code: str
    kind: RecordKind
    parent: str | None
    operator: str
    label: str
    key: str
    value: str | None
    unit: str
    precision: Precision
    as_of: str = ""
    note: str = ""

    @property
    def cents(self) -> int | None:
        """The amount in cents; None when unknown or not an amount."""
        if self.unit != EUR or self.value is None:
            return None
        return int(Decimal(self.value.replace(",", ".")) * 100)

    @property
    def count(self) -> int | None:
        """The number counted; None when unknown or not a count."""
        return int(self.value) if self.value is not None and self.value.isdigit() else None

    @property
    def fraction(self) -> Fraction | None:
        """The fraction as published; None when it is not one."""
        return Fraction(self.value) if self.unit == "fraction" and self.value else None


# Unit → (what its values look like, how to say it). Any other unit counts things.
SHAPES: dict[str, tuple[str, str]] = {
    EUR: (r"\d{1,13}([.,]\d{1,2})?", "un montant en euros, comme 281000 ou 12,50"),
    "fraction": (r"\d{1,6}/[1-9]\d{0,5}", "une fraction, comme 2/3"),
    "mois": (r"\d{4}-(0[1-9]|1[0-2])", "un mois, comme 2021-01"),
    "saison": (r"(printemps|été|automne|hiver) \d{4}", "une saison, comme printemps 2023"),
    "années": (r"\d{4}/\d{4}", "deux années, comme 2021/2024"),
}
COUNT_SHAPE = (r"[0-9]{1,12}", "un nombre entier")
AS_OF = re.compile(r"(\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?", re.ASCII)
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}", re.ASCII)
SLUG = re.compile(r"[a-z0-9-]{1,80}", re.ASCII)
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def value_problem(value: str | None, unit: str, precision: Precision) -> str | None:
    """Why a value cannot be kept, in French; None when it can."""
    if value is None:
        known = precision == Precision.NOT_DISCLOSED
        return None if known else "valeur absente : la précision doit être « non_communique »"
    if precision == Precision.NOT_DISCLOSED:
        return "une valeur « non_communique » doit rester vide, jamais 0"
    shape, words = SHAPES.get(unit, COUNT_SHAPE)
    if not re.fullmatch(shape, value, re.ASCII):
        return f"valeur « {value[:40]} » : l’unité « {unit} » attend {words}"
    if unit != EUR and precision in {Precision.ROUNDED_M, Precision.ROUNDED_TENTH_M}:
        return f"précision « {precision.value} » : réservée aux montants en euros"
    if unit == "fraction" and Fraction(value) > 1:
        return f"valeur « {value} » : une part ne dépasse pas 1"
    if unit == "années" and value[:4] > value[5:]:
        return f"valeur « {value} » : la première année suit la seconde"
    return None
