"""Positions: the box around a point, that the index on latitude and longitude can use."""

from __future__ import annotations

import math

KM_PER_DEGREE = 111.0  # a little less than the shortest degree of latitude: the box is never small


def box_around(lat: float, lon: float, km: float) -> dict[str, float]:
    """Bounds of latitude and longitude that hold every point within that distance."""
    half = km / KM_PER_DEGREE
    widest = min(abs(lat) + half, 89.0)
    across = min(half / math.cos(math.radians(widest)), 360.0)
    return {"south": lat - half, "north": lat + half, "west": lon - across, "east": lon + across}
