"""Where the home page finds the rooms still free tonight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from flask import Flask, current_app

from salle.web.viewmodels import TonightRoom

TonightSource = Callable[[], Sequence[TonightRoom]]
KEY = "salle.tonight"
MOST = 4


def init_tonight(app: Flask, source: TonightSource) -> None:
    """Give the home page its source; called once, where the application is put together."""
    app.extensions[KEY] = source


def list_tonight() -> list[TonightRoom]:
    """The rooms of tonight's façade, lit ones first; none when no source was given."""
    source = cast(TonightSource | None, current_app.extensions.get(KEY))
    rooms = sorted(source() if source else (), key=lambda room: not room.lit)
    return rooms[:MOST]


def tonight_title(rooms: Sequence[TonightRoom]) -> str:
    """« Ce soir, 3 salles sont restées allumées »."""
    lit = sum(room.lit for room in rooms)
    if not lit:
        return "Ce soir, tout est éteint ou occupé"
    if lit == 1:
        return "Ce soir, une salle est restée allumée"
    return f"Ce soir, {('deux', 'trois', 'quatre')[lit - 2]} salles sont restées allumées"
