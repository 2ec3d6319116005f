"""The API of a running demonstration and its simulated checkout, seen from outside."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import requests

from tests.support.demo import Demo

PATIENCE = 20.0


class Api:
    """Calls as one person."""

    def __init__(self, demo: Demo, email: str) -> None:
        self.base = f"{demo.base}/api/v1"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {demo.token(email)}"

    def get(self, path: str, **query: str) -> Any:
        answer = self.http.get(f"{self.base}{path}", params=query, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self.http.post(f"{self.base}{path}", json=body, timeout=PATIENCE)

    def room_id(self, slug: str) -> str:
        found = [room for room in self.get("/rooms", q=slug)["items"] if room["slug"] == slug]
        identity: str = found[0]["id"]
        return identity

    def organisation_id(self) -> str:
        identity: str = self.get("/me")["organisations"][0]["id"]
        return identity

    def wanted(self, slug: str, start: datetime, end: datetime) -> dict[str, Any]:
        """The body of a booking."""
        return {
            "room_id": self.room_id(slug),
            "organisation_id": self.organisation_id(),
            "start": start.isoformat(timespec="minutes"),
            "end": end.isoformat(timespec="minutes"),
            "purpose": "Réunion",
            "headcount": 10,
            "on_conflict": "refuse",
        }

    def wait_state(self, booking_id: str, state: str) -> dict[str, Any]:
        """Ask until the booking is in that state."""
        deadline = time.monotonic() + PATIENCE
        while True:
            booking: dict[str, Any] = self.get(f"/bookings/{booking_id}")
            if booking["state"] == state:
                return booking
            assert time.monotonic() < deadline, booking
            time.sleep(0.2)


def pay(checkout_url: str, outcome: str = "paid") -> None:
    """What a person does on the simulated checkout page."""
    answer = requests.post(
        checkout_url, data={"outcome": outcome}, timeout=PATIENCE, allow_redirects=False
    )
    assert answer.status_code in {200, 302, 303}, answer.text
