"""`salle demo` as a process: starts, says so, stops without leaving anything, starts again."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest
import requests

from tests.support.demo import Demo

# They start servers and measure time: one after the other, in one process of the test run.
pytestmark = pytest.mark.xdist_group("demo")


def child(demo: Demo, words: str) -> int:
    """The oldest process of the demonstration whose command has these words."""
    return min(pid for pid, command in demo.processes().items() if words in command)


def wait_for(demo: Demo, words: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while words not in demo.said():
        assert time.monotonic() < deadline, demo.said()
        time.sleep(0.05)


def test_it_starts_stops_and_starts_again_quickly(demo: Demo) -> None:
    demo.start()
    wait_for(demo, "Ctrl-C arrête tout")
    said = demo.said()
    assert f"Ouvrez {demo.base}" in said
    assert "association@demo.example" in said
    for path in ("/salles", "/demo/messages", "/fonds", "/composants"):
        assert f"{demo.base}{path}" in said
    token = demo.token("association@demo.example")
    assert token
    assert len(token.split()) == 1

    assert demo.stop(signal.SIGINT) == 0
    assert demo.wait_gone(seconds=15) == {}
    assert "rien n’est perdu" in demo.said()

    demo.start()
    answer = requests.get(
        f"{demo.base}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 200
    assert answer.json()["email"] == "association@demo.example"
    assert demo.stop(signal.SIGTERM) == 0
    assert demo.wait_gone(seconds=15) == {}


def test_killed_it_leaves_nothing_for_long_and_starts_again(demo: Demo) -> None:
    demo.start()
    demo.kill(group=False)
    assert demo.wait_gone(seconds=40) == {}
    demo.start()
    demo.kill(group=True)
    demo.start()  # at once: what the killed one has left is on its way out
    assert demo.stop() == 0
    assert demo.wait_gone(seconds=15) == {}


def test_a_child_that_dies_is_started_again_until_it_dies_too_often(demo: Demo) -> None:
    demo.start()
    first = child(demo, "gunicorn")
    os.kill(first, signal.SIGKILL)
    wait_for(demo, "service web : arrêt inattendu, redémarrage")
    deadline = time.monotonic() + 60
    while not demo.is_ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert child(demo, "gunicorn") != first

    process = demo.process
    assert process is not None
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        for pid, command in demo.processes().items():
            if "salle.demo.simulators" in command:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    assert process.wait(timeout=10) == 1
    assert "simulateurs (identité, paiement) s’arrête sans cesse" in demo.said()
    assert demo.wait_gone(seconds=15) == {}


def test_a_port_in_use_gives_one_line_with_the_remedy(demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", demo.port))
        taken.listen()
        process = demo.launch()
        assert process.wait(timeout=20) == 1
    lines = demo.said().strip().splitlines()
    assert len(lines) == 1
    assert f"Le port {demo.port} est déjà utilisé" in lines[0]
    assert "PORT=" in lines[0]
    assert "make demo" in lines[0]
    assert demo.wait_gone(seconds=15) == {}


def test_a_second_one_on_the_same_folder_is_refused(demo: Demo) -> None:
    demo.start()
    other = Demo(demo.data_dir)
    other.output = demo.output.with_suffix(".second")
    assert other.launch().wait(timeout=20) == 1
    other.process = None
    assert "Une démonstration tourne déjà" in other.said()
    assert demo.is_ready()
    assert demo.stop() == 0
