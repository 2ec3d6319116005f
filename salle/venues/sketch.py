"""A schematic plan of results around a point: directions and distances, no street."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from salle.venues.search import Found
from salle.web.week import SlotState

SIZE = 320
HALF = SIZE / 2
REACH = 128  # from the centre to the farthest result
KM_PER_DEGREE = 111.2
RINGS = (0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The rooms of one site: the first rank among them, and how many more."""

    x: float
    y: float
    label: str
    state: SlotState


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """What templates/rooms/_sketch.html draws; rings: (radius, kilometres)."""

    pins: tuple[Pin, ...]
    rings: tuple[tuple[float, float], ...]


def draw(found: Iterable[tuple[int, Found, SlotState]], *, lat: float, lon: float) -> Sketch | None:
    """The plan of these (rank, room, state); None when there is nothing to place."""
    sites: dict[tuple[float, float], list[tuple[int, Found, SlotState]]] = {}
    for one in found:
        sites.setdefault((one[1].lat, one[1].lon), []).append(one)
    if not sites:
        return None
    across = KM_PER_DEGREE * math.cos(math.radians(lat))
    places = {key: ((key[1] - lon) * across, (lat - key[0]) * KM_PER_DEGREE) for key in sites}
    farthest = max(0.5, *(math.hypot(x, y) for x, y in places.values()))
    scale = REACH / farthest
    pins = [
        Pin(
            x=round(HALF + places[key][0] * scale, 1),
            y=round(HALF + places[key][1] * scale, 1),
            label=f"{rooms[0][0]}" if len(rooms) == 1 else f"{rooms[0][0]}+{len(rooms) - 1}",
            state=rooms[0][2],
        )
        for key, rooms in sites.items()
    ]
    rings = [(round(km * scale, 1), km) for km in RINGS if 0.2 <= km / farthest <= 1.15]
    return Sketch(pins=tuple(reversed(pins)), rings=tuple(rings))
