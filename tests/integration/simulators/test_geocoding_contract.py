"""The service of addresses: the real client and its double answer alike; the client fails well.

The recorded answer is made by hand, in the shape that the national service documents.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from config import ROOT
from salle.adapters.geocoding import (
    FakeGeocoder,
    Geocoder,
    GeocodingFailed,
    Geoplateforme,
    read_answer,
)
from tests.support.simulators import Simulators

RECORDED = (ROOT / "tests/data/geocodage.json").read_bytes()
RENNES = {"lat": 48.1, "lon": -1.7}


class Recorded:
    """A local service that gives the same answer to all, as slowly and as badly as told."""

    def __init__(self) -> None:
        self.body, self.status, self.wait = RECORDED, 200, 0.0
        self.asked: list[dict[str, list[str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                outer.asked.append({"path": [parts.path], **parse_qs(parts.query)})
                time.sleep(outer.wait)
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}/geocodage"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    recorded.server.shutdown()
    recorded.server.server_close()


@pytest.fixture(params=["real", "double"])
def geocoder(request: pytest.FixtureRequest, service: Recorded) -> Geocoder:
    if request.param == "real":
        return Geoplateforme(service.base)
    return FakeGeocoder(read_answer(RECORDED))


def test_answers_have_a_label_a_position_and_a_score(geocoder: Geocoder) -> None:
    found = geocoder.find("rue de la gare", **RENNES)
    assert [(one.label, one.lat, one.lon, one.score) for one in found] == [
        ("8 Rue de la Gare 96170 Port-Lande", 48.0555, -1.7391, 0.9712),
        ("Rue de la Gare 96160 Ker-Avel", 48.1202, -1.9466, 0.7411),
    ]


def test_the_question_is_the_documented_one(service: Recorded) -> None:
    Geoplateforme(service.base + "/").find(" 8 rue de la Gare & Cie ", **RENNES)
    assert service.asked == [
        {
            "path": ["/geocodage/search"],
            "q": ["8 rue de la Gare & Cie"],
            "limit": ["8"],
            "lat": ["48.1"],
            "lon": ["-1.7"],
        }
    ]


@pytest.mark.parametrize("text", ["", "ab", "  x ", "!?;"])
def test_what_the_service_would_refuse_is_not_asked(service: Recorded, text: str) -> None:
    assert Geoplateforme(service.base).find(text, **RENNES) == []
    assert service.asked == []


@pytest.mark.parametrize("status", [301, 400, 429, 500, 503])
def test_a_refusal_is_a_failure(service: Recorded, status: int) -> None:
    service.status = status
    with pytest.raises(GeocodingFailed):
        Geoplateforme(service.base).find("rennes", **RENNES)
    assert len(service.asked) == 1  # no redirection is followed, nothing is tried again


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"features": [{}]}',
        b'{"features": [{"geometry": {"coordinates": [1]}, "properties": {}}]}',
        (
            b'{"features": [{"geometry": {"coordinates": [1, 95]},'
            b' "properties": {"label": "x", "score": 1}}]}'
        ),
        b" " * (300 * 1024),
    ],
)
def test_another_shape_is_a_failure(service: Recorded, body: bytes) -> None:
    service.body = body
    with pytest.raises(GeocodingFailed):
        Geoplateforme(service.base).find("rennes", **RENNES)


def test_a_slow_service_is_given_up_then_left_alone_for_a_while(service: Recorded) -> None:
    now = 0.0
    slow = Geoplateforme(service.base, clock=lambda: now)
    service.wait = 3.0
    began = time.monotonic()
    with pytest.raises(GeocodingFailed):
        slow.find("rennes", **RENNES)
    assert time.monotonic() - began < 2.5
    service.wait = 0.0
    with pytest.raises(GeocodingFailed):
        slow.find("rennes", **RENNES)
    assert len(service.asked) == 1
    now = 31.0
    assert len(slow.find("rennes", **RENNES)) == 2


def test_nothing_listening_is_a_failure() -> None:
    with pytest.raises(GeocodingFailed):
        Geoplateforme("http://127.0.0.1:9/geocodage").find("rennes", **RENNES)


def test_the_simulator_answers_in_the_same_shape(simulators: Simulators) -> None:
    base = simulators.stripe_base.removesuffix("/stripe") + "/geocodage"
    [found] = Geoplateforme(base).find("12 allée des tilleuls, Brécillien", **RENNES)
    assert found.label == "12 Allée des Tilleuls 96100 Brécillien"
    assert Geoplateforme(base).find("Atlantide", **RENNES) == []
