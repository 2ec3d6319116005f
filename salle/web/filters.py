"""Jinja filters: the French words of salle/kernel/words.py, money, labels."""

from __future__ import annotations

from enum import Enum

from flask import Flask
from jinja2 import StrictUndefined

from salle.kernel.money import format_euros
from salle.kernel.words import (
    date_fr,
    date_iso,
    date_short,
    distance_km,
    duree,
    heure_fr,
    heures,
    nombre,
    periode,
    pluriel,
    weekday,
)


def euros(cents: int) -> str:
    """1250 → « 12,50 € »."""
    return format_euros(cents)


def label(member: Enum) -> str:
    """The French label of a LabelledEnum member."""
    text = getattr(member, "label", None)
    if not isinstance(text, str):
        raise TypeError(f"{member!r} has no label")
    return text


def lit_level(percent: float | None) -> int:
    """How bright a pane of the heat map is, 0 (dark or unknown) to 6."""
    if not percent or percent < 1:
        return 0
    return next((level for level, top in enumerate((6, 10, 15, 20, 25), 1) if percent < top), 6)


def init_filters(app: Flask) -> None:
    """Make them known to templates under their own names; an unknown name is an error."""
    app.jinja_env.undefined = StrictUndefined
    for function in (
        euros, date_fr, date_short, date_iso, weekday, heure_fr, heures, periode,
        duree, nombre, pluriel, distance_km, label, lit_level,
    ):  # fmt: skip
        app.add_template_filter(function)
