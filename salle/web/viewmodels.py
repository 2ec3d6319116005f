"""What the larger components draw: plain values, already in the words a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from salle.web.week import SlotState, Week

BAR_WIDTH = 1100.0
BAR_GAP = 3.0


@dataclass(frozen=True, kw_only=True)
class RoomCard:
    """A room in a list of results (component `card`)."""

    name: str
    href: str
    place: str  # « Collège des Tilleuls, Rennes »
    state: SlotState  # pattern of the edge and of the tag
    tag: str  # « libre », « complet mardi »
    price: str  # « 25,00 € », « Gratuit »
    price_note: str = ""  # « pour 2 h »
    distance: str = ""  # « à 0,8 km de la mairie de Rennes »
    note: str = ""  # when, or why not and what would work
    chips: Sequence[tuple[str, str]] = ()  # (icon, words)
    action: str = "Réserver ce créneau"
    action_href: str | None = None
    main: bool = False  # the one filled button of the page
    available: bool = True
    rank: int | None = None
    week: Week | None = None


@dataclass(frozen=True, kw_only=True)
class SlotChoice:
    """A free slot in a list (component `slot_list`)."""

    day: str  # « Mardi 12 janvier »
    hours: str  # « 18 h – 20 h »
    price: str  # « 2 h, 25,00 € »
    href: str | None = None
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number and where it comes from; value None = « non communiqué »."""

    label: str
    value: str | None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class TonightRoom:
    """A window of the façade on the home page; not lit = full or closed tonight."""

    name: str
    place: str  # « Rennes, 0,8 km »
    hours: str  # « 18 h – 22 h », « Complet »
    price: str  # « 25,00 € pour 2 h », « jusqu’à samedi, 17 h »
    href: str | None = None
    lit: bool = True


@dataclass(frozen=True, kw_only=True)
class BarPart:
    """A share placed along the bar (component `bars`); tone: 1, 2, 2b or none."""

    label: str
    tone: str
    x: float
    width: float


def bar_parts(shares: Sequence[tuple[str, str, int]]) -> list[BarPart]:
    """(label, tone, amount) → the bar, in proportion; empty amounts are left out."""
    kept = [share for share in shares if share[2] > 0]
    total = sum(amount for _, _, amount in kept)
    room = BAR_WIDTH - BAR_GAP * max(len(kept) - 1, 0)
    parts: list[BarPart] = []
    x = 0.0
    for label, tone, amount in kept:
        width = room * amount / total
        parts.append(BarPart(label=label, tone=tone, x=round(x, 2), width=round(width, 2)))
        x += width + BAR_GAP
    return parts
