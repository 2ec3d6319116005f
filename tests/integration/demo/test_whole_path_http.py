"""The whole path through the API: with a SIGKILL in its middle, and fifty clients at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from salle.kernel.clock import to_wall, utcnow
from tests.support.demo import Demo
from tests.support.http import Api, pay

pytestmark = pytest.mark.xdist_group("demo")

QUARTER = timedelta(minutes=15)
CLIENTS = 50


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo")
    try:
        demo.start()
        yield demo
    finally:
        demo.close()


def next_quarter() -> datetime:
    soon = to_wall(utcnow()) + timedelta(minutes=3)
    return soon + (QUARTER - (soon - soon.replace(minute=0, second=0, microsecond=0)) % QUARTER)


def try_code(demo: Demo, door_id: str, code: str) -> dict[str, object]:
    answer = requests.post(
        f"{demo.base}/demo/portes/{door_id}",
        data={"code": code},
        headers={"Accept": "application/json"},
        timeout=10,
    )
    answer.raise_for_status()
    body: dict[str, object] = answer.json()
    return body


def test_killed_between_booking_and_payment_nothing_is_lost(running: Demo) -> None:
    member, manager = Api(running, "association@demo.example"), Api(running, "college@demo.example")
    start = next_quarter()
    created = member.post("/bookings", member.wanted("salle-essai", start, start + 4 * QUARTER))
    assert created.status_code == 201, created.text
    held = created.json()
    assert held["state"] == "held"
    assert held["price_cents"] == 500

    running.kill()
    running.start()

    assert member.get(f"/bookings/{held['id']}")["state"] == "held"
    again = member.post("/bookings", member.wanted("salle-essai", start, start + 4 * QUARTER))
    assert again.status_code == 409
    assert again.json()["code"] == "slot_taken"

    pay(held["payment"]["checkout_url"])
    running.kill()  # once more: the payment is made, its event may not have come yet
    running.start()
    confirmed = member.wait_state(held["id"], "confirmed")
    assert confirmed["payment"]["state"] == "paid"
    assert manager.get(f"/bookings/{held['id']}")["state"] == "confirmed"

    grants = member.get(f"/bookings/{held['id']}/access")["grants"]
    code, door = grants[0]["code"], grants[0]["door_id"]
    assert try_code(running, door, str(int(code) ^ 1)) == {
        "opened": False,
        "reason": "unknown_code",
    }
    assert try_code(running, door, code) == {"opened": True, "reason": "ok"}
    deadline = time.monotonic() + 20
    while not any(code in message["text"] for message in messages(running)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    confirmations = [m for m in messages(running) if code in m["text"]]
    assert len(confirmations) == 1


def messages(demo: Demo) -> list[dict[str, str]]:
    answer = requests.get(f"{demo.base}/demo/messages.json", timeout=10)
    answer.raise_for_status()
    found: list[dict[str, str]] = answer.json()["items"]
    return found


def test_fifty_clients_want_one_slot(running: Demo) -> None:
    people = [Api(running, f"{who}@demo.example") for who in ("association", "autre-association")]
    start = next_quarter() + timedelta(days=3)
    bodies = [person.wanted("salle-essai", start, start + 4 * QUARTER) for person in people]
    address, together = f"{people[0].base}/bookings", threading.Barrier(CLIENTS)
    answers: list[tuple[int, str, float]] = []

    def want(number: int) -> None:
        person, body = people[number % 2], bodies[number % 2]
        headers = {"Authorization": str(person.http.headers["Authorization"])}
        together.wait(timeout=30)
        began = time.monotonic()
        answer = requests.post(address, json=body, headers=headers, timeout=30)
        code = answer.json().get("code", "")
        answers.append((answer.status_code, code, time.monotonic() - began))

    threads = [threading.Thread(target=want, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert Counter(status for status, _, _ in answers) == {201: 1, 409: CLIENTS - 1}
    assert {code for status, code, _ in answers if status == 409} == {"slot_taken"}
    assert max(waited for _, _, waited in answers) < 8
