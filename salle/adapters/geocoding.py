"""An address typed in French → positions: the national geocoding service (IGN, Géoplateforme).

What people type is sent as it is and kept nowhere. The service may be slow or absent: two seconds
at most are given to it, and after a failure it is left alone for half a minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import requests

from salle.adapters.network import is_loopback

logger = logging.getLogger(__name__)

MOST = 8
CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 1.0, 1.5, 2.0
REST_SECONDS = 30.0
LARGEST = 256 * 1024
LONGEST, SHORTEST = 200, 3  # letters that the service accepts


class GeocodingFailed(Exception):
    """The service did not answer, or not as it should."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """One answer; `score` from 0 to 1."""

    label: str
    lat: float
    lon: float
    score: float


class Geocoder(Protocol):
    """Finds the positions that a text may mean, the likeliest first. Never in a transaction."""

    def find(self, text: str, *, lat: float, lon: float) -> list[Located]:
        """lat and lon: what is near them is preferred. Raises GeocodingFailed."""


class Geoplateforme:
    """The real service: `GET {base}/search`, a GeoJSON FeatureCollection."""

    def __init__(self, base: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = f"{base.rstrip('/')}/search"
        self._local = is_loopback(base)
        self._clock = clock
        self._resting_until = 0.0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Geoplateforme | None:
        base = config.get("GEOCODING_URL")
        return cls(base) if base else None

    def find(self, text: str, *, lat: float, lon: float) -> list[Located]:
        text = text.strip()[:LONGEST]
        if len(text) < SHORTEST or not text[0].isalnum():
            return []
        if self._clock() < self._resting_until:
            raise GeocodingFailed("at rest")
        try:
            return read_answer(self._ask({"q": text, "limit": MOST, "lat": lat, "lon": lon}))
        except (requests.RequestException, GeocodingFailed) as error:
            self._resting_until = self._clock() + REST_SECONDS
            logger.warning("geocoding.failed", extra={"reason": type(error).__name__})
            raise GeocodingFailed(str(error)) from error

    def _ask(self, query: dict[str, Any]) -> bytes:
        deadline = self._clock() + WHOLE_SECONDS
        with requests.Session() as session:
            session.trust_env = not self._local
            answer = session.get(
                self._address,
                params=query,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            if answer.status_code != 200:
                raise GeocodingFailed(f"status {answer.status_code}")
            body = b""
            for piece in answer.iter_content(16 * 1024):
                body += piece
                if len(body) > LARGEST or self._clock() > deadline:
                    raise GeocodingFailed("too large or too slow")
            return body


def read_answer(body: bytes) -> list[Located]:
    """The features of a GeoJSON answer. Raises GeocodingFailed."""
    try:
        found = [
            Located(
                label=str(feature["properties"]["label"])[:120],
                lat=float(feature["geometry"]["coordinates"][1]),
                lon=float(feature["geometry"]["coordinates"][0]),
                score=float(feature["properties"]["score"]),
            )
            for feature in orjson.loads(body)["features"]
        ]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise GeocodingFailed("not the GeoJSON expected") from error
    if not all(abs(one.lat) <= 90 and abs(one.lon) <= 180 for one in found):
        raise GeocodingFailed("not on Earth")
    return sorted(found, key=lambda one: -one.score)[:MOST]


class FakeGeocoder:
    """The double of tests: answers known beforehand, or a service that is down."""

    def __init__(self, answers: Sequence[Located] = (), *, down: bool = False) -> None:
        self.answers, self.down = answers, down
        self.asked: list[str] = []

    def find(self, text: str, *, lat: float, lon: float) -> list[Located]:
        self.asked.append(text)
        if self.down:
            raise GeocodingFailed("down")
        wanted = text.lower().split()
        return [one for one in self.answers if all(w in one.label.lower() for w in wanted)]
